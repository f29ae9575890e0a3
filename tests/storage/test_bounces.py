"""What a platform takes back after it had taken it."""

from datetime import timedelta

import pytest
from sqlmodel import select

from channels.base import Bounced, Sent
from channels.errors import Blocked, QuotaUsed, WindowClosed
from channels.message import Address, Text
from storage import bounces, contacts, conversations, deliveries, lanes
from storage.models import (
    Activity,
    Author,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    LaneKind,
)

LEASE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def said(session, now, *texts, left=5):
    contact, _ = contacts.find_or_make(session, "shop", "t1", None, "zh", now)
    address = Address(inbox="shop", thread="t1", contact="t1")
    talk = conversations.open_for(session, address, contact, "zh", now)
    talk.reply_until, talk.replies_left = now + HOUR, left
    session.add(talk)
    for text in texts:
        conversations.append(session, talk, Author.BOT, (Text(text=text),), now)


async def begun(db, now):
    await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE, limit=10)
    return await db.write(deliveries.start, "shop:t1", "a", now, LEASE)


async def rows(db):
    return await db.read(lambda s: list(s.exec(select(Delivery).order_by(Delivery.sequence))))


async def talk(db):
    return await db.read(lambda s: s.exec(select(Conversation)).one())


async def facts(db):
    return await db.read(
        lambda s: [one.fact for one in s.exec(select(Activity).order_by(Activity.id))]
    )


async def bounce(db, delivery, error, now, inbox="shop"):
    return await db.write(bounces.bounce, inbox, Bounced(delivery.id.hex, error), now)


async def test_what_was_sent_has_failed_after_all_and_says_why(db, now):
    await db.write(said, now, "hello")
    started = await begun(db, now)
    await db.write(deliveries.sent, started.ids, "a", Sent("m-1"), now)
    assert await bounce(db, started.delivery, Blocked("the customer refuses messages"), now)
    (delivery,) = await rows(db)
    assert (delivery.status, delivery.problem) == (
        DeliveryStatus.FAILED,
        "the customer refuses messages",
    )
    assert (await facts(db))[-1] is Fact.DELIVERY_FAILED
    assert not await bounce(db, started.delivery, Blocked(), now), "it is told once"


@pytest.mark.parametrize(
    ("error", "problem", "left"),
    [(WindowClosed("late"), "window_closed", None), (QuotaUsed("six"), "quota_used", 0)],
)
async def test_what_it_says_of_the_window_is_believed(db, now, error, problem, left):
    await db.write(said, now, "hello")
    started = await begun(db, now)
    await db.write(deliveries.sent, started.ids, "a", Sent("m-1"), now)
    await bounce(db, started.delivery, error, now)
    assert (await rows(db))[0].problem == problem
    found = await talk(db)
    assert found.reply_until == now if left is None else found.replies_left == left


async def test_what_rode_in_the_same_message_failed_with_it(db, now):
    await db.write(said, now, "one", "two", left=1)
    started = await begun(db, now)
    assert len(started.ids) == 2
    await db.write(deliveries.sent, started.ids, "a", Sent("m-1"), now)
    await bounce(db, started.delivery, Blocked(), now)
    assert {delivery.status for delivery in await rows(db)} == {DeliveryStatus.FAILED}


async def test_a_platform_that_is_faster_than_our_own_note_is_heard(db, now):
    await db.write(said, now, "one", "two")
    started = await begun(db, now)
    assert await bounce(db, started.delivery, Blocked(), now)
    assert await db.write(deliveries.sent, started.ids, "a", Sent("m-1"), now), "there is more"
    one, two = await rows(db)
    assert (one.status, two.status) == (DeliveryStatus.FAILED, DeliveryStatus.PENDING)
    assert Fact.DELIVERY_SENT not in await facts(db)


async def test_what_rides_in_a_message_that_bounces_while_it_is_sent_fails_with_it(db, now):
    await db.write(said, now, "one", "two", left=1)
    started = await begun(db, now)
    assert await bounce(db, started.delivery, Blocked(), now)
    await db.write(deliveries.sent, started.ids, "a", Sent("m-1"), now)
    assert [row.status for row in await rows(db)] == [DeliveryStatus.FAILED] * 2


async def test_strangers_deliveries_and_those_on_their_way_are_let_be(db, now):
    await db.write(said, now, "hello")
    (waiting,) = await rows(db)
    assert not await bounce(db, waiting, Blocked(), now)
    started = await begun(db, now)
    assert not await bounce(db, started.delivery, Blocked(), now, inbox="another")
    for key in ("00" * 16, "nonsense"):
        assert not await db.write(bounces.bounce, "shop", Bounced(key, Blocked()), now)
    assert (await rows(db))[0].status is DeliveryStatus.SENDING
