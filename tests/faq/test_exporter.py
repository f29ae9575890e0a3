import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from faq.exporter import FORMATS, UnknownFormat, write
from faq.importer import read
from faq.matcher import Entry

HOSTILE = '=cmd|" /C calc"!A0'
ANSWERS = {"zh": "在订单页\n申请", "en": "See order"}
ENTRIES = (
    Entry("r", "如何退货", ("怎么退货", "return?"), ANSWERS, "service", "退换货"),
    Entry("007", "hours", (), {"en": "9 to 6"}),
    Entry("f", HOSTILE, ("+1", "@x"), {"zh": "－1，包邮", "fr": "-non"}, "price", "=1+1"),
)  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_written_is_read_again_unchanged(suffix):
    found = read(f"x{suffix}", write(suffix, ENTRIES))
    assert found.errors == ()
    assert found.entries == ENTRIES


def test_no_cell_of_a_csv_starts_a_formula():
    rows = list(csv.reader(io.StringIO(write(".csv", ENTRIES).decode("utf-8-sig"))))
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r＝＋－＠")]
    assert f"'{HOSTILE}" in rows[3]


def test_a_workbook_holds_text_and_no_formula():
    content = write(".xlsx", ENTRIES)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[3][1] == HOSTILE
    assert rows[2][0] == "007"


def test_an_unknown_format_is_refused():
    with pytest.raises(UnknownFormat, match=r"\.doc is not known"):
        write(".doc", ENTRIES)
