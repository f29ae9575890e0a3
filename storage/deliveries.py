"""Deliveries: one outgoing message on its way, from pending to its end, never backwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import bindparam, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from channels.message import Address, OutgoingMessage
from storage import paces
from storage.lanes import Fenced, bump, finish, hasten, hold
from storage.models import (
    Activity,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    LaneKind,
    Message,
)
from storage.upsert import table_of

_talk, _delivery = table_of(Conversation), table_of(Delivery)
_USE_REPLY = (
    update(_talk)
    .where(_talk.c.id == bindparam("b_id", type_=_talk.c.id.type), _talk.c.replies_left > 0)
    .values(replies_left=_talk.c.replies_left - 1)
)
_START = (
    update(_delivery)
    .where(_delivery.c.id == bindparam("b_id", type_=_delivery.c.id.type))
    .where(_delivery.c.status.in_((DeliveryStatus.PENDING, DeliveryStatus.SENDING)))
    .values(status=DeliveryStatus.SENDING, attempts=_delivery.c.attempts + 1)
    .returning(_delivery.c.attempts)
)
_UNDO = (
    update(_delivery)
    .where(_delivery.c.id == bindparam("b_id", type_=_delivery.c.id.type))
    .where(_delivery.c.status == DeliveryStatus.SENDING)
    .values(status=DeliveryStatus.PENDING, attempts=_delivery.c.attempts - 1)
)


@dataclass(frozen=True, slots=True)
class Started:
    """A delivery that may be sent now; `again` says an earlier attempt may have arrived."""

    delivery: Delivery
    conversation: Conversation
    message: OutgoingMessage
    again: bool


def enqueue(
    session: Session, conversation: Conversation, message: Message, key: str, now: datetime
) -> Delivery:
    """Put a message on its way; `key` makes a second one impossible."""
    assert not message.private  # noqa: S101 - a note has no way out of the house
    lane = f"{conversation.inbox}:{conversation.thread}"
    delivery = Delivery(
        id=uuid4(),
        key=key,
        message_id=message.id,
        conversation_id=conversation.id,
        inbox=conversation.inbox,
        lane=lane,
        sequence=bump(session, LaneKind.OUT, lane, conversation.inbox, now),
        parts=message.parts,
        created_at=now,
    )
    session.add(delivery)
    return delivery


def outgoing(delivery: Delivery, conversation: Conversation) -> OutgoingMessage:
    """Return what the adapter is given for a delivery."""
    return OutgoingMessage(
        address=Address(
            inbox=conversation.inbox,
            thread=conversation.thread,
            contact=conversation.platform_contact,
            visibility=conversation.visibility,
        ),
        delivery_id=delivery.id.hex,
        parts=delivery.parts,
    )


def start(
    session: Session, lane: str, token: str, now: datetime, lease: timedelta
) -> Started | None:
    """Mark the lane's next delivery as being sent; None when there is none.

    Raises:
        Fenced: the lane went to another worker, or the message into a platform's call.
    """
    row = hold(session, LaneKind.OUT, lane, token, now, lease)
    delivery = session.exec(
        select(Delivery).where(Delivery.lane == lane, Delivery.sequence == row.done + 1)
    ).one_or_none()
    if delivery is None:
        row.ready_at = row.lease_until = row.token = None
        return None
    conversation = session.get_one(Conversation, delivery.conversation_id)
    again = delivery.status is DeliveryStatus.SENDING
    attempts = session.connection().execute(_START, {"b_id": delivery.id}).scalar_one_or_none()
    if attempts is None:
        raise Fenced(f"lane {lane}: item {delivery.sequence} went out in a call meanwhile")
    set_committed_value(delivery, "status", DeliveryStatus.SENDING)
    set_committed_value(delivery, "attempts", attempts)
    return Started(delivery, conversation, outgoing(delivery, conversation), again)


def undo_start(session: Session, started: Started) -> None:
    """Take back `start`, in its own transaction: the message was not even tried."""
    session.flush()
    session.connection().execute(_UNDO, {"b_id": started.delivery.id})


def refusal(conversation: Conversation, now: datetime) -> str | None:
    """Return why the platform would refuse a message now (window, quota), or None."""
    if conversation.reply_until is not None and now > conversation.reply_until:
        return "window_closed"
    if conversation.replies_left is not None and conversation.replies_left <= 0:
        return "quota_used"
    return None


def sent(
    session: Session,
    delivery_id: UUID,
    token: str,
    platform_id: str | None,
    now: datetime,
    *,
    back: str | None = None,
) -> bool:
    """Mark a delivery as taken by the platform; return whether its lane has more.

    `back` names an inbox that works again: its failures are forgotten and those who wait there
    are hastened, in this transaction, since once the lane is free it may be claimed at any moment.
    """
    delivery = session.get_one(Delivery, delivery_id)
    session.connection().execute(_USE_REPLY, {"b_id": delivery.conversation_id})
    delivery.platform_id, delivery.sent_at = platform_id, now
    _welcome(session, back, now)
    return _end(session, delivery, token, DeliveryStatus.SENT, Fact.DELIVERY_SENT, now)


def failed(
    session: Session,
    delivery_id: UUID,
    token: str,
    problem: str,
    now: datetime,
    *,
    back: str | None = None,
) -> bool:
    """Give a delivery up, with its reason; return whether its lane has more.

    `back` is as in `sent`: a platform that refuses is there.
    """
    _welcome(session, back, now)
    delivery = session.get_one(Delivery, delivery_id)
    delivery.problem = problem[:500]
    return _end(session, delivery, token, DeliveryStatus.FAILED, Fact.DELIVERY_FAILED, now)


def uncertain(session: Session, delivery_id: UUID, token: str, problem: str, now: datetime) -> bool:
    """Mark that nobody knows whether it arrived; return whether its lane has more."""
    delivery = session.get_one(Delivery, delivery_id)
    delivery.problem = problem[:500]
    return _end(session, delivery, token, DeliveryStatus.UNCERTAIN, Fact.DELIVERY_UNCERTAIN, now)


def _welcome(session: Session, back: str | None, now: datetime) -> None:
    if back is not None:
        paces.recovered(session, back)
        hasten(session, LaneKind.OUT, back, now)


def _end(
    session: Session,
    delivery: Delivery,
    token: str,
    status: DeliveryStatus,
    fact: Fact,
    now: datetime,
) -> bool:
    delivery.status = status
    session.add(delivery)
    session.add(
        Activity(
            fact=fact,
            at=now,
            inbox=delivery.inbox,
            conversation_id=delivery.conversation_id,
            data={"message": str(delivery.message_id), "problem": delivery.problem},
        )
    )
    return finish(session, LaneKind.OUT, delivery.lane, token, delivery.sequence, now)


def retry_later(session: Session, delivery_id: UUID, problem: str, *, counts: bool = True) -> None:
    """Note that the platform did not take it, so that the next attempt is a clean one."""
    delivery = session.get_one(Delivery, delivery_id)
    delivery.attempts -= 0 if counts else 1
    delivery.status, delivery.problem = DeliveryStatus.PENDING, problem[:500]
    session.add(delivery)


def of_conversation(session: Session, conversation_id: UUID) -> dict[UUID, Delivery]:
    """Return the deliveries of a conversation by message."""
    rows = session.exec(
        select(Delivery)
        .where(Delivery.conversation_id == conversation_id)
        .order_by(col(Delivery.sequence))
    )
    return {row.message_id: row for row in rows}
