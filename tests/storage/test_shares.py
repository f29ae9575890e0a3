"""Shares: a long queue of one inbox takes no sender from another, nor time."""

from datetime import timedelta

from storage import lanes, shares
from storage.models import LaneKind

LEASE = timedelta(seconds=60)


def _queue(session, inbox, threads, now):
    for number in range(threads):
        lanes.bump(session, LaneKind.OUT, f"{inbox}:t{number}", inbox, now)


async def test_each_inbox_gets_its_share_and_no_more(db, now):
    await db.write(_queue, "shop", 20, now)
    await db.write(_queue, "other", 2, now)
    claimed = await db.write(shares.claim, "me", now, LEASE, {"shop": 5, "other": 5})
    assert [lane.partition(":")[0] for lane in claimed].count("shop") == 5
    assert {"other:t0", "other:t1"} < set(claimed)
    again = await db.write(shares.claim, "me", now, LEASE, {"other": 5})
    assert again == []


async def test_the_oldest_of_an_inbox_come_first(db, now):
    await db.write(_queue, "shop", 3, now)
    await db.write(
        lambda s: lanes.bump(s, LaneKind.OUT, "shop:old", "shop", now - timedelta(seconds=1))
    )
    assert await db.write(shares.claim, "me", now, LEASE, {"shop": 1}) == ["shop:old"]


async def test_what_leads_in_is_not_claimed(db, now):
    await db.write(lambda s: lanes.bump(s, LaneKind.IN, "shop:t", "shop", now))
    assert await db.read(shares.none_ready, now, {"shop": 5})
    assert await db.write(shares.claim, "me", now, LEASE, {"shop": 5}) == []


async def test_a_look_finds_what_a_claim_would(db, now):
    await db.write(_queue, "shop", 1, now)
    assert await db.read(shares.none_ready, now, {"other": 5})
    assert not await db.read(shares.none_ready, now, {"other": 5, "shop": 5})
    await db.write(shares.claim, "me", now, LEASE, {"shop": 5})
    assert await db.read(shares.none_ready, now, {"shop": 5})
    assert not await db.read(shares.none_ready, now + 2 * LEASE, {"shop": 5})


async def test_the_queue_of_another_inbox_is_not_walked_through(db, now):
    if db.url.startswith("postgresql"):
        return

    def plan(session):
        words = str(shares._LOOK.compile(session.connection()))
        found = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {words}", ("shop", "2026-11-22", "2026-11-22", 1, 0)
        )
        return " ".join(row.detail for row in found)

    assert "lane_outbound (inbox=? AND ready_at" in await db.read(plan)
