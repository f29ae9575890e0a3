"""Reads entries from CSV, XLSX, YAML and JSONL: every error by its row, all rows or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from faq import cells, columns
from faq.columns import BadColumns
from faq.matcher import Entry
from faq.normalize import normalize
from faq.rows import MOST_BYTES, BadFile, Row, Sheet, jsonl, open_rows
from faq.tokens import language_of
from faq.trouble import Trouble

KEY_CHARS = 120
QUESTION_CHARS = 500
ANSWER_CHARS = 10_000
MOST_SIMILAR = 500
MOST_ERRORS = 100
TAKEN_KEYS = frozenset(
    {"export", "gaps", "import", "learning", "new", "publish", "releases", "try"}
)
"""Words that are pages of the desk's knowledge base, so that no entry could be opened by them."""
KINDS = ("product", "price", "service", "technical", "individual", "other")
SAMPLES = 50
"""How many rows are looked at to guess what a column means."""
EVERY = 200
"""After how many rows it is told how far the reading has come."""
Tell = Callable[[int, int], None]
"""Hears how many rows of how many are done."""

_FIELDS = frozenset(
    {"id", "question", "similar_questions", "answer", "answers", "kind", "category"}
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


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row; row 0 is the file itself."""

    row: int
    problem: str
    text: str = ""
    """The same with `%(names)s` for the values, to be said in another language."""
    values: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, row: int, trouble: Trouble) -> RowError:
        """Return what is wrong with a row."""
        return cls(row, str(trouble), trouble.text, trouble.values)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file holds; with any error its entries must not be stored.

    `rows` says of each entry which row it came from.
    """

    entries: tuple[Entry, ...] = ()
    errors: tuple[RowError, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)


class _BadRow(Trouble):
    """One row is no entry."""


def _tell_nobody(_done: int, _all: int) -> None:
    pass


def read_file(path: Path, meanings: Mapping[str, str] | None = None) -> Imported:
    """Read a file by its ending; never raises for what is in it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return _refused(BadFile("the file is larger than 50 MiB; split it"))
        return read(path.name, path.read_bytes(), meanings)
    except OSError as problem:
        return _refused(BadFile("cannot be read: %(why)s", why=problem.strerror or ""))


def _refused(trouble: Trouble) -> Imported:
    return Imported(errors=(RowError.of(0, trouble),))


def read(
    name: str,
    content: bytes,
    meanings: Mapping[str, str] | None = None,
    tell: Tell = _tell_nobody,
) -> Imported:
    """Read a file's content; `name` says by its ending which format it is.

    `meanings` says what a column is (a field, or nothing to leave it out); a column that it does
    not name must be known by its title.
    """
    try:
        sheet = open_rows(Path(name).suffix.lower(), content)
        told, errors = _meanings(sheet, meanings or {})
        return Imported(errors=errors) if errors else _entries(sheet, told, tell)
    except BadFile as problem:
        return _refused(problem)


def _meanings(
    sheet: Sheet, given: Mapping[str, str]
) -> tuple[dict[str, str], tuple[RowError, ...]]:
    guesses = columns.guess([title for title in sheet.columns if title not in given])
    told = {
        title: given.get(title) if title in given else guesses[title].field
        for title in sheet.columns
    }
    missing = [title for title in given if title not in sheet.columns]
    errors = [
        RowError.of(0, BadFile("there is no column %(title)r", title=title)) for title in missing
    ]
    errors += [
        RowError.of(sheet.columns[title], _unknown(title, one.field))
        for title, one in guesses.items()
        if not one.sure
    ]
    meanings = {title: meaning or "" for title, meaning in told.items()}
    if not errors and sheet.columns:
        try:
            columns.check(meanings)
        except BadColumns as problem:
            errors.append(RowError.of(min(sheet.columns.values()), problem))
    return meanings, tuple(errors[:MOST_ERRORS])


def _unknown(title: str, near: str) -> Trouble:
    known = ", ".join(columns.FIELDS)
    if near:
        return BadFile(
            "unknown field %(title)r (perhaps %(near)s); "
            "say which it is, or leave it out: %(known)s",
            title=title,
            near=near,
            known=known,
        )
    return BadFile(
        "unknown field %(title)r; say which it is, or leave it out: %(known)s",
        title=title,
        known=known,
    )


def read_jsonl_entries(path: Path) -> list[Entry]:
    """Read an evaluation's FAQ, whose entries may have no answers.

    Raises:
        ValueError: a line is no entry; the message names it.
    """
    entries = []
    for number, row in jsonl(path.read_bytes()):
        try:
            entries.append(entry_of(row))
        except _BadRow as problem:
            raise ValueError(f"{path.name}, line {number}: {problem}") from problem
    return entries


def _entries(sheet: Sheet, meanings: Mapping[str, str], tell: Tell) -> Imported:
    entries: dict[str, Entry] = {}
    first: dict[str, int] = {}
    errors: list[RowError] = []
    for done, (number, row) in enumerate(sheet.rows):
        if done % EVERY == 0:
            tell(done, len(sheet.rows))
        try:
            ours = columns.renamed(row, meanings) if isinstance(row, Mapping) else row
            entry = _answered(entry_of(ours), first)
            entries[entry.id], first[entry.id] = entry, number
        except _BadRow as problem:
            errors.append(RowError.of(number, problem))
            if len(errors) >= MOST_ERRORS:
                stopped = BadFile("stopped after %(most)s errors", most=MOST_ERRORS)
                errors.append(RowError.of(0, stopped))
                break
    if not entries and not errors:
        errors.append(RowError.of(0, BadFile("the file holds no entries")))
    if errors:
        return Imported(errors=tuple(errors))
    return Imported(tuple(entries.values()), (), first)


def _answered(entry: Entry, seen: Mapping[str, int]) -> Entry:
    if entry.id in seen:
        raise _BadRow("id %(key)r is already in row %(row)s", key=entry.id, row=seen[entry.id])
    if not entry.answers:
        raise _BadRow("the answer is missing")
    return entry


def entry_of(row: object) -> Entry:
    """Return the entry a row describes.

    Raises:
        ValueError: it does not; the message says what is wrong.
    """
    if not isinstance(row, Mapping):
        raise _BadRow("is not an object with fields")
    unknown = [
        str(name) for name in row if name not in _FIELDS and not str(name).startswith("answers.")
    ]
    if unknown:
        known = ", ".join(sorted(_FIELDS))
        raise _BadRow("unknown field %(title)r; known are %(known)s", title=unknown[0], known=known)
    question = _short(row.get("question"), "question", QUESTION_CHARS)
    if not normalize(question):
        raise _BadRow("the question is empty")
    key = _own(_short(row.get("id"), "id", KEY_CHARS)) or _key(question)
    kind = _short(row.get("kind"), "kind", KEY_CHARS).lower() or "other"
    kind = _KIND_WORDS.get(kind, kind)
    if kind not in KINDS:
        raise _BadRow("kind %(kind)r is not one of %(known)s", kind=kind, known=", ".join(KINDS))
    category = _short(row.get("category"), "category", KEY_CHARS)
    return Entry(
        key, question, _similar(row.get("similar_questions")), _answers(row), kind, category
    )


def _own(key: str) -> str:
    if key in TAKEN_KEYS or not {".", ".."}.isdisjoint(key.split("/")):
        raise _BadRow("id %(key)r is the address of another page; choose another id", key=key)
    return key


def _key(question: str) -> str:
    digest = hashlib.sha1(normalize(question).encode(), usedforsecurity=False)
    return f"q-{digest.hexdigest()[:10]}"


def _short(value: object, name: str, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _BadRow("%(name)s must be text", name=name)
    text = str(value).strip()
    if len(text) > limit:
        raise _BadRow("%(name)s is longer than %(most)s characters", name=name, most=limit)
    return text


def _similar(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = cells.split(value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadRow("similar_questions must be a list")
    texts = [_short(text, "a similar question", QUESTION_CHARS) for text in value]
    kept = tuple(dict.fromkeys(text for text in texts if text))
    if len(kept) > MOST_SIMILAR:
        raise _BadRow("more than %(most)s similar questions", most=MOST_SIMILAR)
    return kept


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
    plain = str(code).strip().lower()
    if not (plain.replace("-", "").isalnum() and plain.isascii() and len(plain) <= 10):  # noqa: PLR2004 - zh-hant-tw
        raise _BadRow("%(code)r is not a language code such as zh or en", code=str(code)[:20])
    return plain
