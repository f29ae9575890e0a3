"""Writes entries as CSV, XLSX, YAML or JSONL, so that the importer reads the same again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

from faq import cells, plain_yaml, rule_fields
from faq.matcher import Entry
from storage.rules import Attachment

FORMATS = (".csv", ".xlsx", ".yaml", ".jsonl")

_BOM = "\ufeff"
_SIMILAR = "similar_questions"


class UnknownFormat(ValueError):
    """This ending names no format that can be written."""


def write(suffix: str, entries: Sequence[Entry]) -> bytes:
    """Return the entries as a file of the format that `suffix` names.

    Raises:
        UnknownFormat: it names none.
    """
    if suffix == ".csv":
        return _csv(entries)
    if suffix == ".xlsx":
        return _xlsx(entries)
    if suffix in {".yaml", ".yml"}:
        return "".join(plain_yaml.write(map(_fields, entries))).encode() or b"[]\n"
    if suffix == ".jsonl":
        lines = (json.dumps(_fields(entry), ensure_ascii=False) for entry in entries)
        return "".join(f"{line}\n" for line in lines).encode()
    raise UnknownFormat(f"{suffix or 'no ending'} is not known; use {', '.join(FORMATS)}")


def _fields(entry: Entry) -> dict[str, Any]:
    files = {"files": list(map(_file, entry.rules.files))} if entry.rules.files else {}
    return {
        "id": entry.id,
        "question": entry.question,
        "similar_questions": list(entry.similar_questions),
        "answer": dict(entry.answers),
        "kind": entry.kind,
        "category": entry.category,
        **rule_fields.fields_of(entry.rules),
        **files,
    }


def _file(file: Attachment) -> str:
    """Return a reference to a file: its id, and with which answer it goes."""
    place = f"{file.language}@{file.channel}" if file.channel else file.language
    return f"{file.id} {place}".rstrip()


_Column = tuple[str, Sequence[str]]
"""A title, and the cells below it."""


def _table(entries: Sequence[Entry]) -> Iterator[Sequence[str]]:
    columns = [
        *_plain(entries, "id", "question"),
        *_similar(entries),
        *_answers(entries),
        *_plain(entries, "kind", "category"),
        *_rules(entries),
    ]
    yield [title for title, _ in columns]
    yield from zip(*(column for _, column in columns), strict=True)


def _plain(entries: Sequence[Entry], *names: str) -> Iterator[_Column]:
    for name in names:
        yield name, [getattr(entry, name) for entry in entries]


def _similar(entries: Sequence[Entry]) -> Iterator[_Column]:
    """Yield as many columns as the longest list needs."""
    lists = [cells.joined(entry.similar_questions) for entry in entries]
    for place in range(max([1, *map(len, lists)])):
        title = f"{_SIMILAR} ({place + 1})" if place else _SIMILAR
        yield title, ["".join(each[place : place + 1]) for each in lists]


def _answers(entries: Sequence[Entry]) -> Iterator[_Column]:
    languages = {language for entry in entries for language in entry.answers} | {"zh", "en"}
    for language in sorted(languages, key=lambda each: (each != "zh", each)):
        yield f"answers.{language}", [entry.answers.get(language, "") for entry in entries]


def _rules(entries: Sequence[Entry]) -> Iterator[_Column]:
    """Yield a column for each rule that some entry has, and one for files."""
    said = [rule_fields.fields_of(entry.rules) for entry in entries]
    for name in rule_fields.NAMES:
        if any(name in each for each in said):
            yield name, [rule_fields.cell(each.get(name, "")) for each in said]
    if any(entry.rules.files for entry in entries):
        yield "files", ["\n".join(map(_file, entry.rules.files)) for entry in entries]


def _csv(entries: Sequence[Entry]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([cells.guarded(cell) for cell in row] for row in _table(entries))
    return (_BOM + out.getvalue()).encode()


def _xlsx(entries: Sequence[Entry]) -> bytes:
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        sheet = workbook.add_worksheet("faq")
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(_table(entries)):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, column, cells.told_apart(cell))
    return out.getvalue()
