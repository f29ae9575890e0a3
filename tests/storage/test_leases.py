"""Leases are prolonged and given back without waiting for anybody."""

from datetime import timedelta

import psycopg

from storage import lanes, leases
from storage.models import LaneKind
from tests.postgres import on_postgres

IN, LEASE = LaneKind.IN, timedelta(seconds=15)


def ready(session, now, *keys):
    for key in keys:
        lanes.bump(session, IN, key, "shop", now)


async def test_what_is_still_in_hand_is_prolonged_and_nothing_else(db, now):
    await db.write(ready, now, "a", "b", "c")
    await db.write(lanes.claim, IN, "me", now, LEASE)
    later = now + LEASE - timedelta(seconds=1)
    assert await db.write(leases.renew, IN, ["a", "b", "x"], "me", later, LEASE) == 2
    assert await db.write(leases.renew, IN, ["c"], "another", later, LEASE) == 0
    ended = now + LEASE + timedelta(seconds=1)
    assert await db.write(lanes.claim, IN, "another", ended, LEASE) == ["c"]


@on_postgres
async def test_a_lane_that_somebody_is_writing_to_is_left_to_the_next_time(db, now):
    await db.write(ready, now, "a", "b")
    await db.write(lanes.claim, IN, "me", now, LEASE)
    with psycopg.connect(db.url) as other:
        other.execute("SELECT 1 FROM lane WHERE key = 'a' FOR UPDATE")
        assert await db.write(leases.renew, IN, ["a", "b"], "me", now, LEASE) == 1
    assert await db.write(leases.renew, IN, ["a", "b"], "me", now, LEASE) == 2
