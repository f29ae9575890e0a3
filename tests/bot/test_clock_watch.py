"""The machine's clock is set while customers wait: nobody waits the longer for it."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.clock_watch import ClockWatch
from bot.metrics import Metrics
from bot.service import Service
from bot.timers import Ticker
from channels.errors import RateLimited
from storage.models import DeliveryStatus, LaneKind
from tests.postgres import on_sqlite

pytestmark = on_sqlite


class Steady:
    """A clock that nobody sets."""

    def __init__(self):
        self.seconds = 5.0

    def __call__(self):
        return self.seconds


class Nothing:
    ready, encoder = False, None

    async def refresh(self):
        pass


@pytest.fixture
def ticker(db, time):
    return Ticker(db, Nothing(), None, time, Metrics())


@pytest.fixture
def watch(ticker, time):
    def over(house, steady=None):
        return ClockWatch(house.db, house.inboxes, house.signals, ticker, time, steady or Steady())

    return over


async def test_a_message_that_waits_is_answered_although_the_clock_went_back(build, watch, time):
    house = await build().open()
    looks = watch(house)
    await house.hears("hello")
    time.pass_by(hours=-1)
    assert await house.worker.none_ready()
    await looks.look()
    assert house.signals.inbound.is_set()
    await house.think()
    await house.send()
    assert house.texts() == ["re: hello"]


async def test_an_inbox_that_was_to_pause_is_tried(build, watch, time):
    house = await build().open()
    looks = watch(house)
    house.adapter().fail(RateLimited(30))
    await house.says("hello")
    await house.send_together()
    assert await house.statuses() == [DeliveryStatus.PENDING]
    time.pass_by(hours=-1)
    assert house.inboxes.able() == []
    await looks.look()
    time.pass_by(seconds=31)
    await house.send_together()
    assert house.texts() == ["hello"]


async def test_a_clock_that_is_put_right_a_little_moves_nothing(build, watch, time):
    house = await build().open()
    steady = Steady()
    looks = watch(house, steady)
    await house.hears("hello")
    before = await house.lane(LaneKind.IN)
    with capture_logs() as logs:
        for _ in range(10):
            steady.seconds += 1
            time.pass_by(seconds=0.7)
            await looks.look()
    assert logs == []
    assert await house.lane(LaneKind.IN) == before


async def test_a_clock_that_is_set_forward_is_told_and_what_is_due_is_due(build, watch, time):
    house = await build().open()
    looks = watch(house)
    await house.hears("hello")
    before = await house.lane(LaneKind.IN)
    time.pass_by(days=400)
    with capture_logs() as logs:
        await looks.look()
    assert [(line["event"], line["seconds"]) for line in logs] == [
        ("the clock was set", timedelta(days=400).total_seconds())
    ]
    assert await house.lane(LaneKind.IN) == before


async def test_what_the_database_does_not_take_is_done_when_it_does(build, watch, time):
    house = await build().open()
    looks = watch(house)
    await house.hears("hello")
    await house.db.__aexit__()
    time.pass_by(minutes=-30)
    await looks.look()
    time.pass_by(minutes=-30)
    await looks.look()
    await house.db.__aenter__()
    await looks.look()
    assert not await house.worker.none_ready()
    assert (await house.lane(LaneKind.IN)).ready_at == time()


async def test_who_starts_with_an_earlier_clock_works_at_once(build, watch, time):
    house = await build().open()
    await house.hears("hello")
    time.pass_by(hours=-1)
    await watch(house).begin()
    await house.think()
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]


async def test_ticks_go_on_from_the_new_time(ticker, time):
    ticker.start()
    time.pass_by(hours=-1)
    ticker.tick_anew()
    assert {job.next_run_time for job in ticker._scheduler.get_jobs()} == {time()}
    ticker.stop()


async def test_the_product_watches_its_clock_while_it_runs(run):
    served = await run()
    service: Service = served.service
    assert "clock" in {task.get_name() for task in asyncio.all_tasks()}
    await service.__aexit__()
    assert "clock" not in {task.get_name() for task in asyncio.all_tasks() if not task.done()}
