from datetime import UTC, datetime

import pytest

from channels.slack.shape import Unreadable, branch, moment, needed, number, twigs, word

ODD = [None, True, 0, 1.5, "x", [], ["x"], {}, {"x": None}]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("odd", ODD)
def test_a_wrong_type_is_as_good_as_nothing(odd):
    assert word({"a": odd}, "a", "b") == ""
    assert word({"a": odd}, "a") == (odd if isinstance(odd, str) else "")
    assert branch({"a": {"b": odd}}, "a", "b") == (odd if isinstance(odd, dict) else {})
    assert twigs({"a": odd}, "a") == ()
    assert number({"a": odd}, "a") == (0 if odd == 0 and odd is not False else None)


def test_what_is_needed_is_named_when_it_is_missing():
    with pytest.raises(Unreadable, match=r"no user\.id"):
        needed({"user": {"id": 7}}, "user", "id")


@pytest.mark.parametrize(
    "stamp", ["", "soon", "nan", "inf", "-1", "1e300", "0", "9" * 400, "１２.５x"]
)
def test_a_senseless_time_stamp_is_now(stamp):
    assert moment(stamp, NOW) == NOW


def test_a_time_stamp_is_a_moment():
    assert moment("1700000000.000100", NOW) == datetime.fromtimestamp(1700000000.0001, UTC)
