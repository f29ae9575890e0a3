import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.errors import BadRequest
from channels.weibo.signature import check, signature

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "signatures.json").read_text())[
    "weibo"
]
SECRET = VECTOR["app_secret"]
THEN = datetime.fromtimestamp(1700000000, UTC)


def query(timestamp=VECTOR["timestamp"], **changes):
    signed = signature(SECRET, timestamp, VECTOR["nonce"])
    return {"timestamp": timestamp, "nonce": VECTOR["nonce"], "signature": signed, **changes}


def test_the_vector_is_reproduced():
    assert signature(SECRET, VECTOR["timestamp"], VECTOR["nonce"]) == VECTOR["signature"]
    check({name: VECTOR[name] for name in ("timestamp", "nonce", "signature")}, SECRET, THEN)


@pytest.mark.parametrize("timestamp", ["1700000299", "1699999701", "1700000000123"])
def test_seconds_and_milliseconds_are_fresh(timestamp):
    check(query(timestamp), SECRET, THEN)


@pytest.mark.parametrize(
    "timestamp", ["1700000301", "1699999699", "1700000301000", "0", "", "now", "１７", "9" * 40]
)
def test_stale_and_senseless_times_are_refused(timestamp):
    with pytest.raises(BadRequest):
        check(query(timestamp), SECRET, THEN)


@pytest.mark.parametrize("given", ["", "0" * 40, "é", "\ud800", VECTOR["signature"].upper()])
def test_another_signature_is_refused(given):
    with pytest.raises(BadRequest):
        check(query(signature=given), SECRET, THEN)


def test_a_call_without_anything_is_refused():
    with pytest.raises(BadRequest):
        check({}, SECRET, THEN)
