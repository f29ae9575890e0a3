"""One token for all: fetched once, renewed early, forced rarely; a bad account is left alone."""

import asyncio
from datetime import timedelta

import pytest

from channels import token
from channels.errors import RateLimited, Unauthorized, Unavailable
from channels.testing import RememberedMemory
from channels.token import Token, Tokens

HOUR = timedelta(hours=1)


class Moving:
    """A clock that a test moves."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def on(self, **length):
        self.now += timedelta(**length)


class Platform:
    """Gives tokens out, and counts how often it is asked."""

    def __init__(self):
        self.number, self.asked, self.forced = 1, 0, 0
        self.fails = None
        self.lasts = 2 * HOUR
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, *, force):
        self.asked += 1
        self.forced += force
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        self.number += force
        return Token(f"t{self.number}", self.lasts)


@pytest.fixture
def time(now):
    return Moving(now)


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
async def process(time, platform):
    """Make what one process has; all share one memory and one platform."""
    memory, made = RememberedMemory(time), []

    def make(patience=60.0):
        made.append(Tokens(memory, time, "account", platform.fetch, patience=patience))
        return made[-1]

    make.memory = memory
    yield make
    for each in made:
        await each.close()


async def turns(number=50):
    """Let everything that can go on go on."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_two_processes_that_need_a_token_fetch_one(process, platform):
    one, other = process(), process()
    waiting = [asyncio.create_task(each.get()) for each in (one, other) for _ in range(50)]
    async with asyncio.timeout(60):
        assert set(await asyncio.gather(*waiting)) == {"t1"}
    assert platform.asked == 1


async def test_a_hundred_refusals_at_two_processes_are_one_new_token(process, platform):
    one, other = process(), process()
    old = await one.get()
    platform.number = 2
    waiting = [asyncio.create_task(each.get(old)) for each in (one, other) for _ in range(50)]
    async with asyncio.timeout(60):
        assert set(await asyncio.gather(*waiting)) == {"t2"}
    assert (platform.asked, platform.forced) == (2, 0)


async def test_a_hundred_refusals_of_the_token_that_is_given_out_again_force_one(process, platform):
    one, other = process(), process()
    old = await one.get()
    waiting = [asyncio.create_task(each.get(old)) for each in (one, other) for _ in range(50)]
    async with asyncio.timeout(60):
        assert set(await asyncio.gather(*waiting)) == {"t2"}
    assert (platform.asked, platform.forced) == (3, 1)


async def test_a_token_is_forced_once_a_minute_and_twenty_times_a_day(process, platform, time):
    one = process()
    for number in range(30):
        old = await one.get()
        if number < 20:
            assert await one.get(old) != old
            with pytest.raises(Unauthorized):
                await one.get(await one.get())
            time.on(seconds=61)
        else:
            with pytest.raises(Unauthorized):
                await one.get(old)
            time.on(minutes=30)
    assert platform.forced == 20
    time.on(hours=20)
    await one.get(await one.get())
    assert platform.forced == 21


async def test_a_bad_token_is_used_by_nobody_for_a_minute(process, platform, time):
    one, other = process(), process()
    await one.get(await one.get())
    with pytest.raises(Unauthorized):
        await one.get(await one.get())
    asked = platform.asked
    for each in (one, other, one, other):
        with pytest.raises(Unauthorized, match="just given out"):
            await each.get()
    assert platform.asked == asked
    time.on(seconds=60)
    assert await other.get()


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(Unauthorized("a wrong secret"), 60), (Unavailable("HTTP 500"), 2), (RateLimited(9.0), 9)],
)
async def test_a_fault_is_told_to_all_and_asked_for_again_later(
    process, platform, time, fault, seconds
):
    one, other = process(), process()
    platform.fails = fault
    waiting = [asyncio.create_task(each.get()) for each in (one, other) for _ in range(20)]
    async with asyncio.timeout(60):
        told = await asyncio.gather(*waiting, return_exceptions=True)
    assert {(type(error), str(error)) for error in told} == {(type(fault), str(fault))}
    assert platform.asked == 1
    time.on(seconds=seconds - 1)
    with pytest.raises(type(fault)):
        await other.get()
    assert platform.asked == 1
    platform.fails = None
    time.on(seconds=1)
    assert await other.get() == "t1"


