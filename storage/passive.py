"""Passive replies: what rides in the answer to a platform's own call, the same in each retry.

A reply leaves either this way or through `deliveries.start`: both move it from pending to
sending in one statement, and only one of them finds it pending.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, case, or_, select, update
from sqlmodel import Session

from channels.message import Address, OutgoingMessage, Part, Text
from channels.text import plain
from storage import slots
from storage.deliveries import enqueue
from storage.lanes import Fenced
from storage.models import (
    Conversation,
    Delivery,
    DeliveryStatus,
    InboundEvent,
    Lane,
    LaneKind,
    Message,
    PassiveSlot,
    SlotState,
)
from storage.upsert import table_of

Fit = Callable[[OutgoingMessage], tuple[OutgoingMessage | None, OutgoingMessage | None]]
"""Splits a message into what rides in one call's answer and what cannot; see `channels.base`."""

_slot, _event, _lane = table_of(PassiveSlot), table_of(InboundEvent), table_of(Lane)
_delivery = table_of(Delivery)


@dataclass(frozen=True, slots=True)
class _Load:
    """What fits: the message, the deliveries wholly in it, and what is left of the next one."""

    message: OutgoingMessage
    whole: Sequence[Row[Any]]
    cut: Row[Any] | None = None
    rest: tuple[Part, ...] = ()


def take(
    session: Session, event_id: UUID, fit: Fit, now: datetime, *, only_way: bool
) -> OutgoingMessage | None:
    """Return what rides in the answer to this event's call, or None.

    Asked again, the same event gets the same answer. With `only_way` everything that waits on
    the thread goes along as far as it fits, and the rest waits for the customer's next call;
    otherwise what does not fit as a whole is left to be sent.

    Raises:
        Fenced: a sender was quicker; nothing rides.
    """
    connection = session.connection()
    slot = connection.execute(_TAKE, {"b_event": event_id}).one_or_none()
    if slot is None or not slot.payload:
        return None  # Nobody ever waited, or whoever did was forgotten since.
    given = OutgoingMessage(
        address=Address.model_validate(slot.payload["address"]), delivery_id=event_id.hex, parts=()
    )
    if slot.state != SlotState.OPEN:
        return given.model_copy(update={"parts": slot.answer})
    load = _load(session, slot.lane, given, fit, now, only_way=only_way)
    if load is None:
        if not only_way:
            slots.release(session, slot.lane, slot.until, now)
        return None
    _start(session, load, now)
    connection.execute(
        _ANSWER,
        {
            "b_event": event_id,
            "b_parts": load.message.parts,
            "b_carries": [row.id.hex for row in load.whole],
            "b_now": now,
        },
    )
    return load.message


def _load(
    session: Session, key: str, given: OutgoingMessage, fit: Fit, now: datetime, *, only_way: bool
) -> _Load | None:
    """Return what rides, and move the lane past it; None when that is nothing."""
    connection = session.connection()
    lane = connection.execute(_LOCK, {"b_key": key, "b_now": now}).one_or_none()
    if lane is None:
        return None
    pending = _pending(session, key, lane.done, now, only_way=only_way)
    if pending is None:
        return None
    load = _fill(pending, given, fit)
    if load is None or (len(load.whole) < len(pending) and not only_way):
        return None
    if load.cut is not None:
        _cut(session, load.cut, load.rest, pending, now)
    carried = load.whole if load.cut is None else (*load.whole, load.cut)
    connection.execute(_PASS, {"b_key": key, "b_done": carried[-1].sequence, "b_now": now})
    return _Load(load.message, carried)


def _pending(
    session: Session, key: str, done: int, now: datetime, *, only_way: bool
) -> list[Row[Any]] | None:
    """Return what waits in a lane; None where something is on another way, and this is not all."""
    found = {"b_key": key, "b_done": done}
    waiting = list(session.connection().execute(_WAITING, found))
    stuck = [row.id.hex for row in waiting if row.status == DeliveryStatus.SENDING]
    if stuck and not only_way:
        return None
    if stuck:
        slots.end(session, stuck, DeliveryStatus.UNCERTAIN, now)
    return [row for row in waiting if row.status == DeliveryStatus.PENDING]


