"""Timers fire once, together with what they cause, whoever ticks and whatever breaks."""

import sqlite3
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from storage import lanes, timers
from storage.database import Unavailable
from storage.lanes import bump
from storage.models import Lane, LaneKind, Timer
from tests.postgres import on_postgres, on_sqlite


def leave_a_mark(session, timer, now):
    bump(session, LaneKind.IN, timer.key, "mark", now)


def break_after_a_mark(session, timer, now):
    leave_a_mark(session, timer, now)
    raise ValueError("a bug of ours")


EFFECTS = {"mark": leave_a_mark, "broken": break_after_a_mark}


async def marks(db):
    return await db.read(lambda s: {lane.key: lane.last_in for lane in s.exec(select(Lane))})


async def fire(db, now):
    return await db.write(timers.fire, EFFECTS, now)


async def test_a_timer_fires_once_when_it_is_due(db, now):
    due = now + timedelta(minutes=5)
    assert await db.write(timers.add, "a", "mark", due, {"x": 1}) is True
    early = due - timedelta(seconds=1)
    assert not await db.read(timers.any_due, early)
    assert (await fire(db, early)).done == 0
    assert await db.read(timers.any_due, due)
    assert (await fire(db, due)).done == 1
    assert (await fire(db, due)).done == 0
    assert await marks(db) == {"a": 1}
    assert not await db.read(timers.any_due, due)


async def test_one_key_is_one_timer_for_ever(db, now):
    assert await db.write(timers.add, "a", "mark", now, {})
    assert not await db.write(timers.add, "a", "mark", now, {})
    await fire(db, now)
    assert not await db.write(timers.add, "a", "mark", now, {})
    await fire(db, now + timedelta(days=1))
    assert await marks(db) == {"a": 1}


async def test_a_timer_whose_effect_breaks_is_left_to_be_tried_later(db, now):
    await db.write(timers.add, "a", "broken", now, {})
    fired = await fire(db, now)
    assert (fired.done, fired.broken) == (0, {"a": "ValueError"})
    assert await marks(db) == {}
    assert not await db.read(timers.any_due, now)
    later = now + timers.AGAIN
    assert await db.read(timers.any_due, later)
    fired = await db.write(timers.fire, {"broken": leave_a_mark}, later)
    assert (fired.done, fired.broken) == (1, {})
    assert await marks(db) == {"a": 1}


async def test_a_broken_timer_and_one_of_an_unknown_kind_do_not_stop_the_others(db, now):
    await db.write(timers.add, "a", "broken", now - timedelta(minutes=2), {})
    await db.write(timers.add, "b", "of a newer version", now - timedelta(minutes=1), {})
    await db.write(timers.add, "c", "mark", now, {})
    fired = await fire(db, now)
    assert fired.done == 1
    assert set(fired.broken) == {"a", "b"}
    assert await marks(db) == {"c": 1}


async def test_the_earliest_come_first_and_no_batch_is_endless(db, now):
    def many(session):
        for number in range(timers.BATCH + 1):
            due = now - timedelta(seconds=number)
            timers.add(session, f"{number:04}", "mark", due, {})

    await db.write(many)
    assert (await fire(db, now)).done == timers.BATCH
    left = await db.read(lambda s: list(s.exec(select(Timer).where(Timer.done_at == None))))  # noqa: E711 - SQL
    assert [timer.key for timer in left] == ["0000"]
    assert (await fire(db, now)).done == 1


async def test_effects_see_the_payload_and_the_moment(db, now):
    seen = []

    def look(session, timer, at):
        seen.append((timer.payload, at))

    await db.write(timers.add, "a", "look", now, {"conversation": "x"})
    later = now + timedelta(hours=1)
    await db.write(timers.fire, {"look": look}, later)
    assert seen == [({"conversation": "x"}, later)]


@on_sqlite
async def test_a_disk_that_fails_while_timers_fire_lets_each_take_effect_once(db, now):
    class Failing(sqlite3.OperationalError):
        sqlite_errorcode = sqlite3.SQLITE_IOERR

    failures = [OperationalError("INSERT", None, Failing("disk I/O error"))]

    def fail_once(session, timer, at):
        leave_a_mark(session, timer, at)
        if failures:
            # SQLite takes the whole transaction back by itself.
            session.connection().connection.driver_connection.rollback()
            raise failures.pop()

    effects = {"mark": leave_a_mark, "fails": fail_once}
    for key, kind in (("a", "fails"), ("b", "mark")):
        await db.write(timers.add, key, kind, now, {})
    with pytest.raises(Unavailable):
        await db.write(timers.fire, effects, now)
    assert await marks(db) == {}
    assert (await db.write(timers.fire, effects, now)).done == 2
    assert await marks(db) == {"a": 1, "b": 1}


@on_postgres
async def test_an_effect_that_was_overtaken_takes_effect_at_once_all_the_same(db, now):
    overtakes = ["once"]

    def mark_overtaken(session, timer, at):
        if overtakes:
            with psycopg.connect(db.url) as other:
                other.execute("UPDATE lane SET last_in = last_in + 1")
            overtakes.pop()
        leave_a_mark(session, timer, at)

    await db.write(lanes.bump, LaneKind.IN, "a", "mark", now)
    await db.write(timers.add, "a", "mark", now, {})
    fired = await db.write(timers.fire, {"mark": mark_overtaken}, now)
    assert (fired.done, fired.broken) == (1, {})
    assert await marks(db) == {"a": 3}
