"""Reads entries from CSV, XLSX, YAML and JSONL: every error by its row, all rows or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faq.matcher import Entry
from faq.normalize import normalize
from faq.rows import MOST_BYTES, BadFile, Row, jsonl, rows
from faq.tokens import language_of

MOST_ROWS = 50_000
KEY_CHARS = 120
QUESTION_CHARS = 500
ANSWER_CHARS = 10_000
MOST_SIMILAR = 500
MOST_ERRORS = 100
TAKEN_KEYS = frozenset({"new", "publish", "releases", "try"})
"""Words that are pages of the desk's knowledge base, so that no entry could be opened by them."""
KINDS = ("product", "price", "service", "technical", "individual", "other")

_FIELDS = frozenset(
    {"id", "question", "similar_questions", "answer", "answers", "kind", "category"}
)


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row; row 0 is the file itself."""

    row: int
    problem: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file holds; with any error its entries must not be stored."""

    entries: tuple[Entry, ...] = ()
    errors: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What an import would do: keys by what becomes of them."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    errors: tuple[RowError, ...] = ()


class _BadRow(ValueError):
    """One row is no entry."""


def read_file(path: Path) -> Imported:
    """Read a file by its ending; never raises for what is in it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Imported(errors=(RowError(0, "the file is larger than 50 MiB"),))
        return read(path.name, path.read_bytes())
    except OSError as problem:
        return Imported(errors=(RowError(0, f"cannot be read: {problem.strerror}"),))


def read(name: str, content: bytes) -> Imported:
    """Read a file's content; `name` says by its ending which format it is."""
    try:
        return _entries(rows(Path(name).suffix.lower(), content))
    except BadFile as problem:
        return Imported(errors=(RowError(0, str(problem)),))


def compare(imported: Imported, live: Sequence[Entry]) -> Report:
    """Say what an import would change."""
    known = {entry.id: entry for entry in live}
    new, changed, same = [], [], []
    for entry in imported.entries:
        before = known.get(entry.id)
        if before is None:
            new.append(entry.id)
        elif _content(before) == _content(entry):
            same.append(entry.id)
        else:
            changed.append(entry.id)
    return Report(tuple(new), tuple(changed), tuple(same), imported.errors)


def _content(entry: Entry) -> tuple[object, ...]:
    return (
        entry.question,
        tuple(entry.similar_questions),
        dict(entry.answers),
        entry.kind,
        entry.category,
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


def _entries(found: Iterator[tuple[int, Row]]) -> Imported:
    entries: dict[str, Entry] = {}
    first: dict[str, int] = {}
    errors: list[RowError] = []
    for count, (number, row) in enumerate(found, 1):
        if count > MOST_ROWS:
            raise BadFile(f"more than {MOST_ROWS} rows; split the file")
        try:
            entry = _answered(entry_of(row), first)
            entries[entry.id], first[entry.id] = entry, number
        except _BadRow as problem:
            errors.append(RowError(number, str(problem)))
            if len(errors) >= MOST_ERRORS:
                errors.append(RowError(0, f"stopped after {MOST_ERRORS} errors"))
                break
    if not entries and not errors:
        errors.append(RowError(0, "the file holds no entries"))
    return Imported(() if errors else tuple(entries.values()), tuple(errors))


def _answered(entry: Entry, seen: Mapping[str, int]) -> Entry:
    if entry.id in seen:
        raise _BadRow(f"id {entry.id!r} is already in row {seen[entry.id]}")
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
        raise _BadRow(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    question = _short(row.get("question"), "question", QUESTION_CHARS)
    if not normalize(question):
        raise _BadRow("the question is empty")
    key = _own(_short(row.get("id"), "id", KEY_CHARS)) or _key(question)
    kind = _short(row.get("kind"), "kind", KEY_CHARS).lower() or "other"
    if kind not in KINDS:
        raise _BadRow(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    category = _short(row.get("category"), "category", KEY_CHARS)
    return Entry(
        key, question, _similar(row.get("similar_questions")), _answers(row), kind, category
    )


def _own(key: str) -> str:
    if key in TAKEN_KEYS or not {".", ".."}.isdisjoint(key.split("/")):
        raise _BadRow(f"id {key!r} is the address of another page; choose another id")
    return key


def _key(question: str) -> str:
    digest = hashlib.sha1(normalize(question).encode(), usedforsecurity=False)
    return f"q-{digest.hexdigest()[:10]}"


def _short(value: object, name: str, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _BadRow(f"{name} must be text")
    text = str(value).strip()
    if len(text) > limit:
        raise _BadRow(f"{name} is longer than {limit} characters")
    return text


def _similar(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.replace("\r", "\n").replace("|", "\n").replace("｜", "\n").split("\n")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadRow("similar_questions must be a list")
    texts = [_short(text, "a similar question", QUESTION_CHARS) for text in value]
    kept = tuple(dict.fromkeys(text for text in texts if text))
    if len(kept) > MOST_SIMILAR:
        raise _BadRow(f"more than {MOST_SIMILAR} similar questions")
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
        raise _BadRow(f"{str(code)[:20]!r} is not a language code such as zh or en")
    return plain
