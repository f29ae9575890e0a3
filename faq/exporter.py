"""Writes entries as CSV, XLSX, YAML or JSONL, so that the importer reads the same again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from ruamel.yaml import YAML

from faq.matcher import Entry

FORMATS = (".csv", ".xlsx", ".yaml", ".jsonl")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_BOM = "\ufeff"


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
        return _yaml(entries)
    if suffix == ".jsonl":
        lines = (json.dumps(_fields(entry), ensure_ascii=False) for entry in entries)
        return "".join(f"{line}\n" for line in lines).encode()
    raise UnknownFormat(f"{suffix or 'no ending'} is not known; use {', '.join(FORMATS)}")


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "question": entry.question,
        "similar_questions": list(entry.similar_questions),
        "answer": dict(entry.answers),
        "kind": entry.kind,
        "category": entry.category,
    }


def _table(entries: Sequence[Entry]) -> list[list[str]]:
    languages = sorted({language for entry in entries for language in entry.answers} | {"zh", "en"})
    languages.sort(key=lambda language: language != "zh")
    header = ["id", "question", "similar_questions"]
    rows = [[*header, *(f"answers.{language}" for language in languages), "kind", "category"]]
    rows += [
        [
            entry.id,
            entry.question,
            "\n".join(entry.similar_questions),
            *(entry.answers.get(language, "") for language in languages),
            entry.kind,
            entry.category,
        ]
        for entry in entries
    ]
    return rows


def _csv(entries: Sequence[Entry]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([_guarded(cell) for cell in row] for row in _table(entries))
    return (_BOM + out.getvalue()).encode()


def _guarded(cell: str) -> str:
    """Keep a spreadsheet from running a customer's or editor's text as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _xlsx(entries: Sequence[Entry]) -> bytes:
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        sheet = workbook.add_worksheet("faq")
        for number, row in enumerate(_table(entries)):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return out.getvalue()


def _yaml(entries: Sequence[Entry]) -> bytes:
    out = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    setattr(yaml, "sort_base_mapping_type_on_output", False)  # noqa: B010 - declared as None
    yaml.width = 10_000
    yaml.dump([_fields(entry) for entry in entries], out)
    return out.getvalue()
