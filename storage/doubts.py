"""What a person decides about a message that did not arrive, or perhaps did not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from storage import activity
from storage.deliveries import enqueue
from storage.models import Conversation, Delivery, DeliveryStatus, Fact, Message

NOT_ARRIVED = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that nobody has decided about yet, and the conversation it belongs to."""

    delivery: Delivery
    conversation: Conversation


def arrived(session: Session, delivery_id: UUID, agent_id: UUID, now: datetime) -> bool:
    """Take a person's word that a doubtful message arrived; return whether it was in doubt."""
    confirmed = _decide(
        session, delivery_id, (DeliveryStatus.UNCERTAIN,), status=DeliveryStatus.SENT, sent_at=now
    )
    if confirmed is not None:
        _log(session, Fact.DELIVERY_CONFIRMED, confirmed, agent_id, now)
    return confirmed is not None


def again(session: Session, delivery_id: UUID, agent_id: UUID, now: datetime) -> Delivery | None:
    """Put a message on its way once more; None if it is on its way, arrived or was sent again.

    The new delivery takes the end of its lane; the old one stays as it is, and names the new.
    """
    old = _decide(session, delivery_id, NOT_ARRIVED, superseded=True)
    if old is None:
        return None
    conversation = session.get_one(Conversation, old.conversation_id)
    message = session.get_one(Message, old.message_id)
    new = enqueue(session, conversation, message, f"again:{old.id}", now)
    new.parts = old.parts
    _log(session, Fact.DELIVERY_RESENT, old, agent_id, now)
    return new


def undelivered(
    session: Session, since: datetime, inboxes: Collection[str] | None = None, limit: int = 100
) -> list[Undelivered]:
    """Return the messages since a moment that wait for somebody's decision, newest first."""
    query = (
        select(Delivery, Conversation)
        .join(Conversation, col(Conversation.id) == col(Delivery.conversation_id))
        .where(col(Delivery.status).in_(NOT_ARRIVED), col(Delivery.superseded).is_(False))
        .where(col(Delivery.created_at) >= since)
        .order_by(col(Delivery.created_at).desc(), col(Delivery.id))
    )
    if inboxes is not None:
        query = query.where(col(Delivery.inbox).in_(inboxes))
    return [Undelivered(*found) for found in session.exec(query.limit(limit))]


def of(session: Session, conversation_id: UUID, delivery_id: UUID) -> Delivery | None:
    """Return a delivery, if it belongs to the conversation."""
    delivery = session.get(Delivery, delivery_id)
    return delivery if delivery and delivery.conversation_id == conversation_id else None


def _decide(
    session: Session,
    delivery_id: UUID,
    standing: Collection[DeliveryStatus],
    **values: object,
) -> Delivery | None:
    """Change a delivery that still stands so; of two who decide at once, one gets None."""
    decided = session.connection().execute(
        update(Delivery)
        .where(col(Delivery.id) == delivery_id, col(Delivery.status).in_(standing))
        .where(col(Delivery.superseded).is_(False))
        .values(**values)
    )
    if decided.rowcount != 1:
        return None
    delivery = session.get_one(Delivery, delivery_id)
    session.refresh(delivery)
    return delivery


def _log(session: Session, fact: Fact, delivery: Delivery, agent_id: UUID, now: datetime) -> None:
    activity.log(
        session,
        fact,
        now,
        agent_id=agent_id,
        inbox=delivery.inbox,
        conversation_id=delivery.conversation_id,
        data={"message": str(delivery.message_id), "delivery": str(delivery.id)},
    )