async def test_a_mended_account_is_asked_for_at_the_next_start(process, platform):
    platform.fails = Unauthorized("a wrong secret")
    with pytest.raises(Unauthorized):
        await process().get()
    platform.fails = None
    mended = process()
    await mended.open()
    assert await mended.get() == "t1"


async def test_the_old_token_goes_on_while_the_new_one_is_fetched(process, platform, time):
    one, other = process(), process()
    await one.get()
    time.on(minutes=116)
    platform.number, _ = 2, platform.gate.clear()
    for each in (one, other, one, other):
        assert await each.get() == "t1"
    await turns()
    assert platform.asked == 2
    platform.gate.set()
    await turns()
    assert [await one.get(), await other.get()] == ["t2", "t2"]
    assert platform.asked == 2


async def test_a_renewal_that_fails_leaves_the_old_token_to_its_end(process, platform, time):
    one = process()
    await one.get()
    time.on(minutes=116)
    platform.fails = Unavailable("HTTP 500")
    for _ in range(10):
        assert await one.get() == "t1"
        await turns()
    assert platform.asked == 2
    time.on(minutes=4)
    with pytest.raises(Unavailable):
        await one.get()


async def test_a_short_lived_token_is_used_half_its_life(process, platform, time):
    one = process()
    platform.lasts = timedelta(seconds=60)
    await one.get()
    time.on(seconds=29)
    await one.get()
    await turns()
    assert platform.asked == 1
    time.on(seconds=2)
    await one.get()
    await turns()
    assert platform.asked == 2


async def test_who_hangs_keeps_nobody_waiting_for_long(process, platform, time):
    platform.gate.clear()
    one, other = process(patience=0.01), process(patience=0.01)
    for each in (one, other, one):
        with pytest.raises(Unavailable, match="no access token yet"):
            await each.get()
    assert platform.asked == 1
    platform.gate.set()
    await turns()
    assert await other.get() == "t1"
    assert platform.asked == 1


async def test_a_fetching_that_never_ends_is_given_up_before_its_lease(
    process, platform, monkeypatch
):
    assert timedelta(seconds=token.DEADLINE) < token.LEASE
    monkeypatch.setattr(token, "DEADLINE", 0.01)
    platform.gate.clear()
    with pytest.raises(Unavailable, match="too long"):
        await process().get()


async def test_when_the_fetching_process_is_killed_another_goes_on_after_its_lease(
    process, platform, time
):
    assert await process.memory.swap("lease:account", None, "killed", token.LEASE)
    other = process()
    waiting = asyncio.create_task(other.get())
    await turns()
    assert (waiting.done(), platform.asked) == (False, 0)
    time.now += token.LEASE
    async with asyncio.timeout(60):
        assert await waiting == "t1"
    assert platform.asked == 1
    assert await process.memory.get("lease:account") is None


async def test_an_ended_lease_is_not_taken_from_who_has_it_now(process, platform, time):
    slow, quick = process(), process()
    platform.gate.clear()
    first = asyncio.create_task(slow.get())
    await turns()
    time.now += token.LEASE
    second = asyncio.create_task(quick.get())
    async with asyncio.timeout(60):
        while platform.asked < 2:
            await asyncio.sleep(0)
    first.cancel()
    await slow.close()
    assert await process.memory.get("lease:account") is not None
    platform.gate.set()
    assert await second == "t1"


def test_a_token_is_no_text_to_be_read():
    assert "s3cret" not in repr(Token("s3cret", HOUR))
