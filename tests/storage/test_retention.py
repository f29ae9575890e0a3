from datetime import timedelta

from sqlmodel import select

from channels.base import Quarantined, Reception
from storage import adapter_memory, lanes, people, retention, timers, transport
from storage.models import AdapterMemory, InboundEvent, LaneKind, Role, Timer
from storage.models import Session as Login

LEASE = timedelta(seconds=60)
KEPT = retention.EVENTS_KEPT


async def finished(db, now, message):
    await db.write(transport.accept, "shop", Reception((message,)), now)
    await db.write(lanes.claim, LaneKind.IN, "a", now, LEASE)
    event = await db.read(transport.next_event, "shop:t1")
    await db.write(transport.finish_event, event, "a", now)


async def left(db, model):
    return await db.read(lambda s: list(s.exec(select(model))))


async def test_a_finished_event_goes_when_no_platform_repeats_it_any_more(db, now, customers):
    await finished(db, now, customers.says("old"))
    assert (await db.write(retention.sweep, now + KEPT)).rows == 0
    assert (await db.write(retention.sweep, now + KEPT + timedelta(seconds=1))).rows == 1
    assert await left(db, InboundEvent) == []


async def test_many_events_go_piece_by_piece(db, now, customers, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 2)
    for number in range(5):
        await finished(db, now, customers.says(f"old {number}"))
    later = now + 2 * KEPT
    await db.write(transport.accept, "shop", Reception((customers.says("young"),)), later)
    after, gone = None, []
    for _ in range(3):
        swept = await db.write(retention.sweep, later, after)
        after = swept.after
        gone.append((swept.rows, swept.more))
    assert gone == [(2, True), (2, True), (1, False)]
    assert len(await left(db, InboundEvent)) == 1


async def test_many_timers_go_piece_by_piece(db, now, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 2)
    for number in range(3):
        await db.write(timers.add, f"fired {number}", "mark", now, {})
    await db.write(timers.fire, {"mark": lambda *_: None}, now)
    first = await db.write(retention.sweep, now + 2 * KEPT)
    second = await db.write(retention.sweep, now + 2 * KEPT, first.after)
    assert [(one.rows, one.more) for one in (first, second)] == [(2, True), (1, False)]


async def test_what_waits_or_went_wrong_stays_whatever_its_age(db, now, customers):
    await db.write(transport.accept, "shop", Reception((customers.says("poison"),)), now)
    await db.write(lanes.claim, LaneKind.IN, "a", now, LEASE)
    poison = await db.read(transport.next_event, "shop:t1")
    await db.write(transport.bury_event, poison, "a", "boom", now)
    odd = Reception((customers.says("waits"),), (Quarantined("odd", "not JSON", "{"),))
    await db.write(transport.accept, "shop", odd, now)
    assert (await db.write(retention.sweep, now + 10 * KEPT)).rows == 0
    assert len(await left(db, InboundEvent)) == 3


async def test_a_thread_goes_on_after_its_old_events_were_swept(db, now, customers):
    await finished(db, now, customers.says("old"))
    await db.write(retention.sweep, now + 2 * KEPT)
    await db.write(transport.accept, "shop", Reception((customers.says("new"),)), now)
    assert (await db.read(transport.next_event, "shop:t1")).sequence == 2


async def test_fired_timers_go_and_waiting_ones_stay(db, now):
    for key in ("fired", "waiting"):
        await db.write(timers.add, key, "mark", now, {})
    await db.write(_done, now)
    assert (await db.write(retention.sweep, now + 2 * KEPT)).rows == 1
    assert [timer.key for timer in await left(db, Timer)] == ["waiting"]


def _done(session, now):
    session.get_one(Timer, "fired").done_at = now


async def test_what_has_expired_goes_and_what_has_not_stays(db, now):
    agent = await db.write(people.create_agent, "ann", "hash", Role.AGENT, now)
    later = now + timedelta(hours=1)
    await db.write(adapter_memory.remember, "shop", "token", "x", later)
    await db.write(adapter_memory.remember, "shop", "cursor", "7", None)

    def log_in(session):
        for name, until in (("old", later), ("new", later + timedelta(days=1))):
            session.add(
                Login(
                    id_hash=name,
                    agent_id=agent.id,
                    csrf="c",
                    created_at=now,
                    last_seen_at=now,
                    expires_at=until,
                )
            )

    await db.write(log_in)
    assert (await db.write(retention.sweep, later)).rows == 0
    assert (await db.write(retention.sweep, later + timedelta(seconds=1))).rows == 2
    assert [row.key for row in await left(db, AdapterMemory)] == ["cursor"]
    assert len(await left(db, Login)) == 1
