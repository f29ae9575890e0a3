"""The rules of an entry in a file: what can be said, what cannot, and what is not said."""

from datetime import UTC, datetime

import pytest

from faq.columns import guess
from faq.compare import Drafted, compare
from faq.entries import BadRow, entry_of
from faq.exporter import write
from faq.importer import read
from faq.matcher import Entry
from faq.rule_fields import told_in
from storage.rules import Rules
from storage.zone import ZONE

ROW = {"id": "a", "question": "q", "answer": "x"}


def rules_of(**said):
    return entry_of(ROW | said).rules


def moment(*parts):
    return datetime(*parts, tzinfo=ZONE)


def test_a_row_may_say_everything_that_the_form_says():
    assert rules_of(
        mode="Contains", risk="strict", valid_from="2026-12-01", valid_to="2026-12-31 18:00",
        audience_tags="vip; gold，plus", audience_level="3", related="b|c", must_match="one\ntwo",
        must_not_match=["three"],
    ) == Rules(
        mode="contains", risk="strict", valid_from=moment(2026, 12, 1),
        valid_to=moment(2026, 12, 31, 18), tags=("vip", "gold", "plus"), level=3,
        related=("b", "c"), must_match=("one", "two"), must_not_match=("three",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "day", ["2026-12-31", "2026/12/31", "2026.12.31", "2026年12月31日", 20261231]
)
def test_a_day_counts_from_its_beginning_to_its_end(day):
    rules = rules_of(valid_from=day, valid_to=day)
    assert (rules.valid_from, rules.valid_to) == (moment(2026, 12, 31), moment(2027, 1, 1))


@pytest.mark.parametrize(
    "said", ["2026-12-01 09:05", "2026/12/1 9:05", "2026年12月1日 9:05:00", "2026-12-01T09:05"]
)
def test_a_moment_may_be_written_as_a_spreadsheet_shows_it(said):
    assert rules_of(valid_from=said).valid_from == moment(2026, 12, 1, 9, 5)


def test_a_moment_with_a_zone_is_taken_as_it_is():
    assert rules_of(valid_to="2026-12-31T10:00:00Z").valid_to == datetime(
        2026, 12, 31, 10, tzinfo=UTC
    )


def test_what_ends_in_the_year_9999_does_not_end():
    assert rules_of(valid_to="9999-12-31") == rules_of(valid_to="9999-12-31 23:59:59") == Rules()


def test_yaml_may_write_days_and_moments_without_quotes():
    text = """
- {id: a, question: q, answer: x, valid_from: 2026-12-01, valid_to: 2026-12-31 18:00:00}
"""
    (entry,) = read("x.yaml", text.encode()).entries
    assert entry.rules == Rules(valid_from=moment(2026, 12, 1), valid_to=moment(2026, 12, 31, 18))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"mode": "fuzzy"}, "mode 'fuzzy' is not one of smart, exact, contains"),
        ({"risk": "high"}, "risk 'high' is not one of normal, strict"),
        ({"valid_from": "soon"}, "valid_from must be a day such as 2026-12-31"),
        ({"valid_from": "2026-12-01 25:00"}, "valid_from must be a day"),
        ({"valid_from": "９９９９-01-01"}, "valid_from must be a day"),
        ({"valid_from": "9999-12-31"}, "valid_from must be a day"),
        ({"valid_from": "0001-01-01"}, "valid_from must be a day"),
        ({"valid_to": "1969-12-31 10:00"}, "valid_to must be a day"),
        ({"valid_to": "2026-02-30"}, "valid_to must be a day such as"),
        ({"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "not after valid_from"),
        ({"audience_level": "-1"}, "a number from 0 to 1000"),
        ({"audience_level": "1001"}, "a number from 0 to 1000"),
        ({"audience_tags": [f"t{number}" for number in range(21)]}, "more than 20"),
        ({"related": ["b", "c", "d", "e"]}, "more than 3 in related"),
        ({"must_match": {"a": 1}}, "must_match must be a list"),
        ({"must_match": ["q" * 501]}, "longer than 500"),
    ],
)
def test_what_cannot_be_is_said(said, why):
    with pytest.raises(BadRow, match=why):
        rules_of(**said)


