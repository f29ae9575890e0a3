"""A clock that was set back: nothing waits the longer for it, and nothing lasts longer."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from channels.base import Reception
from storage import adapter_memory, lanes, paces, setbacks, timers, transport
from storage.models import Agent, InboundEvent, Lane, LaneKind, Pace, PassiveSlot, Timer
from tests.postgres import on_postgres, on_sqlite

HOUR, LEASE = timedelta(hours=1), timedelta(seconds=15)
TOKEN = "token"


@pytest.fixture
def now() -> datetime:
    """This very moment: a server has a clock of its own."""
    return datetime.now(UTC).replace(microsecond=120_000)


async def lane_of(db):
    return await db.read(lambda session: session.exec(select(Lane)).one())


async def hear(db, customers, at):
    await db.write(transport.accept, "shop", Reception((customers.says(),)), at)


async def test_what_came_before_is_ready_when_it_was(db, customers, now):
    await hear(db, customers, now + HOUR)
    assert await db.read(lanes.none_ready, LaneKind.IN, now)
    assert await db.write(setbacks.bring_forward, HOUR, now) == 1
    assert (await lane_of(db)).ready_at == now
    assert not await db.read(lanes.none_ready, LaneKind.IN, now)


async def test_what_was_put_off_is_put_off_as_long_as_it_was(db, customers, now):
    await hear(db, customers, now)
    assert await db.write(lanes.claim, LaneKind.IN, TOKEN, now, LEASE) == ["shop:t1"]
    until = now + HOUR + timedelta(seconds=20)
    await db.write(lanes.postpone, LaneKind.IN, "shop:t1", TOKEN, until, failed=True)
    await db.write(setbacks.bring_forward, HOUR, now)
    assert (await lane_of(db)).ready_at == now + timedelta(seconds=20)


async def test_a_lease_ends_when_it_would_have_ended(db, customers, now):
    await hear(db, customers, now)
    await db.write(lanes.claim, LaneKind.IN, TOKEN, now + HOUR, LEASE)
    await db.write(setbacks.bring_forward, HOUR, now)
    assert (await lane_of(db)).lease_until == now + LEASE


async def test_an_inbox_that_must_rest_rests_no_longer(db, now):
    ahead = now + HOUR
    await db.write(paces.block, "shop", paces.WHOLE, ahead, ahead + timedelta(seconds=30))
    await db.write(paces.ask, paces.Need("mail", "lily", paces.Rate(10)), ahead)
    await db.write(setbacks.bring_forward, HOUR, now)

    def rows(session: Session) -> dict[str, Pace]:
        return {row.inbox: row for row in session.exec(select(Pace))}

    found = await db.read(rows)
    assert found["shop"].blocked_until == now + timedelta(seconds=30)
    leave = await db.write(paces.ask, paces.Need("mail", "lily", paces.Rate(10)), now)
    assert leave.wait_until is None or leave.wait_until - now < timedelta(seconds=1)


async def test_what_adapters_keep_for_a_while_is_kept_no_longer(db, now):
    until = now + HOUR + timedelta(minutes=5)
    await db.write(adapter_memory.remember, "shop", "token", "secret", until)
    await db.write(adapter_memory.remember, "shop", "cursor", "7", None)
    await db.write(setbacks.bring_forward, HOUR, now)
    later = now + timedelta(minutes=6)
    assert await db.read(adapter_memory.recall, "shop", "token", now) == "secret"
    assert await db.read(adapter_memory.recall, "shop", "token", later) is None
    assert await db.read(adapter_memory.recall, "shop", "cursor", later) == "7"


async def test_a_reminder_comes_after_the_time_it_was_to_come_after(db, now):
    await db.write(timers.add, "wait", "notice", now + HOUR + timedelta(minutes=5), {})
    await db.write(timers.add, "nine", "release", now + HOUR + timedelta(minutes=5), {})
    await db.write(timers.add, "soon", "notice", now - timedelta(minutes=5), {})
    await db.write(setbacks.bring_forward, HOUR, now, {"release"})

    def due(session: Session) -> dict[str, timedelta]:
        return {row.key: row.due_at - now for row in session.exec(select(Timer))}

    assert await db.read(due) == {
        "wait": timedelta(minutes=5),
        "nine": HOUR + timedelta(minutes=5),
        "soon": -timedelta(minutes=5),
    }


async def test_who_is_locked_out_is_so_no_longer(db, now):
    until = now + HOUR + timedelta(minutes=15)

    def add(session: Session) -> None:
        session.add(Agent(name="mei", password_hash="x", role="agent", locked_until=until))

    await db.write(add)
    await db.write(setbacks.bring_forward, HOUR, now)
    agent = await db.read(lambda session: session.exec(select(Agent)).one())
    assert agent.locked_until == now + timedelta(minutes=15)


async def test_a_call_is_held_no_longer(db, customers, now):
    await hear(db, customers, now)
    event = await db.read(lambda session: session.exec(select(InboundEvent)).one())
    slot = PassiveSlot(event_id=event.id, until=now + HOUR + timedelta(seconds=4))
    await db.write(lambda session: session.add(slot.model_copy()))
    await db.write(setbacks.bring_forward, HOUR, now)
    found = await db.read(lambda session: session.exec(select(PassiveSlot)).one())
    assert found.until == now + timedelta(seconds=4)


async def test_of_several_processes_that_notice_one_does_it(db, customers, now):
    await hear(db, customers, now + 3 * HOUR)
    assert await db.write(setbacks.bring_forward, HOUR, now) == 1
    assert await db.write(setbacks.bring_forward, HOUR, now + timedelta(seconds=2)) is None
    assert (await lane_of(db)).ready_at == now + 2 * HOUR
    assert await db.write(setbacks.bring_forward, HOUR, now + timedelta(seconds=20)) == 1


@on_postgres
async def test_where_the_server_has_another_time_it_is_ours_that_is_wrong(db, customers, now):
    await hear(db, customers, now)
    assert await db.write(setbacks.bring_forward, HOUR, now - HOUR) is None
    assert (await lane_of(db)).ready_at == now


@on_sqlite
async def test_who_starts_with_an_earlier_clock_lets_nothing_stand_still(db, customers, now):
    await hear(db, customers, now + HOUR)
    assert await db.read(setbacks.latest) == now + HOUR
    await db.write(timers.add, "wait", "notice", now + HOUR, {})
    assert await db.write(setbacks.hurry, now) == 1
    assert (await lane_of(db)).ready_at == now


async def test_a_house_that_has_heard_nothing_has_no_latest_moment(db):
    assert await db.read(setbacks.latest) is None
