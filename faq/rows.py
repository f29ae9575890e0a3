"""Turns a file into numbered rows: CSV, XLSX, YAML and JSONL, with caps against bombs."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from faq import cells, plain_yaml, workbook
from faq.trouble import Trouble

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 100
MOST_CHARS = 100_000
"""Of one cell; a list of similar questions is written over several columns before that."""
FORMATS = (".csv", ".tsv", ".xlsx", ".yaml", ".yml", ".jsonl")

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Row = Mapping[str, Any]
Numbered = tuple[int, Any]


class BadFile(Trouble):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows as they are, numbered as its reader sees them.

    `columns` are what the rows call their values, in order, each with the number of the row
    that names it first; of a table (`is_table`) the rows hold text only, and no empty cells.
    """

    columns: Mapping[str, int]
    rows: Sequence[Numbered]
    is_table: bool = False


def open_rows(suffix: str, content: bytes) -> Sheet:
    """Return the rows of a file.

    Raises:
        BadFile: it is too large, or no file of the format that `suffix` names; says which row,
            and what to do.
    """
    if len(content) > MOST_BYTES:
        raise BadFile("the file is larger than 50 MiB; split it")
    if suffix in {".csv", ".tsv"}:
        return _table(_csv(_text(content)))
    if suffix == ".xlsx":
        try:
            return _table(workbook.table(content, MOST_BYTES, MOST_ROWS + 1, MOST_COLUMNS))
        except workbook.BadWorkbook as problem:
            raise BadFile(problem.text, **problem.values) from problem
    if suffix in {".yaml", ".yml"}:
        return _objects(_yaml(_text(content)))
    if suffix == ".jsonl":
        return _objects(jsonl(content))
    known = ", ".join(FORMATS)
    if not suffix:
        raise BadFile("a file without ending is not known; use %(known)s", known=known)
    raise BadFile("%(suffix)s is not known; use %(known)s", suffix=suffix, known=known)


def _text(content: bytes) -> str:
    if content.startswith(_UTF16):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("the text is neither UTF-8 nor GB18030; save it as UTF-8")


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    if "\x00" in text[:1000]:
        raise BadFile("this is not a text file; save the table as CSV in UTF-8, or as XLSX")
    csv.field_size_limit(MOST_CHARS)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        yield from enumerate(table, 1)
    except csv.Error as problem:
        line = table.line_num
        if "limit" in str(problem):
            raise BadFile(
                "line %(line)s: a cell is longer than %(most)s characters; "
                "is a quotation mark missing?",
                line=line,
                most=MOST_CHARS,
            ) from problem
        raise BadFile(
            "line %(line)s is not CSV; is a quotation mark missing?", line=line
        ) from problem


def _delimiter(text: str) -> str:
    """Return what stands between the columns: what the first line has most of, outside quotes."""
    first = next(csv.reader(io.StringIO(text[:10_000].split("\n", 1)[0]), delimiter="\0"), [])
    line = first[0] if first else ""
    return max(",;\t", key=line.count) if line else ","


def _table(table: Iterable[tuple[int, list[str]]]) -> Sheet:
    iterator = iter(table)
    head_row, header = next(((at, row) for at, row in iterator if _filled(row)), (1, []))
    if not header:
        raise BadFile("the file is empty; the first row must name the columns")
    if len(header) > MOST_COLUMNS:
        raise BadFile(
            "row %(row)s names more than %(most)s columns", row=head_row, most=MOST_COLUMNS
        )
    titles = _titles(header)
    rows: list[Numbered] = []
    for number, found in iterator:
        row = {
            title: cells.unguarded(cell)
            for title, cell in zip(titles, found, strict=False)
            if title and cell.strip()
        }
        if row:
            _room(rows)
            rows.append((number, row))
    return Sheet({title: head_row for title in titles if title}, rows, is_table=True)


def _filled(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _titles(header: Sequence[str]) -> list[str]:
    """Return the columns' names, each once: a second `answer` is `answer (2)`."""
    seen: dict[str, int] = {}
    titles = []
    for cell in header:
        title = " ".join(cell.split())
        seen[title] = seen.get(title, 0) + 1
        titles.append(f"{title} ({seen[title]})" if title and seen[title] > 1 else title)
    return titles


def _objects(found: Iterable[Numbered]) -> Sheet:
    columns: dict[str, int] = {}
    rows: list[Numbered] = []
    for number, row in found:
        _room(rows)
        rows.append((number, row))
        if isinstance(row, Mapping):
            for name in row:
                columns.setdefault(str(name), number)
        if len(columns) > MOST_COLUMNS:
            raise BadFile(
                "row %(row)s: the rows have more than %(most)s fields in all",
                row=number,
                most=MOST_COLUMNS,
            )
    return Sheet(columns, rows)


def _room(rows: Sequence[Numbered]) -> None:
    if len(rows) >= MOST_ROWS:
        raise BadFile("more than %(most)s rows; split the file", most=MOST_ROWS)


def _yaml(text: str) -> Iterator[Numbered]:
    plain = plain_yaml.read(text)
    if plain is not None:
        yield from enumerate(plain, 1)
        return
    if "&" in text and "*" in text and _expands(text):
        raise BadFile("YAML anchors and aliases are not taken here; write the texts out")
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        if mark is None:
            raise BadFile("not YAML") from problem
        raise BadFile("line %(line)s: not YAML", line=mark.line + 1) from problem
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


def jsonl(content: bytes) -> Iterator[Numbered]:
    """Return the objects of a JSON Lines file."""
    for number, line in enumerate(_text(content).split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as problem:
                raise BadFile("line %(line)s is not JSON", line=number) from problem
