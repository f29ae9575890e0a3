"""What a person decides about messages that did not arrive."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from channels.message import Address, Text
from storage import contacts, conversations, doubts, listings
from storage.database import Database
from storage.models import Activity, Author, Delivery, DeliveryStatus, Fact

ANN = uuid4()


def _said(session, now, status, thread="t1"):
    contact, _ = contacts.find_or_make(session, "shop", thread, None, "zh", now)
    address = Address(inbox="shop", thread=thread, contact=thread)
    known = conversations.find_open(session, "shop", thread)
    conversation = known or conversations.open_for(session, address, contact, "zh", now)
    message = conversations.append(session, conversation, Author.BOT, (Text(text="您好"),), now)
    delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
    delivery.status = status
    session.add(delivery)
    return delivery


@pytest.fixture
async def failed(db: Database, now):
    return await db.write(_said, now, DeliveryStatus.FAILED)


@pytest.fixture
async def doubtful(db: Database, now):
    return await db.write(_said, now, DeliveryStatus.UNCERTAIN)


async def deliveries(db: Database) -> list[Delivery]:
    return await db.read(lambda s: list(s.exec(select(Delivery).order_by(Delivery.sequence))))


async def facts(db: Database) -> list[Fact]:
    return await db.read(lambda s: [one.fact for one in s.exec(select(Activity)).all()])


async def test_a_message_in_doubt_arrived_once_a_person_says_so(db, now, doubtful):
    assert await db.write(doubts.arrived, doubtful.id, ANN, now)
    assert not await db.write(doubts.arrived, doubtful.id, ANN, now)
    (delivery,) = await deliveries(db)
    assert (delivery.status, delivery.sent_at) == (DeliveryStatus.SENT, now)
    assert (await facts(db)).count(Fact.DELIVERY_CONFIRMED) == 1


async def test_what_arrived_or_is_on_its_way_is_not_sent_again(db, now):
    for status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.SENT):
        delivery = await db.write(_said, now, status)
        assert await db.write(doubts.again, delivery.id, ANN, now) is None
        assert not await db.write(doubts.arrived, delivery.id, ANN, now)
    assert len(await deliveries(db)) == 3


async def test_sending_again_is_a_new_delivery_and_happens_once(db, now, failed):
    new = await db.write(doubts.again, failed.id, ANN, now)
    assert await db.write(doubts.again, failed.id, ANN, now) is None
    old, fresh = await deliveries(db)
    assert (old.status, old.superseded) == (DeliveryStatus.FAILED, True)
    assert (fresh.id, fresh.status, fresh.sequence) == (new.id, DeliveryStatus.PENDING, 2)
    assert (fresh.message_id, fresh.parts) == (old.message_id, old.parts)
    assert (await facts(db)).count(Fact.DELIVERY_RESENT) == 1


async def test_of_a_message_sent_again_only_the_new_way_counts(db, now, failed):
    new = await db.write(doubts.again, failed.id, ANN, now)
    shown = await db.read(listings.deliveries_of, [failed.message_id])
    assert shown[failed.message_id].id == new.id


async def test_a_second_failure_can_be_sent_again_too(db, now, failed):
    def fail(session, delivery_id):
        session.get_one(Delivery, delivery_id).status = DeliveryStatus.UNCERTAIN

    first = await db.write(doubts.again, failed.id, ANN, now)
    await db.write(fail, first.id)
    second = await db.write(doubts.again, first.id, ANN, now)
    assert [d.superseded for d in await deliveries(db)] == [True, True, False]
    assert second.key == f"again:{first.id}"


async def test_the_list_has_what_nobody_decided_about_newest_first(db, now, failed):
    later = now + timedelta(hours=1)
    doubtful = await db.write(_said, later, DeliveryStatus.UNCERTAIN, "t2")
    await db.write(_said, now, DeliveryStatus.SENT, "t3")
    listed = await db.read(doubts.undelivered, now)
    assert [one.delivery.id for one in listed] == [doubtful.id, failed.id]
    assert [one.conversation.thread for one in listed] == ["t2", "t1"]
    assert await db.read(doubts.undelivered, now, ["other"]) == []
    assert len(await db.read(doubts.undelivered, later)) == 1
    await db.write(doubts.again, failed.id, ANN, now)
    await db.write(doubts.arrived, doubtful.id, ANN, now)
    assert await db.read(doubts.undelivered, now) == []
