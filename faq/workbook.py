"""Reads the first filled sheet of an XLSX workbook that may be meant to do harm.

A workbook is a ZIP of XML. What it says of its own sizes is not believed: every part is unpacked
here, counted, and handed on in a new archive, so that the reader sees what was counted; and a
cell that lies a million rows down is found before anybody makes room for all rows above it.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from faq.trouble import Trouble, mark

MOST_PARTS = 1000
NOT_READ = mark("this is not a workbook that can be read; save it as XLSX again, or as CSV")
_HEAD = struct.Struct("<4sHHHHHLLLHH")
_TAG = re.compile(rb"<(?:[^\s<>/!?]*:)?c[\s/>]")
_ATTRIBUTE = rb"""\s+[\w:]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*')"""
_CELL = re.compile(
    rb"<(?:[^\s<>/!?]*:)?c(?:" + _ATTRIBUTE + rb")*?"
    rb"""\s+r\s*=\s*["']([A-Z]{1,3})(\d{1,9})["'](?:""" + _ATTRIBUTE + rb")*\s*(/?)>"
)
_ENCRYPTED, _LETTERS = 0x1, 26


class BadWorkbook(Trouble):
    """It cannot be read, or would be too large; the message says what to do."""


def table(
    content: bytes, most_bytes: int, most_rows: int, most_columns: int
) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of the first sheet that has any, numbered as Excel does.

    Raises:
        BadWorkbook: it is none, or larger than allowed.
    """
    checked = _checked(content, most_bytes, most_rows, most_columns)
    try:
        workbook = CalamineWorkbook.from_filelike(checked)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height:
                first = (sheet.start or (0, 0))[0]
                return _rows(first, sheet.to_python(skip_empty_area=True))
    except (CalamineError, IndexError, ValueError) as problem:
        raise BadWorkbook(NOT_READ) from problem
    return iter(())


def _rows(first: int, found: Sequence[Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(found, first + 1):
        yield number, [_text(cell) for cell in row]


def _text(cell: object) -> str:
    """Return a cell as Excel shows it: whole numbers without a point, days without a midnight."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return str(date(cell.year, cell.month, cell.day))
    return "" if cell is None else str(cell)


def _checked(content: bytes, most_bytes: int, most_rows: int, most_columns: int) -> io.BytesIO:
    out = io.BytesIO()
    left = most_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w") as copy:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise BadWorkbook("the workbook has more than %(most)s parts", most=MOST_PARTS)
            for part in parts:
                unpacked = _unpacked(content, part, left)
                left -= len(unpacked)
                if unpacked.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
                    _look(unpacked, most_rows, most_columns)
                copy.writestr(zipfile.ZipInfo(part.filename), unpacked)
    except (zipfile.BadZipFile, struct.error, zlib.error, ValueError, OSError) as problem:
        if content.startswith(b"\xd0\xcf\x11\xe0"):
            raise BadWorkbook(
                "this is an old or encrypted workbook; save it as XLSX again, or as CSV"
            ) from problem
        raise BadWorkbook(NOT_READ) from problem
    out.seek(0)
    return out


def _unpacked(content: bytes, part: zipfile.ZipInfo, left: int) -> bytes:
    if part.flag_bits & _ENCRYPTED:
        raise BadWorkbook("the workbook has a password; save it without one")
    head = _HEAD.unpack_from(content, part.header_offset)
    if head[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    start = part.header_offset + _HEAD.size + head[9] + head[10]
    packed = content[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        unpacked = packed
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, left + 1)
    else:
        raise zipfile.BadZipFile
    if len(unpacked) > left:
        raise BadWorkbook("the workbook is larger than 50 MiB when unpacked; split it")
    return unpacked


def _look(xml: bytes, most_rows: int, most_columns: int) -> None:
    """Refuse a sheet whose filled cells reach too far; an empty cell that is only coloured may.

    A cell that does not say where it is, or says so in a way that is not understood, could lie
    anywhere: then none of them is believed.
    """
    understood = 0
    for found in _CELL.finditer(xml):
        understood += 1
        letters, digits, empty = found.groups()
        where = f"{letters.decode()}{int(digits)}"
        if not empty and int(digits) > most_rows:
            raise BadWorkbook(
                "cell %(cell)s is filled, but a sheet may have %(most)s rows; "
                "delete what lies below, or split the file",
                cell=where,
                most=most_rows,
            )
        if not empty and _column(letters) > most_columns:
            raise BadWorkbook(
                "cell %(cell)s is filled, but a sheet may have %(most)s columns; "
                "delete what lies to the right",
                cell=where,
                most=most_columns,
            )
    if b"\x00" in xml or understood != sum(1 for _ in _TAG.finditer(xml)):
        raise BadWorkbook(
            "the cells do not say where they are; open the file in Excel and save it again"
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - 64
    return number
