"""The judge sees every way in which the first promise can be broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.drill.judge import LATE, Records, Said, Shown, judge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def said(number, begun, acknowledged=None, contact="lily"):
    taken = None if acknowledged is None else at(acknowledged)
    return Said(number, contact, at(begun), taken)


GOOD = Records(
    said=[
        said(1, 0, 1),
        said(2, 2, 3),
        said(3, 4, 5),
        said(11, 0, 1, "mei"),
        said(12, 2, 3, "mei"),
    ],
    shown=[Shown(1, at(2)), Shown(11, at(2)), Shown(2, at(4)), Shown(3, at(6)), Shown(12, at(7))],
    kept=[1, 2, 3, 11, 12],
)


def without(shown, number):
    return [one for one in shown if one.number != number]


def test_a_good_day_holds():
    figures = judge(GOOD)
    assert figures.holds
    assert (figures.sent_in, figures.acknowledged, figures.answered) == (5, 5, 5)
    assert (figures.lost, figures.doubled, figures.out_of_order, figures.late) == (0, 0, 0, 0)


def test_acknowledged_before_it_was_stored_is_lost():
    figures = judge(replace(GOOD, kept=[1, 3, 11, 12], shown=without(GOOD.shown, 2)))
    assert figures.lost == 1
    assert not figures.holds


def test_answered_but_not_remembered_is_lost_too():
    assert judge(replace(GOOD, kept=[1, 3, 11, 12])).lost == 1


def test_remembered_but_never_answered_is_lost():
    assert judge(replace(GOOD, shown=without(GOOD.shown, 12))).lost == 1


def test_what_was_never_acknowledged_cannot_be_lost():
    unheard = [*GOOD.said, said(4, 9)]
    figures = judge(replace(GOOD, said=unheard))
    assert figures.holds
    assert (figures.sent_in, figures.acknowledged) == (6, 5)


def test_who_acknowledges_nothing_keeps_no_promise():
    deaf = [replace(one, acknowledged=None) for one in GOOD.said]
    figures = judge(replace(GOOD, said=deaf, shown=[], kept=[]))
    assert figures.lost == 0
    assert not figures.holds


def test_an_answer_of_unknown_fate_is_uncertain_and_not_lost():
    figures = judge(replace(GOOD, shown=without(GOOD.shown, 2), uncertain=frozenset({2})))
    assert figures.holds
    assert (figures.answered, figures.uncertain) == (4, 1)


def test_a_push_stored_twice_is_doubled():
    figures = judge(replace(GOOD, kept=[1, 2, 2, 3, 11, 12]))
    assert figures.doubled == 1
    assert not figures.holds


def test_an_answer_shown_twice_is_doubled_even_if_it_was_uncertain():
    again = [*GOOD.shown, Shown(2, at(8)), Shown(2, at(9))]
    assert judge(replace(GOOD, shown=again)).doubled == 2
    assert judge(replace(GOOD, shown=again, uncertain=frozenset({2}))).doubled == 2


def test_what_came_later_and_was_stored_earlier_is_out_of_order():
    figures = judge(replace(GOOD, kept=[2, 1, 3, 11, 12], shown=[]))
    assert figures.out_of_order == 1
    assert not figures.holds


def test_what_overlapped_has_no_order_of_its_own():
    together = [said(1, 0, 9), said(2, 1, 2), said(3, 1, 5)]
    shown = [Shown(n, at(10 + n)) for n in (3, 2, 1)]
    figures = judge(
        Records(said=together, shown=sorted(shown, key=lambda s: -s.number), kept=[3, 2, 1])
    )
    assert figures.out_of_order == 0


def test_answers_that_overtake_each_other_are_out_of_order():
    shown = [GOOD.shown[index] for index in (2, 0, 1, 3, 4)]
    assert judge(replace(GOOD, shown=shown)).out_of_order == 1


def test_an_uncertain_answer_may_appear_when_it_likes():
    shown = [GOOD.shown[index] for index in (2, 0, 1, 3, 4)]
    assert judge(replace(GOOD, shown=shown, uncertain=frozenset({1}))).out_of_order == 0


def test_customers_do_not_wait_for_each_other():
    shown = [GOOD.shown[index] for index in (1, 4, 0, 2, 3)]
    assert judge(replace(GOOD, shown=shown)).holds


def test_an_answer_long_after_its_acknowledgement_is_late():
    slow = [*without(GOOD.shown, 12), Shown(12, at(3) + LATE + timedelta(seconds=1))]
    figures = judge(replace(GOOD, shown=slow))
    assert figures.late == 1
    assert figures.holds


@pytest.mark.parametrize(
    "trace", [{"kept": [*GOOD.kept, 99]}, {"shown": [*GOOD.shown, Shown(99, at(9))]}]
)
def test_a_forged_call_that_leaves_a_trace_breaks_the_promise(trace):
    figures = judge(replace(GOOD, forged=frozenset({99, 98}), refused=1, **trace))
    assert (figures.forged_taken, figures.refused) == (1, 1)
    assert not figures.holds


@given(st.permutations(GOOD.kept[:3]), st.sets(st.sampled_from(GOOD.kept)))
def test_only_the_very_order_and_the_whole_of_it_hold(kept, silent):
    records = replace(
        GOOD,
        kept=[*kept, 11, 12],
        shown=[one for one in GOOD.shown if one.number not in silent],
    )
    assert judge(records).holds == (kept == [1, 2, 3] and not silent)
