import math

import numpy as np
import pytest

from faq.clauses import takes_back
from faq.features import SEMANTIC, Lookup
from faq.found import OUT_OF_CONTEXT, Found, is_whole, merged, out_of_context
from faq.matcher import Entry
from faq.ranker import Ranking
from faq.terms import cut
from faq.tokens import shop_concepts

FREEZE = Entry("freeze", "how do i freeze my card", ("please freeze my card immediately",))
PAYMENT = Entry(
    "payment",
    "there is a payment on my card that i did not make",
    ("some charges on my card are not mine", "i do not know this card payment"),
)
TOP_UP = Entry("top-up", "how do i top up with my card", ("top up by card",))
BANK = (FREEZE, PAYMENT, TOP_UP)


@pytest.fixture
def found(tokens):
    def make(confidence, shares, worth=1.0):
        """A reading that puts entries 0, 1, ... in the order of their shares."""
        numbers = np.arange(len(shares), dtype=np.int32)
        table = np.zeros((len(shares), len(SEMANTIC)))
        lookup = Lookup(
            cut("card", tokens, shop_concepts()), numbers, numbers, table, semantic=True
        )
        share = np.asarray(shares, np.float64)
        order = tuple(np.argsort(-share, kind="stable").tolist())
        return Found(lookup, Ranking(order, np.log(share), share, confidence), worth)

    return make


def shown(snapshot, readings):
    return [(c.entry.id, round(c.score, 2)) for c in merged(snapshot, readings)]


def test_clauses_that_all_say_something_are_worth_less_without_each_other(found):
    clauses = out_of_context([found(0.6, [0.9, 0.1]), found(0.4, [0.1, 0.9])])
    assert [one.standing for one in clauses] == pytest.approx([0.48, 0.32])


def test_a_clause_keeps_its_word_beside_a_story(found):
    question, story = out_of_context([found(0.6, [0.9, 0.1]), found(0.02, [0.5, 0.5])])
    assert (question.worth, story.worth) == (1.0, OUT_OF_CONTEXT)


def test_one_clause_of_a_long_text_is_worth_less_than_the_text(found):
    (alone,) = out_of_context([found(0.5, [1.0])])
    assert math.isclose(alone.standing, 0.5 * OUT_OF_CONTEXT)


def test_the_surest_reading_says_what_comes_first_and_how_sure_that_is(make_matcher, found):
    snapshot = make_matcher(BANK).snapshot
    whole, clause = found(0.5, [0.9, 0.09, 0.01]), found(0.6, [0.01, 0.9, 0.09], 0.8)
    assert shown(snapshot, [whole, clause]) == [("freeze", 0.5), ("payment", 0.5), ("top-up", 0.06)]


def test_a_clause_without_its_message_is_told_less_sure(make_matcher, found):
    snapshot = make_matcher(BANK).snapshot
    whole, clause = found(0.5, [0.9, 0.09, 0.01]), found(0.9, [0.01, 0.9, 0.09], 0.8)
    assert shown(snapshot, [clause, whole])[:2] == [("payment", 0.72), ("freeze", 0.5)]


def test_what_a_clause_asks_comes_next_and_is_never_surer_than_the_first(make_matcher, found):
    snapshot = make_matcher(BANK).snapshot
    whole, clause = found(0.7, [0.5, 0.1, 0.4]), found(0.8, [0.05, 0.9, 0.05], 0.8)
    names = [name for name, _ in shown(snapshot, [whole, clause])]
    assert names == ["freeze", "payment", "top-up"]
    assert shown(snapshot, [whole, clause])[1] == ("payment", 0.7)


@pytest.mark.parametrize(
    ("confidence", "clauses", "expected"),
    [(0.4, ["one", "two"], True), (0.1, ["one", "two"], False), (0.9, ["a", "b", "c"], False)],
)
def test_two_clauses_are_one_question_where_the_whole_says_enough(
    found, confidence, clauses, expected
):
    assert is_whole(found(confidence, [1.0]), clauses) is expected


def test_a_message_of_several_clauses_about_one_thing_is_read_as_a_whole(make_matcher):
    text = "what about the charges on my card that are not mine, freeze my card"
    decision = make_matcher(BANK).decide(text)
    assert decision.route == "clauses"
    assert [c.entry.id for c in decision.candidates[:2]] == ["payment", "freeze"]


def test_what_is_said_in_two_breaths_is_not_taken_for_one_of_them(make_matcher):
    arrive = ("my card has not come yet", "the card that i ordered did not arrive")
    order = ("i want to order a new card", "ordering a second card")
    entries = (
        Entry("arrive", "when will my new card arrive", arrive),
        Entry("order", "how do i order a card", order),
    )
    text = "my card payment did not arrive, i ordered it a week ago"
    decision = make_matcher([*BANK, *entries]).decide(text)
    assert [c.entry.id for c in decision.candidates[:2]] == ["arrive", "payment"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("不是要退货，我想问换货怎么弄", True),
        ("我想退货，怎么退", False),
        ("不想退货了，不用换货了", False),
    ],
)
def test_taking_back_needs_something_that_is_wanted_as_well(text, expected):
    assert takes_back(text) is expected
