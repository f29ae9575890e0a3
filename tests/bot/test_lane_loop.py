"""The loop under worker and delivery: nothing that happens to one lane or the disk ends it."""

import asyncio
from datetime import timedelta

import pytest

from bot.lane_loop import HELP_SECONDS, LEASE, LaneLoop, backoff
from bot.signals import Hint
from storage import lanes
from storage.database import Unavailable
from storage.models import Lane, LaneKind


class Loop(LaneLoop):
    """Finishes each lane's items; a lane named `broken` breaks once."""

    kind = LaneKind.IN

    def __init__(self, db, clock, width=32):
        super().__init__(db, clock, Hint("in", lambda _word, _within: None), width)
        self.worked, self.broken, self.inside, self.most = [], {"broken"}, 0, 0
        self.hold = None

    async def work(self, lane, token):
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            if self.hold is not None:
                await self.hold.wait()
            if lane in self.broken:
                self.broken.remove(lane)
                raise ValueError("a bug of ours")
            await self.db.write(lanes.finish, self.kind, lane, token, 1, self.clock())
            self.worked.append(lane)
        finally:
            self.inside -= 1


async def ready(db, time, *keys):
    for key in keys:
        await db.write(lanes.bump, LaneKind.IN, key, "shop", time())


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.001)


@pytest.fixture
async def running(db, time):
    """Start loops, and stop them at the end."""
    begun = []

    def start(loop):
        begun.append((loop, asyncio.create_task(loop.run())))
        return loop

    yield start
    for loop, task in begun:
        await loop.stop(1)
        await task


async def test_what_is_ready_is_worked_and_what_comes_is_noticed(db, time, running):
    await ready(db, time, "a", "b")
    loop = running(Loop(db, time))
    await until(lambda: sorted(loop.worked) == ["a", "b"])
    await ready(db, time, "c")
    loop._hint.set()
    await until(lambda: "c" in loop.worked)


async def test_a_lost_hint_costs_only_time(db, time, running, monkeypatch):
    monkeypatch.setattr("bot.lane_loop.IDLE_SECONDS", 0.01)
    loop = running(Loop(db, time))
    await asyncio.sleep(0)
    await ready(db, time, "a")
    await until(lambda: loop.worked == ["a"])


async def test_a_lane_that_breaks_is_put_off_alone(db, time, running, monkeypatch):
    monkeypatch.setattr("bot.lane_loop.IDLE_SECONDS", 0.01)
    await ready(db, time, "broken", "fine")
    loop = running(Loop(db, time))
    await until(lambda: loop.worked == ["fine"] and not loop.broken and not loop._busy)
    lane = await db.read(lambda s: s.get_one(Lane, (LaneKind.IN, "broken")))
    assert (lane.attempts, lane.token) == (1, None)
    time.pass_by(seconds=1)
    await until(lambda: loop.worked == ["fine", "broken"])


@pytest.mark.parametrize("problem", [Unavailable("disk full"), OSError("disk I/O error")])
async def test_a_database_that_is_away_does_not_end_the_loop(
    db, time, running, monkeypatch, problem
):
    monkeypatch.setattr("bot.lane_loop.BLIND_SECONDS", 0.0)
    away = [problem] * 3

    class Away:
        write = db.write

        @staticmethod
        async def read(fn, *args, **kwargs):
            if away:
                raise away.pop()
            return await db.read(fn, *args, **kwargs)

    await ready(db, time, "a")
    loop = Loop(db, time)
    loop.db = Away()
    running(loop)
    await until(lambda: loop.worked == ["a"])


async def test_no_more_lanes_are_worked_at_a_time_than_there_is_room_for(db, time, running):
    await ready(db, time, *"abcdef")
    loop = Loop(db, time, width=2)
    loop.hold = asyncio.Event()
    running(loop)
    await until(lambda: loop.inside == 2)
    loop.hold.set()
    await until(lambda: len(loop.worked) == 6)
    assert loop.most == 2


async def test_stopping_waits_for_what_is_being_done(db, time, running):
    await ready(db, time, "a")
    loop = running(Loop(db, time))
    loop.hold = asyncio.Event()
    await until(lambda: loop.inside == 1)
    stopping = asyncio.create_task(loop.stop(60))
    await asyncio.sleep(0)
    loop.hold.set()
    await stopping
    assert loop.worked == ["a"]


async def test_what_takes_too_long_to_stop_is_left_to_its_lease(db, time, running):
    await ready(db, time, "a")
    loop = running(Loop(db, time))
    loop.hold = asyncio.Event()
    await until(lambda: loop.inside == 1)
    await loop.stop(0.01)
    assert (loop.worked, loop.inside) == ([], 0)
    lease = LEASE
    assert await db.write(lanes.claim, LaneKind.IN, "next", time(), lease) == []
    time.pass_by(seconds=61)
    assert await db.write(lanes.claim, LaneKind.IN, "next", time(), lease) == ["a"]


class Slow(Loop):
    """Is told late what it claimed; holds each lane until it is let go."""

    def __init__(self, db, time):
        super().__init__(db, time)
        self.told, self.held = asyncio.Event(), {}
        self.told.set()

    async def claim(self, free):
        claimed = await super().claim(free)
        if claimed:
            await self.told.wait()
        return claimed

    async def work(self, lane, token):
        await self.held.setdefault(lane, asyncio.Event()).wait()
        await super().work(lane, token)


async def claiming(db, time, running):
    """Return a loop that has `a` in hand, and does not know yet that it has claimed `b`."""
    await ready(db, time, "a")
    loop = Slow(db, time)
    running(loop)
    await until(lambda: "a" in loop.held)
    loop.told.clear()
    await ready(db, time, "b")
    loop._hint.set()
    async with asyncio.timeout(60):
        while await db.read(lanes.none_ready, LaneKind.IN, time()) is False:
            await asyncio.sleep(0.001)
    return loop


