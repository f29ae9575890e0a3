"""What is exported comes back word for word, whatever it says, in every format."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from faq.entries import KINDS, MOST_SIMILAR
from faq.exporter import FORMATS, write
from faq.importer import read
from faq.matcher import Entry
from faq.normalize import normalize
from storage.rules import MODES, RISKS, Rules

DANGEROUS = tuple("=+-@\t\r＝＋－＠")
HARD = st.sampled_from(
    [
        '=cmd|" /C calc"!A0', "+1", "-1", "@x", "'=1", "''+1", "＝1", "－1，包邮", "a|b", "｜",
        "a\nb", "a\r\nb", "[1]", '["x"]', "_x0041_", "yes", "~", "- a: 1", "# no", "'", '"', "1e5",
        "007", "2026-01-01", "TRUE", "{{x}}",
        "\u2028x", "a\x7fb", "\U0001f600", "&a *a", "!!python",
    ]
)  # fmt: skip
SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff")
WORDS = (HARD | st.text(SIGNS, max_size=30)).map(str.strip).filter(bool)
QUESTIONS = WORDS.filter(normalize)
KEYS = WORDS
ANSWERS = st.dictionaries(
    st.sampled_from(["zh", "en", "fr", "zh-tw", "no", "zh@wechat", "en@email"]), WORDS, min_size=1
)
SIMILAR = st.lists(WORDS, max_size=4, unique=True).map(tuple)
MOMENTS = st.integers(1_600_000_000, 3_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC)
)
TAGS = WORDS.map(lambda word: re.sub(r"[,，;；]", "", word).strip()).filter(bool)


def some(texts, most):
    return st.lists(texts, max_size=most, unique=True).map(tuple)


SPANS = st.lists(MOMENTS, min_size=2, max_size=2, unique=True).map(sorted)
RULES = st.one_of(
    st.just(Rules()),
    st.builds(
        lambda span, **others: Rules(valid_from=span[0], valid_to=span[1], **others),
        SPANS,
        mode=st.sampled_from(MODES),
        risk=st.sampled_from(RISKS),
        tags=some(TAGS, 3),
        level=st.integers(0, 1000),
        related=some(KEYS, 3),
        must_match=some(WORDS, 3),
        must_not_match=some(WORDS, 3),
    ),
)
ENTRIES = st.lists(
    st.builds(
        Entry,
        KEYS,
        QUESTIONS,
        SIMILAR,
        ANSWERS,
        st.sampled_from(KINDS),
        WORDS | st.just(""),
        rules=RULES,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda entry: entry.id,
)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=60)
@given(entries=ENTRIES)
def test_every_entry_comes_back_word_for_word(suffix: str, entries: list[Entry]):
    found = read(f"x{suffix}", write(suffix, entries))
    assert found.errors == ()
    assert found.entries == tuple(entries)


@settings(max_examples=60)
@given(entries=ENTRIES)
def test_no_cell_of_any_table_can_run(entries: list[Entry]):
    for cell in cells_of(write(".csv", entries)):
        assert not cell.startswith(DANGEROUS)
    content = write(".xlsx", entries)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert all(
        isinstance(cell, str) for row in book.get_sheet_by_index(0).to_python() for cell in row
    )


def cells_of(content: bytes) -> Iterator[str]:
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        yield from row


@pytest.mark.parametrize("suffix", FORMATS)
def test_more_similar_questions_than_a_cell_takes_come_back(suffix: str):
    many = tuple(f"{number} {'问' * 490}" for number in range(MOST_SIMILAR))
    entry = Entry("long", "q", many, {"zh": "答" * 10_000})
    assert read(f"x{suffix}", write(suffix, [entry])).entries == (entry,)
