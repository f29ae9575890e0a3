from datetime import timedelta

from storage import thresholds
from storage.models import Role
from storage.people import create_agent


async def test_thresholds_are_versions_and_going_back_makes_a_new_one(db, now):
    ann = await db.write(create_agent, "Ann", "x", Role.ADMIN, now)
    assert await db.read(thresholds.current) == {}
    assert await db.write(thresholds.apply, {"b": 0.71234567, "a": 0.5}, "", ann.id, now) == 1
    assert await db.write(thresholds.apply, {"a": 0.6}, "", ann.id, now) == 2
    assert await db.read(thresholds.current) == {"a": 0.6}
    assert await db.write(thresholds.take_back, 1, ann.id, now) == 3
    assert await db.read(thresholds.current) == {"a": 0.5, "b": 0.7123}
    assert await db.write(thresholds.take_back, 1, ann.id, now) is None
    assert await db.write(thresholds.take_back, 77, ann.id, now) is None
    assert await db.write(thresholds.take_back, 0, ann.id, now) == 4
    assert await db.read(thresholds.current) == {}
    notes = [each.note for each in await db.read(thresholds.history)]
    assert notes == ["as version 0", "as version 1", "", ""]


async def test_the_bot_learns_until_a_moment_and_forgets_when_that_is_taken_back(db, now):
    ann = await db.write(create_agent, "Ann", "x", Role.ADMIN, now)
    later = now + timedelta(days=1)
    await db.write(thresholds.apply, {"a": 0.5}, "", ann.id, now)
    assert await db.read(thresholds.learnt_until) is None
    await db.write(thresholds.learn, ann.id, later)
    assert await db.read(thresholds.learnt_until) == later
    assert await db.read(thresholds.current) == {"a": 0.5}
    await db.write(thresholds.apply, {"a": 0.6}, "", ann.id, later)
    assert await db.read(thresholds.learnt_until) == later
    assert await db.write(thresholds.take_back, 1, ann.id, later) == 4
    assert await db.read(thresholds.learnt_until) is None
    assert await db.write(thresholds.take_back, 2, ann.id, later) == 5
    assert await db.read(thresholds.learnt_until) == later
    assert await db.write(thresholds.take_back, 2, ann.id, later) is None
