"""One row of a file as an entry, or what keeps it from being one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from faq import rule_fields
from faq.matcher import Entry
from faq.normalize import normalize
from faq.rows import Row
from faq.rule_fields import KEY_CHARS, QUESTION_CHARS, BadRow, text, texts
from faq.tokens import language_of
from storage.rules import Attachment

__all__ = ["KEY_CHARS", "QUESTION_CHARS", "BadRow", "entry_of"]

# The forms of the desk have the same limits, so that what a file brings can be saved there again.
ANSWER_CHARS = 10_000
MOST_SIMILAR = 500
CATEGORY_CHARS = 120
KINDS = ("product", "price", "service", "technical", "individual", "other")

_FIELDS = frozenset(
    {"id", "question", "similar_questions", "answer", "answers", "kind", "category", "files"}
).union(rule_fields.NAMES)
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
    question = text(row.get("question"), "question", QUESTION_CHARS)
    if not normalize(question):
        raise BadRow("the question is empty")
    key = text(row.get("id"), "id", KEY_CHARS) or _key(question)
    kind = text(row.get("kind"), "kind", KEY_CHARS).lower() or "other"
    kind = _KIND_WORDS.get(kind, kind)
    if kind not in KINDS:
        raise BadRow("kind %(kind)r is not one of %(known)s", kind=kind, known=", ".join(KINDS))
    category = text(row.get("category"), "category", CATEGORY_CHARS)
    many = MOST_SIMILAR, QUESTION_CHARS
    similar = texts(row.get("similar_questions"), "similar_questions", many)
    files = tuple(map(_file, texts(row.get("files"), "files", many)))
    rules = replace(rule_fields.rules_in(row), files=files)
    return Entry(key, question, similar, _answers(row), kind, category, rules=rules)


def _key(question: str) -> str:
    digest = hashlib.sha1(normalize(question).encode(), usedforsecurity=False)
    return f"q-{digest.hexdigest()[:10]}"


def _file(named: str) -> Attachment:
    """Return a file as it is referred to: its id, and with which answer it goes."""
    found = _FILE.fullmatch(named)
    if found is None:
        raise BadRow("%(file)r names no file of ours", file=named[:80])
    return Attachment(found["id"], "", "", 0, found["language"] or "", found["channel"] or "")


def _answers(row: Row) -> dict[str, str]:
    answers: dict[str, str] = {}
    for value in (row.get("answer"), row.get("answers")):
        if isinstance(value, Mapping):
            answers |= {_language(key): _answer(said) for key, said in value.items()}
        elif value is not None:
            words = _answer(value)
            answers.setdefault(language_of(words), words)
    for name, value in row.items():
        if str(name).startswith("answers."):
            answers[_language(str(name).removeprefix("answers."))] = _answer(value)
    return {language: words for language, words in answers.items() if words}


def _answer(value: object) -> str:
    return text(value, "the answer", ANSWER_CHARS)


def _language(code: object) -> str:
    """Return a language code, or a language and the channel that gets other words."""
    plain = str(code).strip().lower()
    if not _LANGUAGE.fullmatch(plain):
        raise BadRow("%(code)r is not a language code such as zh or en", code=str(code)[:20])
    return plain
