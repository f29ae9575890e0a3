"""Deliveries by the dozen: begun and ended together, where nothing about any of them is special.

What `deliveries` does for one with all its questions, here for many without: one place in each
lane, nothing that rides along, and begun only where there are no replies to count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from channels.base import Sent
from storage import delivery_rows, lane_batches, pg_driver, windows
from storage.among import among
from storage.lane_batches import Held
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
from storage.records import drafts
from storage.rows import find_all
from storage.upsert import table_of

_delivery, _message = table_of(Delivery), table_of(Message)
_talk, _lane = table_of(Conversation), table_of(Lane)
_OWN, _OF_TALK = _delivery.columns.keys(), _talk.columns.keys()


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery of a lane that `token` holds, as the platform took it.

    It is `counted` where a platform lets a conversation be answered so and so often.
    """

    delivery_id: UUID
    lane: str
    sequence: int
    token: str
    taken: Sent
    at: datetime
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is next in a lane, and how many wait there, itself included."""

    delivery: Delivery
    conversation: Conversation
    author: Author
    many: int


def waiting(connection: Connection, lanes: Collection[str], token: str) -> dict[str, Waiting]:
    """Return, by lane, what is next in those that `token` holds, if it was never tried.

    Nobody else takes these lanes until the transaction ends.
    """
    if not lanes:
        return {}
    found = find_all(connection, _NEXT, {"b_lanes": sorted(lanes), "b_token": token})
    deliveries = drafts(Delivery, _OWN, (row[2 : 2 + len(_OWN)] for row in found))
    talks = drafts(Conversation, _OF_TALK, (row[2 + len(_OWN) :] for row in found))
    return {
        one.lane: Waiting(one, talk, row[0], row[1])
        for row, one, talk in zip(found, deliveries, talks, strict=True)
    }


def begin(connection: Connection, delivery_ids: Collection[UUID]) -> dict[UUID, int]:
    """Mark deliveries as being sent; return which attempt that is, of those that still waited."""
    if not delivery_ids:
        return {}
    found = find_all(connection, _BEGIN, {"b_ids": list(delivery_ids)})
    return {delivery_id: attempts for delivery_id, attempts in found}  # noqa: C416 - rows of any type


def forget_if_lost(connection: Connection) -> None:
    """Let a dying server forget this transaction: it marks nothing, and is made again."""
    if connection.dialect.name == "postgresql":
        pg_driver.forget_if_lost(connection)


def end(connection: Connection, ended: Sequence[Ended]) -> list[bool]:
    """Mark deliveries as taken, each the next of its lane; return which lanes have more.

    Raises:
        Fenced: one of the lanes went to another worker; roll everything back.
    """
    now = ended[-1].at
    held = {
        one.id: one for one in delivery_rows.held(connection, [one.delivery_id for one in ended])
    }
    used = [
        (held[one.delivery_id].conversation_id, one.taken.pieces) for one in ended if one.counted
    ]
    windows.use_all(connection, used)
    delivery_rows.taken_each(
        connection, [(held[one.delivery_id], one.taken, one.at) for one in ended]
    )
    told = [held[one.delivery_id] for one in ended]
    delivery_rows.tell(connection, told, Fact.DELIVERY_SENT, now, None)
    lanes = lane_batches.held(connection, LaneKind.OUT, [one.lane for one in ended])
    _check(lanes, ended)
    lane_batches.finish_all(connection, LaneKind.OUT, {one.lane: 1 for one in ended}, now)
    return [lanes[one.lane].last_in > one.sequence for one in ended]


def _check(lanes: Mapping[str, Held], ended: Sequence[Ended]) -> None:
    """Refuse if one of the lanes is another worker's, or further than this one knew."""
    for one in ended:
        lane = lanes.get(one.lane)
        if lane is None or lane.token != one.token or lane.done + 1 != one.sequence:
            raise Fenced(f"lane {one.lane}: item {one.sequence} is no longer ours")


_NEXT = (
    select(
        _message.c.author,
        _lane.c.last_in - _lane.c.done,
        *_delivery.columns,
        *(column.label(f"talk_{column.name}") for column in _talk.columns),
    )
    .join_from(
        _lane,
        _delivery,
        (_delivery.c.lane == _lane.c.key) & (_delivery.c.sequence == _lane.c.done + 1),
    )
    .join(_message, _message.c.id == _delivery.c.message_id)
    .join(_talk, _talk.c.id == _delivery.c.conversation_id)
    .where(
        _lane.c.kind == literal_column("'out'"),
        _lane.c.token == bindparam("b_token"),
        among(_lane.c.key, "b_lanes"),
        _delivery.c.status == DeliveryStatus.PENDING,
    )
    .order_by(_lane.c.key)
    .with_for_update(of=_lane)
)
_BEGIN = (
    update(_delivery)
    .where(
        among(_delivery.c.id, "b_ids"),
        # By its index SQLite would look through all that waits for whichever platform.
        func.coalesce(_delivery.c.status, "") == DeliveryStatus.PENDING.value,
    )
    .values(status=DeliveryStatus.SENDING, attempts=_delivery.c.attempts + 1)
    .returning(_delivery.c.id, _delivery.c.attempts)
)
