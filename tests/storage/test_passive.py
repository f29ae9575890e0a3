"""What rides in the answer to a platform's own call: once, whole, in order, the same each time."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from channels.base import Reception, Sent
from channels.message import Address, Text, text_of
from storage import (
    activity,
    contacts,
    conversations,
    deliveries,
    erasure,
    lanes,
    passive,
    retention,
    slots,
    timers,
    transport,
)
from storage.lanes import Fenced
from storage.models import (
    Author,
    Delivery,
    DeliveryStatus,
    Fact,
    InboundEvent,
    Lane,
    LaneKind,
    PassiveSlot,
)

LEASE = timedelta(seconds=60)
HELD = timedelta(seconds=4)
LANE = "shop:t1"


def open_one(session, now, thread="t1"):
    address = Address(inbox="shop", thread=thread, contact=f"of {thread}")
    contact, _ = contacts.find_or_make(session, "shop", address.contact, None, "zh", now)
    return conversations.open_for(session, address, contact, "zh", now)


def say(session, text, now, thread="t1"):
    talk = conversations.find_open(session, "shop", thread) or open_one(session, now, thread)
    return conversations.append(session, talk, Author.AGENT, (Text(text=text),), now)


async def rows(db):
    return await db.read(lambda s: list(s.exec(select(Delivery).order_by(Delivery.sequence))))


async def statuses(db):
    return [row.status.value for row in await rows(db)]


async def slot(db, event):
    return await db.read(lambda s: s.get_one(PassiveSlot, event))


async def lane_out(db):
    return await db.read(lambda s: s.get_one(Lane, (LaneKind.OUT, LANE)))


def whole(message):
    return message, None


def four(message):
    words = text_of(message.parts)
    rest = message.model_copy(update={"parts": (Text(text=words[4:]),)}) if words[4:] else None
    return message.model_copy(update={"parts": (Text(text=words[:4]),)}), rest


async def pushed(db, now, customers, text="hello"):
    reception = Reception((customers.says(text),))
    (accepted,) = await db.write(transport.accept, "shop", reception, now)
    await db.write(slots.open_slot, accepted.event_id, now + HELD, now)
    return accepted.event_id


async def taken(db, event, fit, now, *, only_way=True):
    message = await db.write(passive.take, event, fit, now, only_way=only_way)
    return None if message is None else text_of(message.parts)


async def test_everything_that_waits_rides_along_in_order(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(say, "two", now)
    await db.write(say, "elsewhere", now, thread="t2")
    assert await taken(db, event, whole, now) == "one\ntwo"
    assert sorted(await statuses(db)) == ["pending", "sending", "sending"]
    assert await db.write(slots.given, event, now) == 2
    mine = [row for row in await rows(db) if row.lane == LANE]
    assert [(row.status, row.attempts, row.sent_at) for row in mine] == [
        (DeliveryStatus.SENT, 1, now)
    ] * 2
    told = [fact.fact for fact in await db.read(activity.since, 0)]
    assert told.count(Fact.DELIVERY_SENT) == 2
    assert await db.write(slots.given, event, now) == 0


async def test_the_message_goes_to_whom_the_call_came_from(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    message = await db.write(passive.take, event, whole, now, only_way=True)
    assert message.address == Address(inbox="shop", thread="t1", contact="t1")


async def test_the_same_event_gets_the_same_answer_and_keeps_later_words_waiting(
    db, now, customers
):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    assert await taken(db, event, whole, now) == "one"
    await db.write(say, "later", now)
    await db.write(slots.open_slot, event, now + HELD * 2, now)
    assert await taken(db, event, whole, now) == "one"
    assert await statuses(db) == ["sending", "pending"]


async def test_when_nothing_waits_there_is_no_answer(db, now, customers):
    event = await pushed(db, now, customers)
    assert await taken(db, event, whole, now) is None
    assert (await slot(db, event)).state.value == "open"
    await db.write(say, "just in time for the retry", now)
    assert await taken(db, event, whole, now) == "just in time for the retry"


async def test_what_is_too_long_waits_and_rides_with_the_next_push(db, now, customers):
    events = [await pushed(db, now, customers, str(number)) for number in range(4)]
    await db.write(say, "0123456789", now)
    answers = [await taken(db, event, four, now) for event in events]
    assert answers == ["0123", "4567", "89", None]
    assert [row.key.count(":rest") for row in await rows(db)] == [0, 1, 2]
    assert [text_of(row.parts) for row in await rows(db)] == ["0123", "4567", "89"]
    assert [await taken(db, event, four, now) for event in events] == answers
    for event in events:
        await db.write(slots.given, event, now)
    assert await statuses(db) == ["sent"] * 3


async def test_a_rest_goes_before_what_was_said_after_it(db, now, customers):
    events = [await pushed(db, now, customers, str(number)) for number in range(3)]
    for text in ("012345", "ab", "cd"):
        await db.write(say, text, now)
    answers = [await taken(db, event, four, now) for event in events]
    assert answers == ["0123", "45\na", "b\ncd"]
    lane = await lane_out(db)
    assert (lane.done, lane.last_in, lane.ready_at) == (5, 5, None)
    assert [row.sequence for row in await rows(db)] == [1, 2, 3, 4, 5]


async def test_what_was_taken_is_never_sent_as_well(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await taken(db, event, whole, now)
    assert await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE) == []
    await db.write(say, "two", now)
    assert await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE) == [LANE]
    started = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert text_of(started.message.parts) == "two"


async def test_what_a_sender_has_in_hand_never_rides(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE)
    assert await taken(db, event, whole, now) is None
    started = await db.write(deliveries.start, LANE, "a", now, LEASE)
    assert await taken(db, event, whole, now) is None
    await db.write(deliveries.sent, started.ids, "a", Sent(), now)
    assert await taken(db, event, whole, now) is None
    assert await statuses(db) == ["sent"]


async def test_a_sender_that_slept_over_its_lease_cannot_send_what_was_taken(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE)
    late = now + LEASE * 2
    assert await taken(db, event, whole, late) == "one"
    with pytest.raises(Fenced):
        await db.write(deliveries.start, LANE, "a", late, LEASE)
    assert await statuses(db) == ["sending"]


@pytest.mark.parametrize("was_given", [True, False])
async def test_a_call_that_comes_again_after_its_customer_was_forgotten_gets_nothing(
    db, now, customers, was_given
):
    event = await pushed(db, now, customers)
    talk = await db.write(open_one, now)
    if was_given:
        await db.write(say, "one", now)
        assert await taken(db, event, whole, now) == "one"
        await db.write(slots.given, event, now)
    done = {"last_in": 1, "done": 1, "ready_at": None}
    await db.write(lambda s: s.connection().execute(update(Lane).values(**done)).rowcount)
    await db.write(erasure.plan, talk.id, now)
    await db.write(timers.fire, {erasure.KIND: erasure.forget}, now + erasure.AFTER)
    assert (await db.read(lambda s: s.get_one(InboundEvent, event))).payload == {}
    assert await taken(db, event, whole, now) is None


async def test_a_sender_begins_nothing_that_has_ended(db, now, customers):
    await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE)
    ended = update(Delivery).values(status=DeliveryStatus.SENT)
    await db.write(lambda s: s.connection().execute(ended).rowcount)
    assert await db.write(deliveries.start, LANE, "a", now, LEASE) is None
    assert await statuses(db) == ["sent"]


async def test_of_the_two_ways_out_only_one_finds_a_reply_pending(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)

    def sent_meanwhile(session):
        def fit(message):
            session.connection().execute(update(Delivery).values(status=DeliveryStatus.SENT))
            return message, None

        return passive.take(session, event, fit, now, only_way=True)

    with pytest.raises(Fenced):
        await db.write(sent_meanwhile)
    assert (await slot(db, event)).state.value == "open"


async def test_a_message_that_perhaps_arrived_does_not_ride_again(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "perhaps sent", now)
    await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE)
    await db.write(deliveries.start, LANE, "a", now, LEASE)
    await db.write(say, "new", now)
    await db.write(lanes.free_all)
    assert await taken(db, event, whole, now, only_way=False) is None
    assert await statuses(db) == ["sending", "pending"]
    assert await taken(db, event, whole, now, only_way=True) == "new"
    assert await statuses(db) == ["uncertain", "sending"]


async def test_an_account_that_can_send_lets_only_whole_replies_ride(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "0123456789", now)
    assert await taken(db, event, four, now, only_way=False) is None
    assert await statuses(db) == ["pending"]
    assert await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE) == [LANE]


async def test_of_several_replies_all_ride_or_all_are_sent(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(say, "a menu", now)

    def no_menus(message):
        return (None, message) if "menu" in text_of(message.parts) else (message, None)

    assert await taken(db, event, no_menus, now, only_way=False) is None
    assert await statuses(db) == ["pending", "pending"]
    assert await taken(db, event, no_menus, now, only_way=True) == "one"


def held(session, event, now):
    slots.hold(session, session.get_one(InboundEvent, event), now)


async def test_a_held_reply_is_sent_when_its_call_is_over(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await db.write(held, event, now)
    assert await db.write(lanes.claim, LaneKind.OUT, "a", now, LEASE) == []
    later = now + HELD
    assert await db.write(lanes.claim, LaneKind.OUT, "a", later, LEASE) == [LANE]
    assert await taken(db, event, whole, later, only_way=False) is None


async def test_a_held_reply_that_does_not_ride_is_sent_at_once(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "0123456789", now)
    await db.write(held, event, now)
    soon = now + timedelta(seconds=1)
    assert await taken(db, event, four, soon, only_way=False) is None
    assert await db.write(lanes.claim, LaneKind.OUT, "a", soon, LEASE) == [LANE]


async def test_only_an_open_call_and_an_idle_lane_hold_a_reply(db, now, customers):
    event = await pushed(db, now, customers)
    later = now + HELD
    await db.write(say, "one", later)
    await db.write(held, event, later)
    assert (await lane_out(db)).ready_at == later
    another = await pushed(db, later, customers)
    await db.write(say, "two", later + HELD / 2)
    await db.write(held, another, later + HELD / 2)
    assert (await lane_out(db)).ready_at == later


async def test_an_answer_that_no_call_was_given_is_in_doubt_until_one_is(db, now, customers):
    event = await pushed(db, now, customers)
    await db.write(say, "one", now)
    await taken(db, event, whole, now)
    assert await db.read(slots.overdue, now) == []
    later = now + timedelta(minutes=1)
    assert await db.read(slots.overdue, later) == [event]
    assert await db.write(slots.doubt, event, later) == 1
    assert await statuses(db) == ["uncertain"]
    assert await db.read(slots.overdue, later + LEASE) == []
    told = (await db.read(activity.since, 0))[-1]
    assert (told.fact, told.data["problem"]) == (
        Fact.DELIVERY_UNCERTAIN,
        "no call was answered with it",
    )
    assert await taken(db, event, whole, later) == "one"
    assert await db.write(slots.given, event, later) == 1
    (row,) = await rows(db)
    assert (row.status, row.problem) == (DeliveryStatus.SENT, None)
    assert await db.write(slots.doubt, event, later) == 0


async def test_waiting_is_over_when_the_event_is_done_or_answered(db, now, customers):
    event = await pushed(db, now, customers)
    assert not await db.read(slots.is_decided, event)
    await db.write(say, "one", now)
    await taken(db, event, whole, now)
    assert await db.read(slots.is_decided, event)
    another = await pushed(db, now, customers)
    assert not await db.read(slots.is_decided, another)

    def done(session):
        session.get_one(InboundEvent, another).done_at = now

    await db.write(done)
    assert await db.read(slots.is_decided, another)


async def test_a_new_conversation_of_the_thread_takes_over_what_still_waits(db, now, customers):
    event = await pushed(db, now, customers)
    message = await db.write(say, "of the old matter", now)

    def resolve(session):
        conversation = conversations.get(session, message.conversation_id)
        conversation.status = "resolved"
        session.add(conversation)

    await db.write(resolve)
    await db.write(say, "of the new one", now)
    assert await taken(db, event, whole, now) == "of the old matter\nof the new one"


async def test_a_slot_goes_with_its_event(db, now, customers):
    event = await pushed(db, now, customers)

    def done(session):
        session.get_one(InboundEvent, event).done_at = now

    await db.write(done)
    await db.write(retention.sweep, now + retention.EVENTS_KEPT * 2)
    assert await db.read(lambda s: s.get(PassiveSlot, event)) is None
