"""Ticks: each may come late, twice or never; the rows decide."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.signals import Signals
from bot.timers import EFFECTS, Ticker
from channels.message import Text
from faq.matcher import Band, Decision
from handlers.base import Handoff, Outcome
from handlers.desk import gaps as gaps_job
from storage import gaps, retention, timers
from storage.database import Unavailable
from storage.models import InboundEvent, Owner, Timer
from tests.postgres import on_sqlite


class Knowledge:
    """Counts how often it was asked to look; knows no answer."""

    ready, encoder = True, None

    def __init__(self):
        self.asked = 0

    async def decide(self, text):
        return Decision(Band.HANDOFF, 0.0, (), "unknown", text)

    async def refresh(self):
        self.asked += 1


@pytest.fixture
def ticker(db, time):
    return Ticker(db, Knowledge(), Signals(), time, Metrics())


async def hand_over(turn):
    return Outcome(reply=(Text(text="a person comes"),), actions=(Handoff("asked"),))


async def waiting(build):
    house = build(hand_over)
    await house.hears("a person please")
    await house.think()
    return house


async def test_who_still_waits_is_told_once(build, ticker, time):
    house = await waiting(build)
    time.pass_by(minutes=4, seconds=59)
    await ticker.fire_timers()
    assert len(await house.spoken()) == 2
    assert not ticker._signals.outbound.is_set()
    time.pass_by(seconds=1)
    await ticker.fire_timers()
    await ticker.fire_timers()
    time.pass_by(hours=1)
    await ticker.fire_timers()
    spoken = await house.spoken()
    assert [who for who, _ in spoken] == ["contact", "bot", "system"]
    assert await house.statuses() == ["pending", "pending"]
    assert ticker._signals.outbound.is_set()


async def test_who_was_taken_meanwhile_hears_nothing(build, ticker, time):
    house = await waiting(build)
    conversation = await house.conversation()

    def take(session):
        row = session.merge(conversation)
        row.owner = Owner.AGENT

    await house.db.write(take)
    time.pass_by(minutes=5)
    await ticker.fire_timers()
    assert len(await house.spoken()) == 2


async def test_a_timer_of_an_unknown_kind_does_not_stop_the_notices(build, ticker, time):
    house = await waiting(build)
    await house.db.write(timers.add, "odd", "of a newer version", time(), {})
    time.pass_by(minutes=5)
    await ticker.fire_timers()
    assert [who for who, _ in await house.spoken()] == ["contact", "bot", "system"]


async def test_the_sweep_is_done_once_a_day_by_whoever_comes_first(build, ticker, time):
    house = build()
    await house.hears("old")
    await house.think()
    time.pass_by(days=31)
    for _ in range(3):
        await ticker.plan_sweep()
    planned = await house.db.read(lambda s: list(s.exec(select(Timer))))
    assert [timer.key for timer in planned] == [f"sweep:{time():%Y-%m-%d}"]
    await ticker.fire_timers()
    assert await house.db.read(lambda s: list(s.exec(select(InboundEvent)))) == []
    time.pass_by(days=1)
    await ticker.plan_sweep()
    assert await house.db.read(timers.any_due, time())


async def test_a_long_sweep_goes_on_from_tick_to_tick(build, ticker, time, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 2)
    house = build()
    for number in range(5):
        await house.hears(f"old {number}")
    for _ in range(5):
        await house.think()
    time.pass_by(days=31)
    await ticker.plan_sweep()
    left = []
    for _ in range(4):
        await ticker.fire_timers()
        left.append(len(await house.db.read(lambda s: s.exec(select(InboundEvent)).all())))
    assert left == [3, 1, 0, 0]
    swept = select(Timer.key).order_by(Timer.key)
    keys = await house.db.read(lambda s: s.exec(swept).all())
    day = f"sweep:{time():%Y-%m-%d}"
    assert keys == [day, f"{day}:1", f"{day}:2"]
    assert not await house.db.read(timers.any_due, time())


@on_sqlite
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-28"),
        ("Europe/Berlin", "2026-10-24"),
        ("America/New_York", "2026-10-31"),
        ("Asia/Shanghai", "2028-02-28"),
    ],
)
async def test_a_day_has_one_sweep_and_four_looks_for_gaps_wherever_the_clocks_change(
    ticker, db, time, live_in, zone, day
):
    live_in(zone)
    time.now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    days = [f"{time() + timedelta(days=number):%Y-%m-%d}" for number in range(3)]
    for _ in range(36):
        await ticker.plan_sweep()
        await ticker.look_for_gaps()
        await ticker.fire_timers()
        time.pass_by(hours=2)
    keys = await db.read(lambda session: session.exec(select(Timer.key)).all())
    looks = [f"{gaps_job.KIND}:{day}:{part}" for day in days for part in range(4)]
    assert sorted(keys) == sorted([*(f"sweep:{day}" for day in days), *looks])
    left = select(Timer.key).where(Timer.done_at.is_(None))
    assert await db.read(lambda session: session.exec(left).all()) == []


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Europe/Berlin", "2026-03-29T00:58+00:00"),
        ("Europe/Berlin", "2026-10-25T00:58+00:00"),
        ("Asia/Shanghai", "2028-02-28T15:58+00:00"),
        ("Asia/Shanghai", "2028-02-29T15:58+00:00"),
    ],
)
async def test_who_waits_is_told_in_time_also_while_the_clocks_change(
    build, ticker, time, live_in, zone, at
):
    live_in(zone)
    time.now = datetime.fromisoformat(at)
    house = await waiting(build)
    time.pass_by(minutes=4, seconds=59)
    await ticker.fire_timers()
    assert len(await house.spoken()) == 2
    time.pass_by(seconds=1)
    await ticker.fire_timers()
    assert [who for who, _ in await house.spoken()] == ["contact", "bot", "system"]


async def test_what_waits_is_measured_by_direction(build, ticker, time):
    house = build()
    await house.hears("one")
    await house.hears("two")
    await house.says("hello", thread="tom")
    await ticker.measure()
    value = ticker._metrics.registry.get_sample_value
    assert value("yingda_backlog", {"direction": "in"}) == 2
    assert value("yingda_backlog", {"direction": "out"}) == 1
    await house.think()
    await ticker.measure()
    assert value("yingda_backlog", {"direction": "in"}) == 0


async def test_a_release_of_another_process_is_looked_for(ticker):
    await ticker.reload_knowledge()
    assert ticker._knowledge.asked == 1


@pytest.mark.parametrize("problem", [Unavailable("disk full"), ValueError("a bug of ours")])
async def test_a_tick_that_fails_does_not_end_the_ticking(ticker, problem):
    async def broken():
        raise problem

    await ticker.guarded(broken)
    await ticker.guarded(ticker.reload_knowledge)
    assert ticker._knowledge.asked == 1


async def test_it_can_be_stopped_without_having_been_started(ticker):
    ticker.stop()
    ticker.start()
    ticker.stop()


async def test_a_clock_set_forward_by_half_a_century_costs_one_tick(ticker, time):
    time.now = datetime(1970, 1, 1, tzinfo=UTC)
    ticker.start()
    await asyncio.sleep(0)
    due = [job.next_run_time for job in ticker._scheduler.get_jobs()]
    ticker.stop()
    assert min(due) > datetime(2026, 1, 1, tzinfo=UTC)


async def test_timers_whose_effects_take_long_hold_nobody_up(ticker, db, time, monkeypatch):
    batches = []

    def slow(session, _timer, _now):
        time.pass_by(seconds=0.01)
        batches[-1] += 1

    def begun(fire):
        def counted(*args):
            batches.append(0)
            return fire(*args)

        return counted

    def many(session):
        for number in range(900):
            timers.add(session, f"{number:04}", "slow", time(), {})

    await db.write(many)
    monkeypatch.setattr(timers, "fire", begun(timers.fire))
    monkeypatch.setitem(EFFECTS, "slow", slow)
    await ticker.fire_timers()
    assert batches[:6] == [400, 200, 100, 50, 25, 12]
    assert max(batches[6:]) <= 24
    assert sum(batches) == 900


async def test_a_batch_that_is_cut_off_is_tried_again_with_fewer(ticker, db, time, monkeypatch):
    sizes = []

    def cut_off(_session, _effects, _now, limit):
        sizes.append(limit)
        raise Unavailable("it took too long")

    await db.write(timers.add, "a", "mark", time(), {})
    with monkeypatch.context() as broken:
        broken.setattr(timers, "fire", cut_off)
        for _ in range(6):
            with pytest.raises(Unavailable):
                await ticker.fire_timers()
    assert sizes == [400, 100, 25, 6, 1, 1]


async def test_a_tick_that_a_stop_cuts_off_says_nothing(ticker):
    ticker.stop()

    async def cut_off():
        raise asyncio.CancelledError

    async def too_late():
        raise Unavailable("the database is closed")

    with capture_logs() as told:
        await ticker.guarded(cut_off)
        await ticker.guarded(too_late)
    assert told == []


async def test_missed_questions_are_looked_for_once_in_each_part_of_the_day(ticker, db, time):
    await ticker.look_for_gaps()
    (key,) = await db.read(lambda session: session.exec(select(Timer.key)).all())
    await ticker.look_for_gaps()
    time.pass_by(hours=6)
    await ticker.look_for_gaps()
    keys = await db.read(lambda session: session.exec(select(Timer.key).order_by(Timer.key)).all())
    assert len(keys) == 2
    assert key in keys
    await ticker.fire_timers()
    assert await db.read(gaps.looked_at) == time()
    assert not await db.read(timers.any_due, time())
