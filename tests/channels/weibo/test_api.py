import pytest

from channels import errors
from channels.errors import Refused, Unavailable, Uncertain
from channels.simulation import Fault
from channels.weibo.api import ERRORS, error_of
from channels.weibo.simulator import refusal


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_each_error_code_becomes_its_error(joined, saying, code):
    async with joined() as (adapter, simulator):
        simulator.faults.append(refusal(code))
        with pytest.raises(getattr(errors, ERRORS[code])) as failed:
            await adapter.send(saying("hello"))
        assert type(failed.value).__name__ == ERRORS[code]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(200, b"<html>"), Uncertain),
        (Fault(200, b'{"result": false}'), Refused),
        (Fault(400, b'{"error_code": "20003", "error": "no such user"}'), Refused),
        (Fault(400, b'{"error_code": "?"}'), Refused),
        (Fault(403, b"{}"), Refused),
        (Fault(200, b'{"error_code": 10001, "error": "system error"}'), Unavailable),
    ],
)
async def test_a_senseless_answer_is_no_success(joined, saying, fault, kind):
    async with joined() as (adapter, simulator):
        simulator.faults.append(fault)
        with pytest.raises(kind):
            await adapter.send(saying("hello"))
        assert not simulator.screen


async def test_an_inbox_can_take_a_code_otherwise(joined, saying):
    async with joined({"errors": {"20304": "WindowClosed"}}, limited=True) as (adapter, _):
        with pytest.raises(errors.WindowClosed):
            await adapter.send(saying("hello"))


def test_an_unknown_code_is_a_refusal_that_says_its_reason():
    error = error_of(98765, "strange access_token=abcdef", {})
    assert type(error) is Refused
    assert "98765: strange" in str(error)
    assert "abcdef" not in str(error)
