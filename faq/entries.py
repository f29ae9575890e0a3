"""One row of a file as an entry, or what keeps it from being one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from faq import cells
from faq.matcher import Entry
from faq.normalize import normalize
from faq.rows import Row
from faq.tokens import language_of
from faq.trouble import Trouble
from storage.rules import Attachment, Rules

# The forms of the desk have the same limits, so that what a file brings can be saved there again.
KEY_CHARS = 120
QUESTION_CHARS = 500
ANSWER_CHARS = 10_000
MOST_SIMILAR = 500
CATEGORY_CHARS = 120
KINDS = ("product", "price", "service", "technical", "individual", "other")

_FIELDS = frozenset(
    {"id", "question", "similar_questions", "answer", "answers", "kind", "category", "files"}
)
_LANGUAGE = re.compile(r"(?!-)[a-z0-9-]{1,10}(?:@[a-z0-9_]{1,30})?")
_FILE = re.compile(
    r"(?P<id>[A-Za-z0-9_-]{16,64})"
    r"(?: (?P<language>[a-z0-9-]{0,10})(?:@(?P<channel>[a-z0-9_]{1,30}))?)?"
)
_KIND_WORDS = {
    "产品": "product",
    "商品": "product",
    "价格": "price",
    "服务": "service",
    "技术": "technical",
    "个人": "individual",
    "个性化": "individual",
    "其他": "other",
    "其它": "other",
}


class BadRow(Trouble):
    """One row is no entry."""


def entry_of(row: object) -> Entry:
    """Return the entry a row describes.

    Raises:
        BadRow: it does not; the message says what is wrong.
    """
    if not isinstance(row, Mapping):
        raise BadRow("is not an object with fields")
    unknown = [
        str(name) for name in row if name not in _FIELDS and not str(name).startswith("answers.")
    ]
    if unknown:
        known = ", ".join(sorted(_FIELDS))
        raise BadRow("unknown field %(title)r; known are %(known)s", title=unknown[0], known=known)
    question = _short(row.get("question"), "question", QUESTION_CHARS)
    if not normalize(question):
        raise BadRow("the question is empty")
    key = _short(row.get("id"), "id", KEY_CHARS) or _key(question)
    kind = _short(row.get("kind"), "kind", KEY_CHARS).lower() or "other"
    kind = _KIND_WORDS.get(kind, kind)
    if kind not in KINDS:
        raise BadRow("kind %(kind)r is not one of %(known)s", kind=kind, known=", ".join(KINDS))
    category = _short(row.get("category"), "category", CATEGORY_CHARS)
    similar = _list(row.get("similar_questions"), "similar_questions")
    rules = Rules(files=tuple(map(_file, _list(row.get("files"), "files"))))
    return Entry(key, question, similar, _answers(row), kind, category, rules=rules)


def _key(question: str) -> str:
    digest = hashlib.sha1(normalize(question).encode(), usedforsecurity=False)
    return f"q-{digest.hexdigest()[:10]}"


def _short(value: object, name: str, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise BadRow("%(name)s must be text", name=name)
    text = str(value).strip()
    if len(text) > limit:
        raise BadRow("%(name)s is longer than %(most)s characters", name=name, most=limit)
    return text


def _list(value: object, name: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = cells.split(value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadRow("%(name)s must be a list", name=name)
    texts = [_short(text, f"one of {name}", QUESTION_CHARS) for text in value]
    kept = tuple(dict.fromkeys(text for text in texts if text))
    if len(kept) > MOST_SIMILAR:
        raise BadRow("more than %(most)s in %(name)s", most=MOST_SIMILAR, name=name)
    return kept


def _file(text: str) -> Attachment:
    """Return a file as it is referred to: its id, and with which answer it goes."""
    found = _FILE.fullmatch(text)
    if found is None:
        raise BadRow("%(file)r names no file of ours", file=text[:80])
    return Attachment(found["id"], "", "", 0, found["language"] or "", found["channel"] or "")


def _answers(row: Row) -> dict[str, str]:
    answers: dict[str, str] = {}
    for value in (row.get("answer"), row.get("answers")):
        if isinstance(value, Mapping):
            answers |= {_language(key): _answer(text) for key, text in value.items()}
        elif value is not None:
            text = _answer(value)
            answers.setdefault(language_of(text), text)
    for name, value in row.items():
        if str(name).startswith("answers."):
            answers[_language(str(name).removeprefix("answers."))] = _answer(value)
    return {language: text for language, text in answers.items() if text}


def _answer(value: object) -> str:
    return _short(value, "the answer", ANSWER_CHARS)


def _language(code: object) -> str:
    """Return a language code, or a language and the channel that gets other words."""
    plain = str(code).strip().lower()
    if not _LANGUAGE.fullmatch(plain):
        raise BadRow("%(code)r is not a language code such as zh or en", code=str(code)[:20])
    return plain
