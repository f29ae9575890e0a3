"""Turns a file into numbered rows: CSV, XLSX, YAML and JSONL, with caps against bombs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

MOST_BYTES = 50 * 1024 * 1024
FORMATS = (".csv", ".tsv", ".xlsx", ".yaml", ".yml", ".jsonl")

_COLUMNS = {
    "编号": "id",
    "key": "id",
    "问题": "question",
    "标准问题": "question",
    "相似问题": "similar_questions",
    "相似问法": "similar_questions",
    "答案": "answer",
    "回答": "answer",
    "中文答案": "answers.zh",
    "英文答案": "answers.en",
    "answer_zh": "answers.zh",
    "answer_en": "answers.en",
    "类型": "kind",
    "咨询类型": "kind",
    "分类": "category",
}
_GUARDED = ("'=", "'+", "'-", "'@", "'\t", "'\r", "'＝", "'＋", "'－", "'＠")
_FIELD_CHARS = 100_000

Row = Mapping[str, Any]


class BadFile(Exception):
    """The file as a whole cannot be read."""


def rows(suffix: str, content: bytes) -> Iterator[tuple[int, Row]]:
    """Return the rows of a file, numbered as its reader sees them.

    Raises:
        BadFile: it is too large, or no file of the format that `suffix` names.
    """
    if len(content) > MOST_BYTES:
        raise BadFile("the file is larger than 50 MiB")
    if suffix in {".csv", ".tsv"}:
        return _csv(content)
    if suffix == ".xlsx":
        return _xlsx(content)
    if suffix in {".yaml", ".yml"}:
        return _yaml(content)
    if suffix == ".jsonl":
        return jsonl(content)
    raise BadFile(f"{suffix or 'a file without ending'} is not known; use {', '.join(FORMATS)}")


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("the text is neither UTF-8 nor GB18030; save it as UTF-8")


def _csv(content: bytes) -> Iterator[tuple[int, Row]]:
    text = _text(content)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text.split("\n", 1)[0], ",;\t")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(_FIELD_CHARS)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    try:
        yield from _table(list(row) for row in table)
    except csv.Error as problem:
        raise BadFile(f"line {table.line_num}: {problem}") from problem


def _xlsx(content: bytes) -> Iterator[tuple[int, Row]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
                raise BadFile("the workbook is larger than 50 MiB when unpacked")
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, CalamineError, IndexError) as problem:
        raise BadFile("this is not a workbook that can be read") from problem
    yield from _table([_cell(cell) for cell in row] for row in rows)


def _cell(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _table(table: Iterable[list[str]]) -> Iterator[tuple[int, Row]]:
    iterator = iter(table)
    header = [_column(name) for name in next(iterator, [])]
    if "question" not in header:
        raise BadFile("the first row must name the columns, and one of them must be question")
    for number, cells in enumerate(iterator, 2):
        row = {
            name: _unguarded(cell)
            for name, cell in zip(header, cells, strict=False)
            if name and cell.strip()
        }
        if row:
            yield number, row


def _column(name: str) -> str:
    plain = name.strip().lower()
    return _COLUMNS.get(plain, plain)


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARDED) else cell


def _yaml(content: bytes) -> Iterator[tuple[int, Row]]:
    text = _text(content)
    if "&" in text and "*" in text and _expands(text):
        raise BadFile("YAML anchors and aliases are not taken here; write the texts out")
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        raise BadFile(f"line {mark.line + 1}: not YAML" if mark else "not YAML") from problem
    if isinstance(data, dict):
        data = data.get("entries")
    if not isinstance(data, list):
        raise BadFile("a YAML file must be a list of entries, or have one under `entries`")
    yield from enumerate(data, 1)


def _expands(text: str) -> bool:
    try:
        tokens = YAML(typ="safe", pure=True).scan(text)
        return any(type(token).__name__ == "AliasToken" for token in tokens)
    except YAMLError:
        return False


def jsonl(content: bytes) -> Iterator[tuple[int, Row]]:
    """Return the objects of a JSON Lines file."""
    for number, line in enumerate(_text(content).split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as problem:
                raise BadFile(f"line {number} is not JSON") from problem
