"""Workbooks that were built to do harm: each is refused before anybody makes room for it."""

import io
import struct
import zipfile

import pytest
import xlsxwriter

from faq.importer import read

GOOD = [["question", "answer"], ["hours?", "9 to 6"]]


def book(rows=GOOD) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as made:
        sheet = made.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def changed(content: bytes, name: str, change, kind=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", kind) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename == name else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def refusal(content: bytes) -> str:
    found = read("x.xlsx", content)
    assert found.entries == ()
    return found.errors[0].problem


def test_a_workbook_is_read():
    (entry,) = read("x.xlsx", book()).entries
    assert entry.answers == {"en": "9 to 6"}


def test_one_that_unpacks_to_too_much_is_refused():
    content = changed(book(), SHEET, lambda data: data + b" " * (51 * 1024 * 1024))
    assert "50 MiB when unpacked" in refusal(content)


def test_one_that_lies_about_its_size_is_refused_all_the_same():
    content = changed(book(), SHEET, lambda data: data + b" " * (51 * 1024 * 1024))
    size = 51 * 1024 * 1024
    start = content.rfind(b"PK\x01\x02", 0, content.rfind(SHEET.encode()))
    (stated,) = struct.unpack_from("<L", content, start + 24)
    assert stated > size
    lying = bytearray(content)
    struct.pack_into("<L", lying, start + 24, 100)
    assert "50 MiB when unpacked" in refusal(bytes(lying))


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (b'<c r="XFD1048576"><v>1</v></c>', "cell XFD1048576 is filled"),
        (b'<c r="A60000" t="n"><v>1</v></c>', "may have 50001 rows"),
        (b'<c r="DA2"><v>1</v></c>', "may have 100 columns"),
        (b"<c><v>1</v></c>", "do not say where they are"),
        (b'<c s=">" r="XFD1048576"><v>1</v></c>', "do not say where they are"),
        (b'<x.y:c r="XFD1048576"><v>1</v></x.y:c>', "cell XFD1048576 is filled"),
        (b"<c r='&#65;1048576'><v>1</v></c>", "do not say where they are"),
    ],
)
def test_a_cell_far_away_makes_no_room_for_all_between(cell, problem):
    end = b"</sheetData>"
    row = b"<row>" + cell + b"</row>" + end
    content = changed(book(), SHEET, lambda data: data.replace(end, row))
    assert problem in refusal(content)


def test_cells_that_are_only_coloured_do_no_harm():
    end = b"</sheetData>"
    row = b'<row r="1048576"><c r="A1048576" s="1"/></row>' + end
    content = changed(book(), SHEET, lambda data: data.replace(end, row))
    assert len(read("x.xlsx", content).entries) == 1


def test_entities_are_not_expanded():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

    def grow(data: bytes) -> bytes:
        return data.replace(b"?>", b"?>" + bomb, 1).replace(b"hours?", b"&b;", 1)

    found = read("x.xlsx", changed(book(), "xl/sharedStrings.xml", grow))
    assert all(len(entry.question) < 100 for entry in found.entries)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK nothing", "not a workbook that can be read"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "an old or encrypted workbook"),
        (b"", "not a workbook"),
    ],
)
def test_what_is_no_workbook_is_told_what_to_do(content, problem):
    assert problem in refusal(content)
    assert "save it as XLSX again" in refusal(content)


def test_a_workbook_with_too_many_parts_is_refused():
    out = io.BytesIO(book())
    with zipfile.ZipFile(out, "a") as more:
        for number in range(1001):
            more.writestr(f"xl/{number}.xml", "")
    assert "more than 1000 parts" in refusal(out.getvalue())


@pytest.mark.parametrize("cut", [10, 100, 1000, 3000, 5000])
def test_a_workbook_that_was_cut_off_is_refused(cut):
    assert "not a workbook that can be read" in refusal(book()[:cut])
