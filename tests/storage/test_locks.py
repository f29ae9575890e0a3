"""What two processes do at once to the same rows: nobody waits for another, so nobody deadlocks.

Each deadlock costs a second until PostgreSQL finds it, and its conversations stand still so long.
"""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlmodel import select

from channels.message import Address, Text
from storage import contacts, conversations, deliveries, lane_batches, lanes, leases, talks
from storage.database import Database
from storage.models import Author, Lane, LaneKind
from tests.postgres import on_postgres

LEASE = timedelta(seconds=60)
OUT = LaneKind.OUT


@asynccontextmanager
async def holding(db: Database, lock, *args):
    """Keep what another process locks until the end of the block, which must not wait for it."""
    locked, over = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(connection) -> None:
        lock(connection, *args)
        loop.call_soon_threadsafe(locked.set)
        assert over.wait(60), "the other one waited"

    held = asyncio.create_task(db.run(hold))
    await locked.wait()
    try:
        yield
    finally:
        over.set()
        await held


@on_postgres
async def test_leases_are_prolonged_around_a_lane_that_is_being_worked_on(db, url, now):
    for key in ("a", "b", "c"):
        await db.write(lanes.bump, OUT, key, "shop", now)
    await db.write(lanes.claim, OUT, "me", now, LEASE)
    async with Database(url) as other, holding(other, lane_batches.held, OUT, ["b"]):
        later = now + LEASE
        assert await db.write(leases.renew, OUT, {"a", "b", "c"}, "me", later, LEASE) == 2
    until = {
        lane.key: lane.lease_until for lane in await db.read(lambda s: s.exec(select(Lane)).all())
    }
    assert until == {"a": later + LEASE, "b": later, "c": later + LEASE}


def say(session, now):
    address = Address(inbox="shop", thread="t1", contact="lily")
    contact, _ = contacts.find_or_make(session, "shop", "lily", None, "zh", now)
    talk = conversations.open_for(session, address, contact, "zh", now)
    conversations.append(session, talk, Author.AGENT, (Text(text="hello"),), now)
    return talk.id


@on_postgres
async def test_a_message_is_begun_and_put_back_while_its_conversation_is_thought_about(
    db, url, now
):
    talk_id = await db.write(say, now)
    await db.write(lanes.claim, OUT, "me", now, LEASE)

    def begin(session):
        started = deliveries.start(session, "shop:t1", "me", now, LEASE)
        deliveries.undo_start(session, started)

    async with Database(url) as other, holding(other, talks.lock, [talk_id]):
        await db.write(begin)