@pytest.mark.parametrize("first", ["the claim", "what was in hand"])
async def test_stopping_waits_also_for_what_was_just_claimed(db, time, running, first):
    loop = await claiming(db, time, running)
    stopping = asyncio.create_task(loop.stop(60))
    await asyncio.sleep(0)
    if first == "the claim":
        loop.told.set()
        await until(lambda: "b" in loop.held)
        loop.held["a"].set()
        await until(lambda: loop.worked == ["a"])
    else:
        loop.held["a"].set()
        await until(lambda: loop.worked == ["a"])
        loop.told.set()
        await until(lambda: "b" in loop.held)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not stopping.done()
    loop.held["b"].set()
    await stopping
    assert loop.worked == ["a", "b"]


async def test_what_was_claimed_and_comes_too_late_for_stopping_is_given_back(db, time, running):
    loop = await claiming(db, time, running)
    await loop.stop(0.01)
    loop.told.set()
    async with asyncio.timeout(60):
        while await db.read(lanes.none_ready, LaneKind.IN, time()):
            await asyncio.sleep(0.001)
    assert ("b" in loop.held, loop.worked) == (False, [])


async def test_a_lane_whose_lease_ran_out_in_our_own_hands_is_not_worked_twice(
    db, time, running, monkeypatch
):
    monkeypatch.setattr("bot.lane_loop.IDLE_SECONDS", 0.01)
    await ready(db, time, "a")
    loop = running(Loop(db, time))
    loop.hold = asyncio.Event()
    await until(lambda: loop.inside == 1)
    time.pass_by(seconds=61)
    await ready(db, time, "b")
    await until(lambda: loop.inside == 2)
    lane = await db.read(lambda s: s.get_one(Lane, (LaneKind.IN, "a")))
    assert lane.lease_until > time()
    loop.hold.set()
    await until(lambda: not loop._busy)
    assert sorted(loop.worked) == ["a", "b"]


class Lingering(Loop):
    """Puts a lane down some time after its last item is stored as done."""

    async def work(self, lane, token):
        number = self.worked.count(lane) + 1
        await self.db.write(lanes.finish, self.kind, lane, token, number, self.clock())
        self.worked.append(lane)
        if self.hold is not None:
            await self.hold.wait()


async def test_what_comes_while_a_lane_is_put_down_does_not_wait_for_its_lease(db, time, running):
    await ready(db, time, "a")
    loop = Lingering(db, time)
    loop.hold = asyncio.Event()
    running(loop)
    await until(lambda: loop.worked == ["a"])
    await ready(db, time, "a")
    loop._hint.set()
    async with asyncio.timeout(60):
        while await db.read(lanes.none_ready, LaneKind.IN, time()) is False:
            await asyncio.sleep(0.001)
    loop.hold.set()
    await until(lambda: loop.worked == ["a", "a"])


async def test_who_has_room_tells_no_other_process_and_who_has_not_does(db, time, running):
    told = []
    loop = Loop(db, time, width=8)
    loop._hint = hint = Hint("in", lambda _word, within: told.append(within))
    loop.hold = asyncio.Event()
    hint.set()
    assert told == [0], "nobody works here yet"
    running(loop)
    await until(lambda: not hint.is_set())
    await ready(db, time, "a")
    hint.set()
    await until(lambda: loop.inside == 1)
    assert told == [0], "there was room for it here"
    await ready(db, time, "b")
    hint.set()
    await until(lambda: loop.inside == 2)
    told.clear()  # It may have found the second one by itself, before the hint was set.
    hint.set()
    assert told == [HELP_SECONDS], "there is enough in hand"
    loop.hold.set()
    await until(lambda: not loop._busy)
    told.clear()
    await loop.stop(1)
    assert told == [0], "who stops leaves the rest to the others"


async def test_after_stopping_nothing_new_is_begun(db, time):
    loop = Loop(db, time)
    await loop.stop(0)
    await ready(db, time, "a")
    async with asyncio.timeout(60):
        await loop.run()
    assert loop.worked == []


def test_waiting_grows_with_failures_up_to_two_minutes_and_never_vanishes():
    assert backoff(0, 0.0) == timedelta(seconds=0.5)
    assert backoff(3, 1.0) == timedelta(seconds=8)
    assert backoff(3, 0.0) == timedelta(seconds=4)
    assert backoff(10**9, 1.0) == timedelta(seconds=120)


async def test_a_live_process_prolongs_what_it_has_in_hand(db, time, running):
    await ready(db, time, "a")
    loop = running(Loop(db, time))
    loop.hold = asyncio.Event()
    await until(lambda: loop.inside == 1)
    time.pass_by(seconds=14)
    await loop.beat()
    time.pass_by(seconds=14)
    assert await db.write(lanes.claim, LaneKind.IN, "other", time(), LEASE) == []
    loop.hold.set()
    await until(lambda: loop.worked == ["a"])


async def test_a_lane_whose_own_end_was_in_doubt_is_free_at_once(db, time, running):
    """The repetition of what was stored after all is fenced off by it."""
    await ready(db, time, "a", "a")
    loop = Loop(db, time)
    begun, real = [], loop.work

    async def work(lane, token):
        begun.append(lane)
        if len(begun) == 1:
            await db.write(lanes.finish, LaneKind.IN, lane, token, 1, time())
            await db.write(lanes.finish, LaneKind.IN, lane, token, 1, time())
        await real(lane, token)

    loop.work = work
    running(loop)
    await until(lambda: len(begun) == 2)
