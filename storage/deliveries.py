"""Deliveries: one outgoing message on its way, from pending to its end, never backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from channels.base import Sent
from channels.message import Address, OutgoingMessage, is_notice
from storage import activity, delivery_rows, paces, windows
from storage.jobs import FRESH, on_terms
from storage.lanes import Fenced, bump, finish, hasten, hold, rest
from storage.models import Author, Conversation, Delivery, DeliveryStatus, Fact, LaneKind, Message

Rider = tuple[Delivery, str]
_WITH_AUTHOR = select(Delivery, Message.author).join(
    Message, col(Message.id) == Delivery.message_id
)
_GIVEN_UP = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
"""How what is given up ends, and how it does if an earlier try may have arrived."""
_FACTS = dict(zip(_GIVEN_UP, (Fact.DELIVERY_FAILED, Fact.DELIVERY_UNCERTAIN), strict=True))
_ENDED = frozenset(DeliveryStatus) - {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
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

    What may have arrived goes with those that it was tried with before, and with no others: where
    a platform knows a message again, it must be the same one.

    Raises:
        Fenced: the lane went to another worker, or the message into a platform's call.
    """
    done = hold(session, LaneKind.OUT, lane, token, now, lease)
    connection = session.connection()
    while (found := delivery_rows.at(connection, lane, done + 1)) and found[0].status in _ENDED:
        # Its end came another way, and who had it in hand did not live to tell.
        done += 1
        finish(session, LaneKind.OUT, lane, token, done, now)
    if found is None:
        rest(session, LaneKind.OUT, lane)
        return None
    delivery, conversation, author = found
    again = delivery.status is DeliveryStatus.SENDING
    attempts = delivery_rows.begin(connection, delivery.id)
    if attempts is None:
        raise Fenced(f"lane {lane}: item {delivery.sequence} went out in a call meanwhile")
    delivery.status, delivery.attempts = DeliveryStatus.SENDING, attempts
    others = _riding(session, delivery, conversation.replies_left, again=again)
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
    delivery_rows.undo(session.connection(), started.ids, _standing(started))


def _standing(started: Started) -> DeliveryStatus:
    """Return how its deliveries stand until the next try: an earlier one may have arrived."""
    return DeliveryStatus.SENDING if started.again else DeliveryStatus.PENDING


def _riding(session: Session, delivery: Delivery, left: int | None, *, again: bool) -> list[Rider]:
    """Return what goes out in the same message, when replies are short; mark it so."""
    if again:
        return _behind(session, delivery, DeliveryStatus.SENDING)
    if left is None or is_notice(delivery.parts):
        return []
    riding = _behind(session, delivery, DeliveryStatus.PENDING)
    if len(riding) + 1 < left:
        return []
    for one, _ in riding:
        one.status = DeliveryStatus.SENDING
    return riding


def _behind(session: Session, delivery: Delivery, status: DeliveryStatus) -> list[Rider]:
    """Return what stands right behind it in this state and can ride in its message."""
    place = (Delivery.lane == delivery.lane, Delivery.sequence > delivery.sequence)
    behind = _WITH_AUTHOR.where(*place).order_by(col(Delivery.sequence)).limit(MOST_TOGETHER)
    like = status, delivery.conversation_id

    def rides(row: Rider) -> bool:
        return (row[0].status, row[0].conversation_id) == like and not is_notice(row[0].parts)

    return list(takewhile(rides, session.exec(behind)))


@on_terms(replace(FRESH, sends=False))
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
    connection = session.connection()
    found = delivery_rows.held(connection, delivery_ids)
    windows.use(session, found[0].conversation_id, taken.pieces)
    delivery_rows.taken(connection, found, taken, now)
    _welcome(session, back, now)
    return _end(session, found, token, Fact.DELIVERY_SENT, now)


@on_terms(FRESH)
def failed(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    problem: str,
    now: datetime,
    *,
    back: str | None = None,
    doubtful: bool = False,
) -> bool:
    """Give deliveries up, with their reason; return whether their lane has more.

    `back` is as in `sent`: a platform that refuses is there. If it is `doubtful` whether an earlier
    try arrived, it stays so.
    """
    _welcome(session, back, now)
    return _give_up(session, delivery_ids, token, _GIVEN_UP[doubtful], problem, now)


@on_terms(FRESH)
def refused(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    reason: str,
    now: datetime,
    *,
    back: str | None = None,
    doubtful: bool = False,
) -> bool:
    """Give deliveries up because the platform says that the window is closed or used up."""
    _welcome(session, back, now)
    first, *_ = delivery_rows.held(session.connection(), delivery_ids)
    windows.correct(session, first.conversation_id, reason, now)
    return _give_up(session, delivery_ids, token, _GIVEN_UP[doubtful], reason, now)


@on_terms(FRESH)
def uncertain(
    session: Session, delivery_ids: Sequence[UUID], token: str, problem: str, now: datetime
) -> bool:
    """Mark that nobody knows whether they arrived; return whether their lane has more."""
    return _give_up(session, delivery_ids, token, DeliveryStatus.UNCERTAIN, problem, now)


def _welcome(session: Session, back: str | None, now: datetime) -> None:
    if back is not None:
        paces.recovered(session, back)
        hasten(session, LaneKind.OUT, back, now)


def _give_up(
    session: Session,
    delivery_ids: Sequence[UUID],
    token: str,
    status: DeliveryStatus,
    problem: str,
    now: datetime,
) -> bool:
    connection, words = session.connection(), problem[:500]
    found = delivery_rows.held(connection, delivery_ids)
    if status is DeliveryStatus.UNCERTAIN:
        windows.doubt(session, found[0].conversation_id)
    delivery_rows.over(connection, found, status, words)
    return _end(session, found, token, _FACTS[status], now, words)


def _end(
    session: Session,
    ended: Sequence[delivery_rows.Held],
    token: str,
    fact: Fact,
    now: datetime,
    problem: str | None = None,
) -> bool:
    """Tell of ends, and let the lane go on; `ended` says how they stood before."""
    delivery_rows.tell(session.connection(), ended, fact, now, problem)
    more = False
    for one in ended:
        more = finish(session, LaneKind.OUT, one.lane, token, one.sequence, now)
    return more


def tell(session: Session, delivery: Delivery, fact: Fact, now: datetime) -> None:
    """Write a delivery's end into the log."""
    data = {"message": str(delivery.message_id), "problem": delivery.problem}
    whose = delivery.conversation_id
    activity.log(session, fact, now, inbox=delivery.inbox, conversation_id=whose, data=data)


def retry_later(session: Session, started: Started, problem: str, *, counts: bool = True) -> None:
    """Note that the platform did not take it: the next try is a clean one if this one was.

    Raises:
        Fenced: it has ended meanwhile.
    """
    for one in started.ids:
        delivery = session.get_one(Delivery, one, with_for_update=True)
        if delivery.status is not DeliveryStatus.SENDING:
            raise Fenced(f"lane {delivery.lane}: item {delivery.sequence} has ended")
        delivery.status, delivery.problem = _standing(started), problem[:500]
    session.get_one(Delivery, started.delivery.id).attempts -= 0 if counts else 1


def of_conversation(session: Session, conversation_id: UUID) -> dict[UUID, Delivery]:
    """Return the deliveries of a conversation by message."""
    query = select(Delivery).where(Delivery.conversation_id == conversation_id)
    return {row.message_id: row for row in session.exec(query.order_by(col(Delivery.sequence)))}
