from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import BadRequest
from channels.webhook.signature import ID, SIGNATURE, TIMESTAMP, check, headers, key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
THEN = datetime.fromtimestamp(1614265330, UTC)
GIVEN = {
    ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    TIMESTAMP: "1614265330",
    SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""The worked example of Standard Webhooks."""
OLD = "whsec_" + "b2xk" * 8


def test_the_worked_example_is_signed_and_believed():
    assert headers([key(SECRET)], GIVEN[ID], BODY, THEN) == GIVEN
    assert check([key(SECRET)], GIVEN, BODY, THEN) == GIVEN[ID]


def test_while_a_key_is_changed_both_are_good():
    both = headers([key(SECRET), key(OLD)], "m-1", BODY, THEN)
    for keys in ([key(SECRET)], [key(OLD)], [key(OLD), key(SECRET)]):
        assert check(keys, both, BODY, THEN) == "m-1"
    assert check([key(SECRET), key(OLD)], headers([key(OLD)], "m-1", BODY, THEN), BODY, THEN)


@pytest.mark.parametrize(
    "changed",
    [
        {SIGNATURE: ""},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {SIGNATURE: "v1,\udcff中"},
        {SIGNATURE: " ".join(["v1,x"] * 10 + [GIVEN[SIGNATURE]])},
        {ID: "msg_other"},
        {ID: ""},
        {ID: "中"},
        {ID: "x" * 300},
        {TIMESTAMP: "1614265331"},
        {TIMESTAMP: "9" * 12},
        {TIMESTAMP: "yesterday"},
        {TIMESTAMP: "¹"},
        {TIMESTAMP: "-1"},
    ],
)
def test_anything_else_is_refused(changed):
    with pytest.raises(BadRequest) as refused:
        check([key(SECRET)], GIVEN | changed, BODY, THEN)
    assert refused.value.status == 401
    assert SECRET not in str(refused.value)


def test_another_body_is_refused():
    with pytest.raises(BadRequest):
        check([key(SECRET)], GIVEN, BODY + b" ", THEN)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_call_of_another_time_is_refused(minutes):
    with pytest.raises(BadRequest, match="clocks"):
        check([key(SECRET)], GIVEN, BODY, THEN + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "secret", ["", "MfKQ9r8G", "whsec_", "whsec_AAAA", "whsec_!!", "whsec_" + "A" * 100]
)
def test_a_weak_or_mistyped_secret_is_refused_with_the_way_to_make_one(secret):
    with pytest.raises(ValueError, match="openssl rand"):
        key(secret)
