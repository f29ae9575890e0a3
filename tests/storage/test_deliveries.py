"""Outgoing messages: one after the other, each with one end."""

from datetime import timedelta

import pytest
from sqlmodel import select

from channels.base import Sent
from channels.message import Address, Text, Visibility, text_of
from storage import activity, contacts, conversations, deliveries, lanes
from storage.lanes import Fenced
from storage.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    Lane,
    LaneKind,
    Message,
)

LEASE = timedelta(seconds=60)
LANE = "shop:t1"


def open_one(session, now, thread="t1", **settings):
    address = Address(inbox="shop", thread=thread, contact=f"of {thread}", **settings)
    contact, _ = contacts.find_or_make(session, "shop", address.contact, None, "zh", now)
    return conversations.open_for(session, address, contact, "zh", now)


def say(session, text, now, thread="t1", **extra):
    conversation = conversations.find_open(session, "shop", thread) or open_one(
        session, now, thread
    )
    parts = (Text(text=text),)
    return conversations.append(session, conversation, Author.AGENT, parts, now, **extra)


async def rows(db):
    return await db.read(lambda s: list(s.exec(select(Delivery).order_by(Delivery.sequence))))


async def claimed(db, now, token="a"):
    assert await db.write(lanes.claim, LaneKind.OUT, token, now, LEASE) == [LANE]


async def test_messages_are_begun_one_after_the_other(db, now):
    await db.write(say, "one", now)
    await db.write(say, "two", now)
    await claimed(db, now)
    first = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert (text_of(first.message.parts), first.again, first.delivery.attempts) == ("one", False, 1)
    assert await db.write(deliveries.sent, first.ids, "a", Sent("p-1"), now) is True
    second = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert text_of(second.message.parts) == "two"
    assert await db.write(deliveries.sent, second.ids, "a", Sent(), now) is False
    assert await db.read(lanes.none_ready, LaneKind.OUT, now)


async def test_the_adapter_is_given_where_it_goes(db, now):
    await db.write(open_one, now, visibility=Visibility.PUBLIC)
    await db.write(say, "one", now)
    await claimed(db, now)
    started = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert started.message.address == Address(
        inbox="shop", thread="t1", contact="of t1", visibility=Visibility.PUBLIC
    )
    assert started.message.delivery_id == started.delivery.id.hex


@pytest.mark.parametrize(
    ("author", "automatic"),
    [(Author.AGENT, False), (Author.BOT, True), (Author.SYSTEM, True)],
)
@pytest.mark.parametrize("left", [None, 5])
async def test_the_adapter_is_told_whether_a_person_wrote_it(db, now, author, automatic, left):
    def speak(session):
        talk = open_one(session, now)
        talk.replies_left = left
        conversations.append(session, talk, author, (Text(text="one"),), now)

    await db.write(speak)
    await claimed(db, now)
    started = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert started.message.automatic is automatic


async def test_what_was_begun_and_not_ended_is_begun_again_as_such(db, now):
    await db.write(say, "one", now)
    await claimed(db, now)
    await db.write(deliveries.start, LANE, "a", now, LEASE)
    again = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert (again.again, again.delivery.attempts) == (True, 2)


async def test_a_clean_failure_is_begun_again_without_doubt(db, now):
    await db.write(say, "one", now)
    await claimed(db, now)
    first = await db.write(deliveries.start, LANE, "a", now, LEASE)
    await db.write(deliveries.retry_later, first, "busy " * 200)
    (row,) = await rows(db)
    assert row.status is DeliveryStatus.PENDING
    assert len(row.problem) == 500
    again = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert (again.again, again.delivery.attempts) == (False, 2)


async def test_beginning_prolongs_the_lease(db, now):
    await db.write(say, "one", now)
    await claimed(db, now)
    later = now + timedelta(seconds=50)
    await db.write(deliveries.start, LANE, "a", later, LEASE)
    lane = await db.read(lambda s: s.get_one(Lane, (LaneKind.OUT, LANE)))
    assert lane.lease_until == later + LEASE


async def test_a_lane_with_nothing_in_it_is_given_back(db, now):
    await db.write(lanes.bump, LaneKind.OUT, LANE, "shop", now)
    await claimed(db, now)
    assert await db.write(deliveries.start, LANE, "a", now, LEASE) is None
    lane = await db.read(lambda s: s.get_one(Lane, (LaneKind.OUT, LANE)))
    assert (lane.token, lane.ready_at, lane.lease_until) == (None, None, None)


@pytest.mark.parametrize(
    ("end", "how", "status", "fact"),
    [
        (deliveries.sent, Sent("x"), DeliveryStatus.SENT, Fact.DELIVERY_SENT),
        (deliveries.failed, "x", DeliveryStatus.FAILED, Fact.DELIVERY_FAILED),
        (deliveries.refused, "quota_used", DeliveryStatus.FAILED, Fact.DELIVERY_FAILED),
        (deliveries.uncertain, "x", DeliveryStatus.UNCERTAIN, Fact.DELIVERY_UNCERTAIN),
    ],
)
async def test_every_end_is_a_fact_and_only_the_holder_may_write_it(
    db, now, end, how, status, fact
):
    message = await db.write(say, "one", now)
    await claimed(db, now)
    started = await db.write(deliveries.start, LANE, "a", now, LEASE)
    with pytest.raises(Fenced):
        await db.write(end, started.ids, "b", how, now)
    (row,) = await rows(db)
    assert row.status is DeliveryStatus.SENDING
    await db.write(end, started.ids, "a", how, now)
    (row,) = await rows(db)
    assert row.status is status
    told = (await db.read(activity.since, 0))[-1]
    assert (told.fact, told.conversation_id) == (fact, row.conversation_id)
    assert told.data["message"] == str(message.id)
    with pytest.raises(Fenced):
        await db.write(end, started.ids, "a", how, now)


async def test_a_note_has_no_way_out(db, now):
    await db.write(say, "between us", now, private=True)
    assert await rows(db) == []
    note = await db.read(lambda s: s.exec(select(Message)).one())
    conversation = await db.read(lambda s: s.exec(select(Conversation)).one())
    with pytest.raises(AssertionError):
        await db.write(deliveries.enqueue, conversation, note, "key", now)


async def test_the_same_key_never_goes_out_twice(db, now):
    await db.write(say, "one", now, key="turn-1")
    with pytest.raises(Exception, match=r"(?i)unique"):
        await db.write(say, "one", now, key="turn-1")
    assert len(await rows(db)) == 1


async def test_deliveries_are_found_by_their_message(db, now):
    message = await db.write(say, "one", now)
    await db.write(say, "elsewhere", now, thread="t2")
    found = await db.read(deliveries.of_conversation, message.conversation_id)
    assert list(found) == [message.id]
