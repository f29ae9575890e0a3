from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faq.feedback import Verdict, curve, suggest


def verdicts(*rows, category="refund"):
    """Rows of (confidence, how many right, how many wrong, how many nobody judged)."""
    found = []
    for confidence, right, wrong, silent in rows:
        said = [True] * right + [False] * wrong + [None] * silent
        found += [Verdict(category, confidence, one) for one in said]
    return found


def one(rows, target=0.9, now=0.8, minimum=30, lowest=0.15):
    (found,) = suggest(rows, lambda _: (target, now), minimum, lowest)
    return found


def test_the_lowest_threshold_that_is_proven_to_reach_the_target_is_suggested():
    found = one(verdicts((0.9, 60, 0, 20), (0.6, 38, 2, 20), (0.4, 10, 30, 20)))
    assert found.chosen.threshold == 0.6
    assert found.chosen.judged == 100
    assert found.chosen.proven == pytest.approx(0.955, abs=0.005)
    assert found.chosen.coverage == pytest.approx(140 / 200)
    assert found.covers_now == pytest.approx(80 / 200)
    assert found.changes


def test_a_threshold_that_is_too_low_is_raised():
    found = one(verdicts((0.9, 60, 0, 0), (0.5, 10, 30, 0)), now=0.4)
    assert found.chosen.threshold == 0.9
    assert found.changes


def test_few_verdicts_suggest_nothing_however_good_they_are():
    found = one(verdicts((0.9, 29, 0, 500)))
    assert (found.chosen, found.missing, found.changes) == (None, 1, False)


def test_many_verdicts_that_prove_nothing_suggest_nothing():
    found = one(verdicts((0.9, 30, 30, 0)))
    assert (found.chosen, found.missing) == (None, 0)


def test_nothing_is_suggested_below_what_is_offered_at_all():
    assert one(verdicts((0.1, 200, 0, 0))).chosen is None


def test_what_is_as_it_should_be_is_not_suggested_again():
    assert not one(verdicts((0.8, 100, 0, 0)), now=0.8).changes


def test_each_category_is_on_its_own_the_busiest_first():
    rows = verdicts((0.9, 40, 0, 0), category="a") + verdicts((0.9, 1, 60, 0), category="b")
    found = suggest(rows, lambda name: (0.9 if name == "a" else 0.98, 0.99), 30, 0.15)
    assert [(each.category, each.target, each.chosen is not None) for each in found] == [
        ("b", 0.98, False),
        ("a", 0.9, True),
    ]


ROWS = st.lists(
    st.builds(
        Verdict,
        st.just("x"),
        st.sampled_from([0.2, 0.4, 0.5, 0.7, 0.9]),
        st.sampled_from([True, False, None]),
    ),
    max_size=60,
)


@settings(max_examples=100)
@given(ROWS)
def test_a_curve_covers_more_the_lower_it_goes_and_proves_no_more_than_it_saw(rows):
    points = curve(rows)
    assert all(a.threshold > b.threshold for a, b in pairwise(points))
    assert all(a.coverage < b.coverage for a, b in pairwise(points))
    assert all(0 <= point.proven <= point.precision <= 1 for point in points)
