"""Reads entries from CSV, XLSX, YAML and JSONL: every error by its row, all rows or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from faq import columns
from faq.columns import BadColumns
from faq.entries import BadRow, entry_of
from faq.matcher import Entry
from faq.rows import MOST_BYTES, BadFile, Row, Sheet, jsonl, open_rows
from faq.rule_fields import told_in
from faq.trouble import Trouble
from storage.rules import Attachment

MOST_ERRORS = 100
SAMPLES = 50
"""How many rows are looked at to guess what a column means."""
EVERY = 200
"""After how many rows it is told how far the reading has come."""
Tell = Callable[[int, int], None]
"""Hears how many rows of how many are done."""


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

    `rows` says of each entry which row it came from, `told` which of its rules the row names.
    """

    entries: tuple[Entry, ...] = ()
    errors: tuple[RowError, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, frozenset[str]] = field(default_factory=dict)


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
    tell: Tell | None = None,
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
    guessed = {title: guess.field for title, guess in guesses.items()}
    told = {title: {**guessed, **given}[title] or "" for title in sheet.columns}
    errors = [
        RowError.of(0, BadFile("there is no column %(title)r", title=title))
        for title in given
        if title not in sheet.columns
    ]
    errors += [
        RowError.of(sheet.columns[title], _unknown(title, guess.field))
        for title, guess in guesses.items()
        if not guess.sure
    ]
    return told, tuple((errors or _clashing(sheet, told))[:MOST_ERRORS])


def _clashing(sheet: Sheet, told: Mapping[str, str]) -> list[RowError]:
    """Return what is wrong with these meanings taken together."""
    if not sheet.columns:
        return []
    try:
        columns.check(told)
    except BadColumns as problem:
        return [RowError.of(min(sheet.columns.values()), problem)]
    return []


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


def with_files(imported: Imported, known: Mapping[str, Attachment]) -> Imported:
    """Return what a file holds with the files it refers to; one that is not there is an error."""
    entries = []
    errors: list[RowError] = []
    for entry in imported.entries:
        files = []
        for named in entry.rules.files:
            if (ours := known.get(named.id)) is None:
                trouble = BadRow("there is no file %(file)r", file=named.id)
                errors.append(RowError.of(imported.rows.get(entry.id, 0), trouble))
            else:
                files.append(replace(ours, language=named.language, channel=named.channel))
        entries.append(replace(entry, rules=replace(entry.rules, files=tuple(files))))
    if errors:
        return Imported(errors=tuple(errors[:MOST_ERRORS]))
    return replace(imported, entries=tuple(entries))


def read_jsonl_entries(path: Path) -> list[Entry]:
    """Read an evaluation's FAQ, whose entries may have no answers.

    Raises:
        ValueError: a line is no entry; the message names it.
    """
    entries = []
    for number, row in jsonl(path.read_bytes()):
        try:
            entries.append(entry_of(row))
        except BadRow as problem:
            raise ValueError(f"{path.name}, line {number}: {problem}") from problem
    return entries


def _entries(sheet: Sheet, meanings: Mapping[str, str], tell: Tell | None) -> Imported:
    entries: dict[str, Entry] = {}
    first: dict[str, int] = {}
    told: dict[str, frozenset[str]] = {}
    errors: list[RowError] = []
    for done, (number, row) in enumerate(sheet.rows):
        if tell is not None and done % EVERY == 0:
            tell(done, len(sheet.rows))
        try:
            ours = _ours(sheet, row, meanings) if isinstance(row, Mapping) else row
            named = isinstance(ours, Mapping) and bool(ours.get("id"))
            entry = _answered(entry_of(ours), first, named=named)
            entries[entry.id], first[entry.id] = entry, number
            told[entry.id] = told_in(ours)
        except BadRow as problem:
            errors.append(RowError.of(number, problem))
            if len(errors) >= MOST_ERRORS:
                stopped = BadFile("stopped after %(most)s errors", most=MOST_ERRORS)
                errors.append(RowError.of(0, stopped))
                break
    if not entries and not errors:
        errors.append(RowError.of(0, BadFile("the file holds no entries")))
    if errors:
        return Imported(errors=tuple(errors))
    return Imported(tuple(entries.values()), (), first, told)


def _ours(sheet: Sheet, row: Row, meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with our fields; an empty cell under a rule's title says that there is none."""
    empty = columns.rules_among(meanings.values()) if sheet.is_table else ()
    return {**dict.fromkeys(empty), **columns.renamed(row, meanings)}


def _answered(entry: Entry, seen: Mapping[str, int], *, named: bool) -> Entry:
    if entry.id in seen and not named:
        raise BadRow("the question is already in row %(row)s", row=seen[entry.id])
    if entry.id in seen:
        raise BadRow("id %(key)r is already in row %(row)s", key=entry.id, row=seen[entry.id])
    if not entry.answers:
        raise BadRow("the answer is missing")
    return entry
