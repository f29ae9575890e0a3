import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from channels.base import Quarantined, Reception
from storage import lanes, transport
from storage.database import Database
from storage.lanes import Fenced
from storage.models import Activity, Fact, InboundEvent, LaneKind

LEASE = timedelta(seconds=30)


async def accept(db: Database, now, *messages):
    return await db.write(transport.accept, "shop", Reception(tuple(messages)), now)


def events(session):
    return list(session.exec(select(InboundEvent).order_by(InboundEvent.sequence)))


async def test_the_same_message_three_times_is_one_event(db: Database, now, customers):
    message = customers.says()
    results = [await accept(db, now, message) for _ in range(3)]
    assert [result[0].new for result in results] == [True, False, False]
    assert len({result[0].event_id for result in results}) == 1
    assert len(await db.read(events)) == 1


async def test_the_same_key_on_another_inbox_is_another_event(db: Database, now, customers):
    message = customers.says()
    await accept(db, now, message)
    other = message.model_copy(
        update={"address": message.address.model_copy(update={"inbox": "other"})}
    )
    await db.write(transport.accept, "other", Reception((other,)), now)
    assert len(await db.read(events)) == 2


async def test_sequences_have_no_gaps_whatever_is_repeated(db: Database, now, customers):
    messages = [customers.says(str(n)) for n in range(20)]
    await asyncio.gather(*(accept(db, now, m) for m in messages + messages[::-1]))
    assert [event.sequence for event in await db.read(events)] == list(range(1, 21))


async def test_a_very_long_key_is_kept_as_its_digest(db: Database, now, customers):
    message = customers.says(key="k" * 5000)
    assert (await accept(db, now, message))[0].new
    assert not (await accept(db, now, message))[0].new
    assert len((await db.read(events))[0].dedupe_key) < 100


async def test_what_cannot_be_understood_is_kept_once_and_seen(db: Database, now):
    odd = Reception(quarantined=(Quarantined("odd-1", "not JSON", "{"),))
    for _ in range(3):
        await db.write(transport.accept, "shop", odd, now)
    kept = await db.read(transport.troubled)
    assert [(event.problem, event.payload["raw"]) for event in kept] == [("not JSON", "{")]
    facts = await db.read(lambda s: list(s.exec(select(Activity))))
    assert [fact.fact for fact in facts] == [Fact.EVENT_QUARANTINED]
    assert await db.read(lanes.none_ready, LaneKind.IN, now)


async def test_a_lane_is_worked_in_order_by_its_holder(db: Database, now, customers):
    await accept(db, now, customers.says("one"), customers.says("two"))
    assert await db.write(lanes.claim, LaneKind.IN, "a", now, LEASE) == ["shop:t1"]
    first = await db.read(transport.next_event, "shop:t1")
    assert await db.write(transport.finish_event, first, "a", now) is True
    second = await db.read(transport.next_event, "shop:t1")
    assert (first.sequence, second.sequence) == (1, 2)
    assert await db.write(transport.finish_event, second, "a", now) is False
    assert await db.read(transport.next_event, "shop:t1") is None


async def test_an_event_that_fails_too_often_is_parked_and_the_lane_goes_on(
    db: Database, now, customers
):
    await accept(db, now, customers.says("poison"), customers.says("fine"))
    await db.write(lanes.claim, LaneKind.IN, "a", now, LEASE)
    poison = await db.read(transport.next_event, "shop:t1")
    assert await db.write(transport.bury_event, poison, "a", "boom", now) is True
    assert (await db.read(transport.next_event, "shop:t1")).sequence == 2
    assert [event.problem for event in await db.read(transport.troubled)] == ["boom"]


async def test_a_dead_event_can_be_tried_again_once(db: Database, now, customers):
    await accept(db, now, customers.says("poison"))
    await db.write(lanes.claim, LaneKind.IN, "a", now, LEASE)
    event = await db.read(transport.next_event, "shop:t1")
    await db.write(transport.bury_event, event, "a", "boom", now)
    assert await db.write(transport.revive, event.id, now) is True
    assert await db.write(transport.revive, event.id, now) is False
    assert await db.write(lanes.claim, LaneKind.IN, "b", now, LEASE) == ["shop:t1"]
    again = await db.read(transport.next_event, "shop:t1")
    assert (again.id, again.sequence) == (event.id, 2)


async def test_a_worker_that_lost_its_lease_cannot_finish(db: Database, now, customers):
    await accept(db, now, customers.says())
    await db.write(lanes.claim, LaneKind.IN, "slow", now, LEASE)
    event = await db.read(transport.next_event, "shop:t1")
    later = now + LEASE + timedelta(seconds=1)
    assert await db.write(lanes.claim, LaneKind.IN, "quick", later, LEASE) == ["shop:t1"]
    with pytest.raises(Fenced):
        await db.write(transport.finish_event, event, "slow", later)
    assert (await db.read(events))[0].done_at is None


async def test_the_probe_leaves_nothing(db: Database, now):
    await db.write(transport.probe)
    assert await db.read(lanes.backlog, LaneKind.IN) == (0, None)


async def test_many_calls_are_stored_at_once_each_message_once(db: Database, now, customers):
    twice, known = customers.says("twice"), customers.says("known")
    await accept(db, now, known)
    calls = [
        transport.Arrival("shop", Reception(messages), now)
        for messages in (
            (twice, customers.says("tom", thread="t2")),
            (known, twice),
            (customers.says("last"),),
        )
    ]
    stored = await db.run(transport.accept_all, calls)
    assert [[item.new for item in call] for call in stored] == [
        [True, True],
        [False, False],
        [True],
    ]
    assert stored[1][1].event_id == stored[0][0].event_id
    kept = [(e.lane, e.sequence, e.payload["parts"][0]["text"]) for e in await db.read(events)]
    assert sorted(kept) == [
        ("shop:t1", 1, "known"),
        ("shop:t1", 2, "twice"),
        ("shop:t1", 3, "last"),
        ("shop:t2", 1, "tom"),
    ]


async def test_only_a_call_that_could_not_be_understood_is_told_in_the_log(
    db: Database, now, customers
):
    told = []
    db.on_commit(lambda: told.append("a fact"))
    odd = Reception(quarantined=(Quarantined("odd-1", "not JSON", "{"),))
    plain = Reception((customers.says(),))
    for reception in (plain, odd, plain, odd):
        await db.run(transport.accept_all, [transport.Arrival("shop", reception, now)])
    assert told == ["a fact"]
