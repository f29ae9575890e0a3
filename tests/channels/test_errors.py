"""What is told of a message that broke behind one of its pieces."""

import pytest

from channels.errors import (
    Blocked,
    RateLimited,
    Unauthorized,
    Unavailable,
    Uncertain,
    piece,
)


@pytest.mark.parametrize("problem", [Unavailable("busy"), RateLimited(3), Unauthorized("no")])
def test_nobody_knows_what_arrived_once_a_piece_was_taken(problem):
    with pytest.raises(Uncertain, match=f"2 of 3 pieces were taken, then: {problem}"), piece(2, 3):
        raise problem


@pytest.mark.parametrize("problem", [Unavailable("busy"), RateLimited(3), Unauthorized("no")])
def test_the_first_piece_and_what_is_known_again_may_be_tried_again(problem):
    for number, repeatable in ((0, False), (0, True), (2, True)):
        with pytest.raises(type(problem)), piece(number, 3, repeatable=repeatable):
            raise problem


def test_a_refusal_stays_one_and_says_what_was_taken():
    for number in (0, 1, 2):
        with pytest.raises(Blocked) as refused, piece(number, 3, repeatable=number == 2):
            raise Blocked
        assert refused.value.after == number
    assert Blocked().after == 0


def test_a_doubt_stays_as_it_was():
    with pytest.raises(Uncertain, match="never came"), piece(1, 3):
        raise Uncertain
