import asyncio
from datetime import timedelta

import pytest

from channels import errors
from channels.errors import RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from channels.simulation import Fault
from channels.tencent.weixin import CODES, ERRORS, STALE_TOKEN
from channels.testing import HANG_UP
from channels.wechat.simulator import refusal

OPENID = "oTESTopenid0000000000000001"


@pytest.fixture
def moving(clock):
    """A clock that can be moved on."""

    class Moving:
        ahead = timedelta()

        def __call__(self):
            return clock() + self.ahead

    return Moving()


async def test_one_token_serves_many_sends(joined, saying):
    async with joined() as (adapter, simulator):
        for number in range(3):
            await adapter.send(saying(f"{number}"))
        assert simulator.platform.fetched == 1


async def test_many_first_sends_fetch_one_token(joined, saying):
    async with joined() as (adapter, simulator):
        await asyncio.gather(*(adapter.send(saying(f"{number}")) for number in range(20)))
        assert len(simulator.screen) == 20
        assert simulator.platform.fetched == 1


async def test_an_expired_token_is_renewed_once_for_all(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.platform.expire_token()
        await asyncio.gather(*(adapter.send(saying(f"{number}")) for number in range(20)))
        assert len(simulator.screen) == 21
        assert (simulator.platform.fetched, simulator.platform.forced) == (2, 0)


async def test_the_same_token_again_is_forced_once(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.platform.keeps_refused = True
        simulator.platform.expire_token()
        await adapter.send(saying("hello"))
        assert [seen.text for seen in simulator.screen] == ["warm up", "hello"]
        assert (simulator.platform.fetched, simulator.platform.forced) == (3, 1)


async def test_a_token_that_is_never_good_is_not_fetched_in_a_loop(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.platform.refuses_all = True
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await adapter.send(saying("hello"))
        sends = [path for path in simulator.calls if path.endswith("/send")]
        assert len(sends) <= 1 + 5 * 2
        assert simulator.platform.forced == 1
        assert simulator.platform.fetched <= 1 + 1 + 5


async def renewed(adapter, clock):
    """Wait until the token in the memory is a new one."""
    async with asyncio.timeout(60):
        while adapter._memory.kept["token:wx51a7e0c0ffee0001"][1] < clock() + timedelta(hours=1):
            await asyncio.sleep(0)


async def test_a_token_is_renewed_before_its_end_and_used_meanwhile(joined, saying, moving):
    async with joined(at=moving) as (adapter, simulator):
        await adapter.send(saying("one"))
        moving.ahead = timedelta(seconds=7200 - 301)
        await adapter.send(saying("two"))
        assert simulator.platform.fetched == 1
        moving.ahead = timedelta(seconds=7200 - 299)
        simulator.platform.hangs.clear()
        await adapter.send(saying("three"))
        await adapter.send(saying("four"))
        simulator.platform.hangs.set()
        await renewed(adapter, moving)
        moving.ahead = timedelta(seconds=7200 + 1)
        await adapter.send(saying("five"))
        assert simulator.platform.fetched == 2
        assert len(simulator.screen) == 5


async def test_a_wrong_secret_is_told_at_the_start_and_needs_a_human(joined):
    with pytest.raises(Unauthorized, match="40125") as refused:
        async with joined({"app_secret": "not-the-secret"}):
            pytest.fail("it is ready")
    assert "not-the-secret" not in str(refused.value)


async def test_an_account_that_never_sends_needs_no_token(joined):
    async with joined(mode="passive") as (_, simulator):
        assert simulator.platform.fetched == 0


async def test_a_lost_token_is_no_uncertain_message(joined, saying, moving):
    async with joined(at=moving) as (adapter, simulator):
        simulator.platform.expire_token()
        simulator.platform.token_faults.append(Fault(HANG_UP, after_work=True))
        with pytest.raises(Unavailable):
            await adapter.send(saying("hello"))
        moving.ahead = timedelta(seconds=2)
        await adapter.send(saying("hello"))
        assert len(simulator.screen) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", Unauthorized),
        (b'{"access_token": 7, "expires_in": "x"}', Unauthorized),
        (b'{"errcode": -1}', Unavailable),
        (b'{"errcode": 45009}', RateLimited),
        (b'{"errcode": 12345}', Unauthorized),
        (b"<html>", Unavailable),
    ],
)
async def test_a_message_is_not_refused_for_its_token(joined, saying, body, kind):
    async with joined() as (adapter, simulator):
        simulator.platform.expire_token()
        simulator.platform.token_faults.append(Fault(200, body))
        with pytest.raises(kind) as failed:
            await adapter.send(saying("hello"))
        assert not isinstance(failed.value, Refused)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(200, b"{}"), Uncertain),
        (Fault(200, b'{"errcode": "0"}'), Uncertain),
        (Fault(200, b"<html>"), Uncertain),
        (Fault(403, b"{}"), Refused),
        (Fault(403, b"<html>"), Refused),
        (Fault(302, headers={"location": "http://127.0.0.1/"}), Unavailable),
    ],
)
async def test_a_senseless_answer_is_no_success(joined, saying, fault, kind):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.faults.append(fault)
        with pytest.raises(kind):
            await adapter.send(saying("hello"))


@pytest.mark.parametrize("code", sorted(set(ERRORS) - STALE_TOKEN))
async def test_each_error_code_becomes_its_error(joined, saying, code):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.faults.append(refusal(code))
        with pytest.raises(getattr(errors, ERRORS[code])) as failed:
            await adapter.send(saying("hello"))
        assert type(failed.value).__name__ == ERRORS[code]


async def test_an_inbox_can_take_a_code_otherwise(joined, saying):
    async with joined({"errors": {"45015": "Unavailable"}}, limited=True) as (adapter, _):
        with pytest.raises(Unavailable):
            await adapter.send(saying("hello"))


def test_an_unknown_code_is_a_refusal_that_says_its_reason():
    error = CODES.error(98765, "strange access_token=abcdef", {})
    assert type(error) is Refused
    assert "98765: strange" in str(error)
    assert "abcdef" not in str(error)


def test_a_days_quota_pauses_longer_than_a_minutes():
    assert CODES.error(45009, "", {}).retry_after > CODES.error(45011, "", {}).retry_after
