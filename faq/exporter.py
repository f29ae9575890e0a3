"""Writes entries as CSV, XLSX, YAML or JSONL, so that the importer reads the same again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

from faq import cells, plain_yaml
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
        **files,
    }


def _file(file: Attachment) -> str:
    """Return a reference to a file: its id, and with which answer it goes."""
    place = f"{file.language}@{file.channel}" if file.channel else file.language
    return f"{file.id} {place}".rstrip()


def _table(entries: Sequence[Entry]) -> Iterator[list[str]]:
    languages = sorted({language for entry in entries for language in entry.answers} | {"zh", "en"})
    languages.sort(key=lambda language: language != "zh")
    similar = [cells.joined(entry.similar_questions) for entry in entries]
    width = max([1, *map(len, similar)])
    more = [f"{_SIMILAR} ({number})" for number in range(2, width + 1)]
    answers = [f"answers.{language}" for language in languages]
    filed = any(entry.rules.files for entry in entries)
    yield ["id", "question", _SIMILAR, *more, *answers, "kind", "category", *["files"] * filed]
    for entry, lists in zip(entries, similar, strict=True):
        yield [
            entry.id,
            entry.question,
            *lists,
            *[""] * (width - len(lists)),
            *(entry.answers.get(language, "") for language in languages),
            entry.kind,
            entry.category,
            *["\n".join(map(_file, entry.rules.files))] * filed,
        ]


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
