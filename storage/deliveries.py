"""Deliveries: one outgoing message on its way, from pending to its end, never backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import bindparam, case, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from channels.base import Sent
from channels.message import Address, OutgoingMessage
from storage import activity, paces, windows
from storage.jobs import FRESH, on_terms
from storage.lanes import Fenced, bump, finish, hasten, hold
from storage.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    LaneKind,
    Message,
)
from storage.upsert import table_of

_delivery = table_of(Delivery)
_START = (
    update(_delivery)
    .where(_delivery.c.id == bindparam("b_id", type_=_delivery.c.id.type))
    .where(_delivery.c.status.in_((DeliveryStatus.PENDING, DeliveryStatus.SENDING)))
    .values(status=DeliveryStatus.SENDING, attempts=_delivery.c.attempts + 1)
    .returning(_delivery.c.attempts)
)
_ONE_LESS = case((_delivery.c.attempts > 0, _delivery.c.attempts - 1), else_=0)
_UNDO = (
    update(_delivery)
    .where(_delivery.c.id.in_(bindparam("b_ids", expanding=True, type_=_delivery.c.id.type)))
    .where(_delivery.c.status == DeliveryStatus.SENDING)
    .values(status=DeliveryStatus.PENDING, attempts=_ONE_LESS)
)
_WITH_AUTHOR = select(Delivery, Message.author).join(
    Message, col(Message.id) == Delivery.message_id
)
MOST_TOGETHER = 10
"""How many messages ride in one at most."""


@dataclass(frozen=True, slots=True)
class Started:
    """A delivery that may be sent now; `again` says an earlier attempt may have arrived.

    `others` ride in the same message, since the platform counts messages; `person` says that
    one wrote at least one of them.
    """

    delivery: Delivery
    conversation: Conversation
    message: OutgoingMessage
    again: bool
    others: tuple[UUID, ...] = ()
    person: bool = False

    @property
    def ids(self) -> tuple[UUID, ...]:
        """Every delivery that is in the message."""
        return self.delivery.id, *self.others


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
    found = session.exec(
        _WITH_AUTHOR.where(Delivery.lane == lane, Delivery.sequence == row.done + 1)
    ).one_or_none()
    if found is None:
        row.ready_at = row.lease_until = row.token = None
        return None
    delivery, author = found
    conversation = session.get_one(Conversation, delivery.conversation_id)
    again = delivery.status is DeliveryStatus.SENDING
    attempts = session.connection().execute(_START, {"b_id": delivery.id}).scalar_one_or_none()
    if attempts is None:
        raise Fenced(f"lane {lane}: item {delivery.sequence} went out in a call meanwhile")
    set_committed_value(delivery, "status", DeliveryStatus.SENDING)
    set_committed_value(delivery, "attempts", attempts)
    left = conversation.replies_left
    others = _riding(session, delivery, left) if left is not None and not again else []
    person = Author.AGENT in (author, *(who for _, who in others))
    parts = tuple(part for one in (delivery, *(one for one, _ in others)) for part in one.parts)
    message = outgoing(delivery, conversation).model_copy(
        update={"parts": parts, "automatic": not person}
    )
    return Started(
        delivery, conversation, message, again, tuple(one.id for one, _ in others), person
    )


def undo_start(session: Session, started: Started) -> None:
    """Take back `start`, in its own transaction: the message was not even tried."""
    session.flush()
    session.connection().execute(_UNDO, {"b_ids": list(started.ids)})


def _riding(session: Session, delivery: Delivery, left: int) -> list[tuple[Delivery, str]]:
    """Return what goes out in the same message, when replies are short; mark it so."""
    behind = session.exec(
        _WITH_AUTHOR.where(Delivery.lane == delivery.lane, Delivery.sequence > delivery.sequence)
        .order_by(col(Delivery.sequence))
        .limit(MOST_TOGETHER)
    )
    riding: list[tuple[Delivery, str]] = []
    for one, author in behind:
        same = one.conversation_id == delivery.conversation_id
        if one.status is not DeliveryStatus.PENDING or not same:
            break
        riding.append((one, author))
    if len(riding) + 1 < left:
        return []
    for one, _ in riding:
        one.status = DeliveryStatus.SENDING
        session.add(one)
    return riding


@on_terms(FRESH)
def sent(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    taken: Sent,
    now: datetime,
    *,
    back: str | None = None,
) -> bool:
    """Mark deliveries as taken by the platform; return whether their lane has more.

    `back` names an inbox that works again: its failures are forgotten and those who wait there
    are hastened, in this transaction, since once the lane is free it may be claimed at any moment.
    """
    first, *others = _all(session, delivery_ids)
    windows.use(session, first.conversation_id, taken.pieces)
    first.pieces = taken.pieces
    for one in (first, *others):
        one.platform_id, one.sent_at = taken.platform_id, now
    _welcome(session, back, now)
    return _end(session, (first, *others), token, DeliveryStatus.SENT, Fact.DELIVERY_SENT, now)


@on_terms(FRESH)
def failed(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    problem: str,
    now: datetime,
    *,
    back: str | None = None,
) -> bool:
    """Give deliveries up, with their reason; return whether their lane has more.

    `back` is as in `sent`: a platform that refuses is there.
    """
    _welcome(session, back, now)
    found = _all(session, delivery_ids, problem)
    return _end(session, found, token, DeliveryStatus.FAILED, Fact.DELIVERY_FAILED, now)


@on_terms(FRESH)
def refused(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    reason: str,
    now: datetime,
    *,
    back: str | None = None,
) -> bool:
    """Give deliveries up because the platform says that the window is closed or used up."""
    _welcome(session, back, now)
    first, *_ = found = _all(session, delivery_ids, reason)
    windows.correct(session, first.conversation_id, reason, now)
    return _end(session, found, token, DeliveryStatus.FAILED, Fact.DELIVERY_FAILED, now)


@on_terms(FRESH)
def uncertain(
    session: Session, delivery_ids: Sequence[UUID], token: str, problem: str, now: datetime
) -> bool:
    """Mark that nobody knows whether they arrived; return whether their lane has more."""
    found = _all(session, delivery_ids, problem)
    return _end(session, found, token, DeliveryStatus.UNCERTAIN, Fact.DELIVERY_UNCERTAIN, now)


def _welcome(session: Session, back: str | None, now: datetime) -> None:
    if back is not None:
        paces.recovered(session, back)
        hasten(session, LaneKind.OUT, back, now)


def _all(
    session: Session, delivery_ids: Sequence[UUID], problem: str | None = None
) -> list[Delivery]:
    # Held, since a platform may say at this very moment that it did not arrive.
    found = [session.get_one(Delivery, one, with_for_update=True) for one in delivery_ids]
    for delivery in found:
        delivery.problem = delivery.problem if problem is None else problem[:500]
    return found


def _end(
    session: Session,
    ended: Sequence[Delivery],
    token: str,
    status: DeliveryStatus,
    fact: Fact,
    now: datetime,
) -> bool:
    more = False
    for delivery in ended:
        if delivery.status is not DeliveryStatus.FAILED:
            delivery.status = status
            session.add(delivery)
            tell(session, delivery, fact, now)
        more = finish(session, LaneKind.OUT, delivery.lane, token, delivery.sequence, now)
    return more


def tell(session: Session, delivery: Delivery, fact: Fact, now: datetime) -> None:
    """Write a delivery's end into the log."""
    data = {"message": str(delivery.message_id), "problem": delivery.problem}
    whose = delivery.conversation_id
    activity.log(session, fact, now, inbox=delivery.inbox, conversation_id=whose, data=data)


def retry_later(
    session: Session, delivery_ids: Sequence[UUID], problem: str, *, counts: bool = True
) -> None:
    """Note that the platform did not take it, so that the next attempt is a clean one."""
    for delivery in _all(session, delivery_ids, problem):
        delivery.status = DeliveryStatus.PENDING
        session.add(delivery)
    session.get_one(Delivery, delivery_ids[0]).attempts -= 0 if counts else 1


def of_conversation(session: Session, conversation_id: UUID) -> dict[UUID, Delivery]:
    """Return the deliveries of a conversation by message."""
    query = select(Delivery).where(Delivery.conversation_id == conversation_id)
    return {row.message_id: row for row in session.exec(query.order_by(col(Delivery.sequence)))}