def _fill(pending: Sequence[Row[Any]], given: OutgoingMessage, fit: Fit) -> _Load | None:
    """Return as much as one answer holds, the last delivery in part if need be."""
    load: _Load | None = None
    for number, row in enumerate(pending, 1):
        parts = tuple(part for one in pending[:number] for part in one.parts)
        holds, rest = fit(given.model_copy(update={"parts": parts}))
        if holds is None:
            return load
        whole = load.whole if load else ()
        if rest is None:
            load = _Load(holds, (*whole, row))
        elif _is_end_of(rest.parts, row.parts):
            return _Load(holds, whole, row, rest.parts)
        else:
            return load
    return load


def _is_end_of(rest: tuple[Part, ...], parts: tuple[Part, ...]) -> bool:
    """Say whether `rest` is less than `parts`: then the cut goes through them, not before."""
    words, left = plain(parts).strip(), plain(rest).strip()
    return len(left) < len(words) and words.endswith(left)


def _cut(
    session: Session,
    row: Row[Any],
    rest: tuple[Part, ...],
    pending: Sequence[Row[Any]],
    now: datetime,
) -> None:
    """Give the rest of a delivery a row of its own, before those that wait behind it."""
    conversation = session.get_one(Conversation, row.conversation_id)
    message = session.get_one(Message, row.message_id)
    more = enqueue(session, conversation, message, f"{row.key}:rest", now)
    more.parts, more.sequence = rest, 0
    begun = plain(row.parts).strip().removesuffix(plain(rest).strip())
    session.get_one(Delivery, row.id).parts = (Text(text=begun.rstrip()),)
    session.flush()
    behind = [one.sequence for one in pending if one.sequence > row.sequence]
    for sequence in reversed(behind):
        session.connection().execute(_BACK, {"b_lane": row.lane, "b_sequence": sequence})
    more.sequence = row.sequence + 1
    session.flush()


def _start(session: Session, load: _Load, now: datetime) -> None:
    ids = [row.id for row in load.whole]
    started = session.connection().execute(_START, {"b_ids": ids}).rowcount
    if started != len(ids):
        raise Fenced(f"a reply that waited at {now} was sent meanwhile")


# Statements are built once: building costs more than running them.
_at = bindparam("b_now", type_=_slot.c.changed_at.type)
_for_event = _slot.c.event_id == bindparam("b_event", type_=_slot.c.event_id.type)
_key: BindParameter[str] = bindparam("b_key")
_out = (_lane.c.kind == LaneKind.OUT, _lane.c.key == _key)
_TAKE = (
    select(_slot.c.until, _slot.c.state, _slot.c.answer, _event.c.lane, _event.c.payload)
    .join_from(_slot, _event, _slot.c.event_id == _event.c.id)
    .where(_for_event)
    .with_for_update(of=_slot)
)
_LOCK = (
    select(_lane.c.done)
    .where(*_out, _lane.c.done < _lane.c.last_in)
    .where(or_(_lane.c.token.is_(None), _lane.c.lease_until < _at))
    .with_for_update()
)
_WAITING = (
    select(_delivery)
    .where(_delivery.c.lane == _key, _delivery.c.sequence > bindparam("b_done"))
    .order_by(_delivery.c.sequence)
)
_PASS = (
    update(_lane)
    .where(*_out)
    .values(
        done=bindparam("b_done"),
        attempts=0,
        lease_until=None,
        token=None,
        ready_at=case((_lane.c.last_in > bindparam("b_done"), _at), else_=None),
    )
)
_START = (
    update(_delivery)
    .where(_delivery.c.id.in_(bindparam("b_ids", expanding=True)))
    .where(_delivery.c.status == DeliveryStatus.PENDING)
    .values(status=DeliveryStatus.SENDING, attempts=_delivery.c.attempts + 1)
)
_BACK = (
    update(_delivery)
    .where(_delivery.c.lane == bindparam("b_lane"))
    .where(_delivery.c.sequence == bindparam("b_sequence"))
    .values(sequence=_delivery.c.sequence + 1)
)
_ANSWER = (
    update(_slot)
    .where(_for_event)
    .values(
        state=SlotState.TAKEN,
        answer=bindparam("b_parts", type_=_slot.c.answer.type),
        carries=bindparam("b_carries", type_=_slot.c.carries.type),
        changed_at=_at,
    )
)
