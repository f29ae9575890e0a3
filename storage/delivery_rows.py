"""Deliveries as rows: what every message costs on its way out, without a session's objects.

The rules are those of `deliveries`; here is how they are read and written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, or_, select, update

from channels.base import Sent
from storage.among import among
from storage.models import Activity, Author, Conversation, Delivery, DeliveryStatus, Fact, Message
from storage.records import drafts
from storage.rows import add_all, execute_all, find_all
from storage.upsert import table_of

_delivery, _message, _talk = table_of(Delivery), table_of(Message), table_of(Conversation)
_OWN, _OF_TALK = _delivery.columns.keys(), _talk.columns.keys()
_id = bindparam("b_id", type_=_delivery.c.id.type)


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery as it stands, until the transaction ends."""

    id: UUID
    lane: str
    sequence: int
    inbox: str
    conversation_id: UUID
    message_id: UUID
    status: DeliveryStatus
    problem: str | None


def at(
    connection: Connection, lane: str, sequence: int
) -> tuple[Delivery, Conversation, Author] | None:
    """Return what stands at a place of a lane, as drafts, and who wrote it."""
    found = find_all(connection, _AT, {"b_lane": lane, "b_sequence": sequence})
    if not found:
        return None
    author, *row = found[0]
    (delivery,) = drafts(Delivery, _OWN, [row[: len(_OWN)]])
    (conversation,) = drafts(Conversation, _OF_TALK, [row[len(_OWN) :]])
    return delivery, conversation, author


def begin(connection: Connection, delivery_id: UUID) -> int | None:
    """Mark a delivery as being sent; return which attempt that is, None if it has ended."""
    found = find_all(connection, _BEGIN, {"b_id": delivery_id})
    return found[0][0] if found else None


def undo(connection: Connection, delivery_ids: Sequence[UUID], status: DeliveryStatus) -> None:
    """Take back what `begin` marked: it was not even tried, and stands as it did before."""
    connection.execute(_UNDO, {"b_ids": list(delivery_ids), "b_status": status})


def held(connection: Connection, delivery_ids: Sequence[UUID]) -> list[Held]:
    """Return deliveries in their order, so that nobody else changes them meanwhile."""
    return [Held(*row) for row in find_all(connection, _HELD, {"b_ids": list(delivery_ids)})]


def taken(connection: Connection, ended: Sequence[Held], how: Sent, now: datetime) -> None:
    """Store that the platform took these, all in one message; its pieces are the first one's."""
    rows = [_taken(one, how, now, 0 if place else how.pieces) for place, one in enumerate(ended)]
    execute_all(connection, _TAKEN, rows)


def taken_each(connection: Connection, ended: Sequence[tuple[Held, Sent, datetime]]) -> None:
    """Store how and when the platform took each of these, every one in a message of its own."""
    execute_all(connection, _TAKEN, [_taken(one, how, at, how.pieces) for one, how, at in ended])


def _taken(one: Held, how: Sent, at: datetime, pieces: int) -> Mapping[str, Any]:
    return {
        "b_id": one.id,
        "b_status": DeliveryStatus.SENT,
        "b_platform_id": how.platform_id,
        "b_pieces": pieces,
        "b_sent_at": at,
    }


def over(
    connection: Connection, ended: Sequence[Held], status: DeliveryStatus, problem: str
) -> None:
    """Store that these ended without being taken."""
    given = {"b_status": status, "b_problem": problem}
    execute_all(connection, _OVER, [given | {"b_id": one.id} for one in ended])


def tell(
    connection: Connection, ended: Sequence[Held], fact: Fact, now: datetime, problem: str | None
) -> None:
    """Write ends into the log, each once: what had failed before was told then."""
    rows = [
        _fact(one, fact, now, problem) for one in ended if one.status is not DeliveryStatus.FAILED
    ]
    add_all(connection, Activity, rows)


def _fact(one: Held, fact: Fact, now: datetime, problem: str | None) -> Mapping[str, Any]:
    return {
        "fact": fact,
        "at": now,
        "inbox": one.inbox,
        "conversation_id": one.conversation_id,
        "data": {"message": str(one.message_id), "problem": problem or one.problem},
    }


_AT = (
    select(
        _message.c.author,
        *_delivery.columns,
        *(column.label(f"talk_{column.name}") for column in _talk.columns),
    )
    .join_from(_delivery, _message, _message.c.id == _delivery.c.message_id)
    .join(_talk, _talk.c.id == _delivery.c.conversation_id)
    .where(
        _delivery.c.lane == bindparam("b_lane"),
        _delivery.c.sequence == bindparam("b_sequence", type_=_delivery.c.sequence.type),
    )
)
_BEGIN = (
    update(_delivery)
    .where(_delivery.c.id == _id)
    .where(
        or_(
            _delivery.c.status == DeliveryStatus.PENDING,
            _delivery.c.status == DeliveryStatus.SENDING,
        )
    )
    .values(status=DeliveryStatus.SENDING, attempts=_delivery.c.attempts + 1)
    .returning(_delivery.c.attempts)
)
_ONE_LESS = case((_delivery.c.attempts > 0, _delivery.c.attempts - 1), else_=0)
_UNDO = (
    update(_delivery)
    .where(_delivery.c.id.in_(bindparam("b_ids", expanding=True, type_=_delivery.c.id.type)))
    .where(_delivery.c.status == DeliveryStatus.SENDING)
    .values(
        status=bindparam("b_status", type_=_delivery.c.status.type),
        attempts=_ONE_LESS,
    )
)
_HELD = (
    select(*(_delivery.c[name] for name in Held.__dataclass_fields__))
    .where(among(_delivery.c.id, "b_ids"))
    .order_by(_delivery.c.sequence)
    .with_for_update()
)
# What a platform said did not arrive after all stays failed, whoever is late with good news.
_STANDS = case(
    (_delivery.c.status == DeliveryStatus.FAILED, DeliveryStatus.FAILED),
    else_=bindparam("b_status", type_=_delivery.c.status.type),
)
_OVER = (
    update(_delivery)
    .where(_delivery.c.id == _id)
    .values(status=_STANDS, problem=bindparam("b_problem", type_=_delivery.c.problem.type))
)
_TAKEN = (
    update(_delivery)
    .where(_delivery.c.id == _id)
    .values(
        status=_STANDS,
        platform_id=bindparam("b_platform_id", type_=_delivery.c.platform_id.type),
        pieces=bindparam("b_pieces", type_=_delivery.c.pieces.type),
        sent_at=bindparam("b_sent_at", type_=_delivery.c.sent_at.type),
    )
)