def test_an_empty_cell_says_that_there_is_none_and_a_missing_column_says_nothing():
    table = read("x.csv", b"id,question,answer,valid_to,mode\na,q,x,,exact\nb,r,x,,\n")
    assert set(table.told.values()) == {frozenset({"valid_to", "mode"})}
    lines = read(
        "x.jsonl", b'{"id":"a","question":"q","answer":"x","mode":null}\n'
        b'{"id":"b","question":"r","answer":"x"}\n',
    )  # fmt: skip
    assert lines.told == {"a": {"mode"}, "b": frozenset()}
    assert told_in({**ROW, "audience_tags": None}) == {"tags"}


def test_a_file_that_differs_in_a_rule_changes_the_entry():
    live = [Entry("a", "q", (), {"en": "x"}, rules=Rules(mode="exact", tags=("vip",)))]
    drafts = {"a": Drafted(live[0], by_hand=True, author="Ann")}

    def done(text):
        found = compare(read("x.csv", text), live, drafts)
        return found.same, found.changed, [each.key for each in found.conflicts]

    assert done(b"id,question,answer\na,q,x\n") == (("a",), (), [])
    assert done(b"id,question,answer,mode\na,q,x,exact\n") == (("a",), (), [])
    assert done(b"id,question,answer,mode\na,q,x,\n") == ((), ("a",), ["a"])
    assert done(b"id,question,answer,audience_tags\na,q,x,gold\n") == ((), ("a",), ["a"])


def test_a_related_entry_must_be_in_the_file_or_in_the_knowledge_base():
    live = [Entry("old", "o", (), {"en": "x"})]
    text = b"id,question,answer,related\na,q,x,b|old\nb,r,x,b\nc,s,x,nobody\n"
    errors = compare(read("x.csv", text), live).errors
    assert [(error.row, error.problem.split(";")[0]) for error in errors] == [
        (3, "'b' is no other entry"),
        (4, "'nobody' is no other entry"),
    ]


def test_an_end_before_a_beginning_that_stays_is_an_error_of_its_row():
    begins = Rules(valid_from=moment(2027, 1, 1))
    live = [Entry("a", "q", (), {"en": "x"}, rules=begins)]

    def errors(text):
        found = compare(read("x.csv", text), live).errors
        return [(error.row, error.problem) for error in found]

    assert errors(b"id,question,answer,valid_to\na,q,x,2026-12-01\n") == [
        (2, "valid_to is not after valid_from")
    ]
    assert errors(b"id,question,answer,valid_to,valid_from\na,q,x,2026-12-01,\n") == []


def test_a_title_that_is_only_like_a_rules_is_not_taken_for_it():
    """A shop's `tags` are its topics: who has none of them would get no answer any more."""
    found = guess(["question", "answer", "tags", "标签", "level", "models", "生效时间"])
    assert [found[title].field for title in ("tags", "标签", "level", "models")] == [""] * 4
    assert found["生效时间"].field == "valid_from"


def test_a_table_has_only_the_rules_that_some_entry_has():
    plain, exact = Entry("a", "q", (), {"en": "x"}), Rules(mode="exact")
    assert write(".csv", [plain]).decode("utf-8-sig").splitlines()[0].endswith("kind,category")
    ruled = write(".csv", [plain, Entry("b", "r", (), {"en": "x"}, rules=exact)])
    assert ruled.decode("utf-8-sig").splitlines()[0].endswith("kind,category,mode")


def test_long_examples_stay_in_one_cell():
    many = tuple(f"{number}" + "退" * 490 for number in range(50))
    entry = Entry("a", "q", (), {"zh": "x"}, rules=Rules(must_match=many))
    for suffix in (".csv", ".xlsx"):
        assert read(f"x{suffix}", write(suffix, [entry])).entries == (entry,)
