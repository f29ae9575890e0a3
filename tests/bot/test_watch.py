import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from bot.watch import KEY, LEASE, Watch
from storage import adapter_memory
from tests.postgres import on_postgres, on_sqlite


class Work:
    """Notes whether it runs."""

    def __init__(self) -> None:
        self.running, self.begun, self.ended = False, asyncio.Event(), asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self) -> None:
        self.running = True
        self.begun.set()
        try:
            await self.go.wait()
        finally:
            self.running = False
            self.ended.set()


class Patient(Watch):
    """Counts how often it asked for the lease."""

    asked = 0

    async def _swap(self, inbox, old, new):
        done = await super()._swap(inbox, old, new)
        self.asked += 1
        return done

    async def asks(self, often: int) -> None:
        async with asyncio.timeout(60):
            while self.asked < often:
                await asyncio.sleep(0.001)


@pytest.fixture
def ticking(db, time):
    """Start processes that want to work."""
    tasks = []

    def start(work: Work, watch: Watch | None = None) -> asyncio.Task[None]:
        watch = watch or Watch(db, time, beat=0.01)
        task = asyncio.create_task(watch.alone("shop", work))
        tasks.append(task)
        return task

    yield start
    for task in tasks:
        task.cancel()


async def ended(task):
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@on_postgres
async def test_only_one_of_two_works_and_the_other_follows_when_it_stops(ticking, db, time):
    one, two = Work(), Work()
    first = ticking(one)
    await asyncio.wait_for(one.begun.wait(), 60)
    second = Patient(db, time, beat=0.01)
    ticking(two, second)
    await second.asks(3)
    assert (one.running, two.running) == (True, False)
    await ended(first)
    await asyncio.wait_for(two.begun.wait(), 60)
    assert not one.running


@on_postgres
async def test_a_process_that_died_is_followed_when_its_lease_is_over(ticking, db, time):
    await db.write(adapter_memory.swap, "shop", KEY, None, "dead", time() + LEASE, time())
    work = Work()
    watch = Patient(db, time, beat=0.01)
    ticking(work, watch)
    await watch.asks(3)
    assert not work.running
    time.pass_by(seconds=LEASE.total_seconds() + 1)
    await asyncio.wait_for(work.begun.wait(), 60)


@on_postgres
async def test_who_has_lost_the_lease_stops_at_once(ticking, db, time):
    work = Work()
    ticking(work)
    await asyncio.wait_for(work.begun.wait(), 60)
    until = time() + timedelta(hours=1)
    await db.write(adapter_memory.remember, "shop", KEY, "another", until)
    await asyncio.wait_for(work.ended.wait(), 60)


@on_postgres
async def test_what_breaks_is_told_and_frees_the_lease(db, time):
    async def broken() -> None:
        raise LookupError("the platform is away")

    with pytest.raises(LookupError):
        await Watch(db, time, beat=0.01).alone("shop", broken)
    assert await db.read(adapter_memory.recall, "shop", KEY, time()) is None


@on_sqlite
async def test_a_file_needs_no_lease(ticking, db, time):
    work = Work()
    ticking(work)
    await asyncio.wait_for(work.begun.wait(), 60)
    assert await db.read(adapter_memory.recall, "shop", KEY, time()) is None
