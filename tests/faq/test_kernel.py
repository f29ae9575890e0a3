from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faq import kernel
from faq.kernel import ANOTHER, NONE, SKETCH_SCALE, Voters, leading, nearest
from faq.matcher import Entry

LONG = "我上个月买的那台空气净化器滤网指示灯一直亮着换了新的滤网以后还是亮怎么处理"


def voters(near, owner, alike):
    """Each row's sketch is a unit vector; rows of the same number in `alike` say the same."""
    sketches = np.zeros((len(near), 128), np.int8)
    sketches[np.arange(len(near)), alike] = SKETCH_SCALE
    weight = np.ones(len(near), np.float32)
    return Voters(np.asarray(near, np.float32), np.asarray(owner), weight, sketches, None)


def test_rows_that_say_the_same_share_one_vote():
    votes = voters([0.5, 0.5, 0.5], [0, 0, 1], [0, 0, 1]).count(2)
    assert np.isclose(votes.entries[0], votes.entries[1], atol=0.05)


def test_votes_for_nothing_and_for_others_are_kept_apart():
    votes = voters([0.5, 0.4, 0.3], [0, NONE, ANOTHER], [0, 1, 2]).count(1)
    assert votes.entries[0] > votes.none > 0.3


def test_they_vote_once_more_by_meaning_alone():
    """The first two share every letter with what is asked, the third means the same."""
    vectors = np.eye(3, 8, dtype=np.float32)
    cosine = np.asarray([0.2, 0.2, 0.9], np.float32)
    near = kernel.likeness(cosine, np.asarray([1.0, 1.0, 0.0]), 2.0).astype(np.float32)
    plain = voters(near, [0, 0, 1], [0, 1, 2])
    by_letters = plain.count(2)
    both = replace(plain, meaning=(vectors, cosine), lexical=2.0).count(2)
    assert (by_letters.broad.tolist(), int(both.entries.argmax())) == ([0, 0], 0)
    assert int(both.broad.argmax()) == 1


def test_labelled_questions_vote_in_both_counts():
    vectors, near = np.eye(2, 8, dtype=np.float32), np.asarray([0.5, 0.8], np.float32)
    one, other = (
        replace(voters(near[[at]], [at], [at]), meaning=(vectors[[at]], near[[at]]))
        for at in range(2)
    )
    votes = one.and_more(other).count(2)
    assert votes.broad[1] > votes.broad[0] > 0


def test_nobody_votes_where_nobody_is():
    votes = voters([], [], []).count(3)
    assert (votes.entries.tolist(), votes.none, votes.broad.tolist()) == ([0] * 3, 0, [0] * 3)


@given(st.lists(st.integers(-5, 100), min_size=1, max_size=300, unique=True), st.integers(1, 40))
def test_the_nearest_are_the_largest(numbers, most):
    near = np.asarray(numbers, np.float32)
    found = near[nearest(near, most)]
    assert sorted(found.tolist()) == sorted(numbers)[-most:]


@given(st.lists(st.integers(-5, 20), max_size=300), st.integers(1, 40))
def test_the_leading_are_in_order_and_above_nought_and_of_equal_ones_the_first(numbers, most):
    ordered = sorted(range(len(numbers)), key=lambda at: (-numbers[at], at))
    expected = [at for at in ordered if numbers[at] > 0][:most]
    assert leading(np.asarray(numbers, np.float32), most).tolist() == expected


def test_terse_questions_of_another_entry_do_not_take_a_long_question_away(make_matcher):
    filters = Entry("filter", "净化器滤网指示灯一直亮", ("换了滤网灯还是亮怎么办",))
    other = Entry("purifier", "净化器怎么选", ("哪款净化器适合卧室",))
    terse = ("净化器", "滤网", "灯亮", "怎么处理", "一直亮", "换滤网", "空气", "上个月买的")
    greedy = Entry("purifier", other.question, (*other.similar_questions, *terse))
    assert make_matcher([filters, other]).decide(LONG).candidates[0].entry.id == "filter"
    assert make_matcher([filters, greedy]).decide(LONG).candidates[0].entry.id == "filter"
