from datetime import timedelta

import pytest

from storage import lanes
from storage.database import Database
from storage.lanes import Fenced
from storage.models import LaneKind

LEASE = timedelta(seconds=30)
IN = LaneKind.IN


async def ready(db: Database, now, *keys, inbox="shop"):
    for key in keys:
        await db.write(lanes.bump, IN, key, inbox, now)


async def test_a_lane_is_claimed_by_one_only(db: Database, now):
    await ready(db, now, "a", "b", "c")
    assert await db.write(lanes.claim, IN, "x", now, LEASE, limit=2) == ["a", "b"]
    assert await db.write(lanes.claim, IN, "y", now, LEASE) == ["c"]
    assert await db.write(lanes.claim, IN, "z", now, LEASE) == []
    assert await db.read(lanes.none_ready, IN, now)


async def test_directions_do_not_mix(db: Database, now):
    await ready(db, now, "a")
    assert await db.write(lanes.claim, LaneKind.OUT, "x", now, LEASE) == []


async def test_a_message_that_comes_while_working_is_not_lost(db: Database, now):
    await ready(db, now, "a")
    await db.write(lanes.claim, IN, "x", now, LEASE)
    await ready(db, now, "a")
    assert await db.write(lanes.finish, IN, "a", "x", 1, now) is True
    assert await db.write(lanes.finish, IN, "a", "x", 2, now) is False
    assert await db.read(lanes.backlog, IN) == (0, None)


async def test_a_lane_that_is_put_off_comes_back_at_its_time(db: Database, now):
    await ready(db, now, "a")
    await db.write(lanes.claim, IN, "x", now, LEASE)
    later = now + timedelta(seconds=5)
    assert await db.write(lanes.postpone, IN, "a", "x", later, failed=True) == 1
    assert await db.write(lanes.claim, IN, "y", now, LEASE) == []
    assert await db.read(lanes.next_ready, IN) == later
    assert await db.write(lanes.claim, IN, "y", later, LEASE) == ["a"]


async def test_failures_are_counted_until_something_succeeds(db: Database, now):
    await ready(db, now, "a", "a")
    for expected in (1, 2):
        await db.write(lanes.claim, IN, "x", now, LEASE)
        assert await db.write(lanes.postpone, IN, "a", "x", now, failed=True) == expected
    await db.write(lanes.claim, IN, "x", now, LEASE)
    await db.write(lanes.finish, IN, "a", "x", 1, now)
    assert await db.write(lanes.postpone, IN, "a", "x", now, failed=False) == 0


async def test_nobody_finishes_out_of_turn(db: Database, now):
    await ready(db, now, "a", "a")
    await db.write(lanes.claim, IN, "x", now, LEASE)
    for token, sequence in (("y", 1), ("x", 2)):
        with pytest.raises(Fenced):
            await db.write(lanes.finish, IN, "a", token, sequence, now)


async def test_a_stranger_can_neither_hold_nor_put_off(db: Database, now):
    await ready(db, now, "a")
    await db.write(lanes.claim, IN, "x", now, LEASE)
    with pytest.raises(Fenced):
        await db.write(lanes.hold, IN, "a", "y", now, LEASE)
    with pytest.raises(Fenced):
        await db.write(lanes.postpone, IN, "a", "y", now, failed=False)


async def test_the_owner_of_a_restarted_file_frees_every_lease(db: Database, now):
    await ready(db, now, "a", "b")
    await db.write(lanes.claim, IN, "dead", now, LEASE)
    assert await db.write(lanes.free_all) == 2
    assert await db.write(lanes.claim, IN, "x", now, LEASE) == ["a", "b"]


async def test_the_backlog_counts_what_waits_and_since_when(db: Database, now):
    await ready(db, now, "a", "a", "b")
    assert await db.read(lanes.backlog, IN) == (3, now)
    assert await db.read(lanes.next_ready, LaneKind.OUT) is None


async def test_lanes_that_wait_after_a_failure_can_be_hastened(db: Database, now):
    later = now + timedelta(minutes=9)
    for key, inbox, failed in (("a", "shop", True), ("b", "shop", False), ("c", "other", True)):
        await ready(db, now, key, inbox=inbox)
        assert await db.write(lanes.claim, IN, "x", now, LEASE) == [key]
        await db.write(lanes.postpone, IN, key, "x", later, failed=failed)
    assert await db.write(lanes.hasten, IN, "shop", now) == 1
    assert await db.write(lanes.claim, IN, "y", now, LEASE) == ["a"]
