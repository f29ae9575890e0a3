"""Slots: the chance to answer in a platform's own call, and what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from storage.jobs import GLANCE, on_terms
from storage.models import (
    Activity,
    Delivery,
    DeliveryStatus,
    Fact,
    InboundEvent,
    Lane,
    LaneKind,
    PassiveSlot,
    SlotState,
)
from storage.upsert import insert_for, table_of

_slot, _event, _lane = table_of(PassiveSlot), table_of(InboundEvent), table_of(Lane)
_delivery = table_of(Delivery)


def open_slot(session: Session, event_id: UUID, until: datetime, now: datetime) -> None:
    """Note that a call is held for the answer to this event; its retry holds on for longer."""
    connection = session.connection()
    given = {"b_event": event_id, "b_until": until, "b_now": now}
    connection.execute(_open(connection.dialect.name), given)


def hold(session: Session, event: InboundEvent, now: datetime) -> None:
    """Keep a reply that was enqueued at `now` from being sent while the call is held for it.

    A lane where something waited before is left alone. Part of the turn's transaction.
    """
    given = {"b_event": event.id, "b_key": event.lane, "b_now": now}
    session.connection().execute(_HOLD, given)


def release(session: Session, lane: str, until: datetime, now: datetime) -> None:
    """Let what was held until `until` be sent: nothing rides in the call."""
    given = {"b_key": lane, "b_until": until, "b_now": now}
    session.connection().execute(_RELEASE, given)


@on_terms(GLANCE)
def is_decided(session: Session, event_id: UUID) -> bool:
    """Say whether waiting is over: the event was thought about, or its answer is there."""
    found = session.connection().execute(_DECIDED, {"b_event": event_id}).one_or_none()
    return found is None or found.done_at is not None or found.state != SlotState.OPEN


def given(session: Session, event_id: UUID, now: datetime) -> int:
    """Note that a call was really answered; return how many deliveries that ends."""
    return _settle(session, event_id, SlotState.GIVEN, DeliveryStatus.SENT, now)


def overdue(session: Session, before: datetime) -> list[UUID]:
    """Return the events whose answer was taken before `before`, and by nobody since."""
    return list(session.connection().execute(_OVERDUE, {"b_before": before}).scalars())


def doubt(session: Session, event_id: UUID, now: datetime) -> int:
    """Note that no call was answered for long; return how many deliveries that puts in doubt."""
    return _settle(session, event_id, SlotState.DOUBTFUL, DeliveryStatus.UNCERTAIN, now)


def _settle(
    session: Session, event_id: UUID, state: SlotState, status: DeliveryStatus, now: datetime
) -> int:
    before = [SlotState.TAKEN, *([SlotState.DOUBTFUL] if state is SlotState.GIVEN else [])]
    moved = {"b_event": event_id, "b_from": before, "b_to": state, "b_now": now}
    row = session.connection().execute(_MOVE, moved).one_or_none()
    return 0 if row is None else end(session, row.carries, status, now)


def end(session: Session, carries: Collection[str], status: DeliveryStatus, now: datetime) -> int:
    """End deliveries that a call carried, sent or in doubt; return how many."""
    sent = status is DeliveryStatus.SENT
    values = {
        "b_ids": [UUID(each) for each in carries],
        "b_from": [DeliveryStatus.SENDING, *([DeliveryStatus.UNCERTAIN] if sent else [])],
        "b_status": status,
        "b_sent": now if sent else None,
        "b_problem": None if sent else "no call was answered with it",
    }
    ended = list(session.connection().execute(_END, values))
    for row in ended:
        session.add(
            Activity(
                fact=Fact.DELIVERY_SENT if sent else Fact.DELIVERY_UNCERTAIN,
                at=now,
                inbox=row.inbox,
                conversation_id=row.conversation_id,
                data={"message": str(row.message_id), "problem": values["b_problem"]},
            )
        )
    return len(ended)


# Statements are built once: building costs more than running them.
_at = bindparam("b_now", type_=_slot.c.changed_at.type)
_for_event = _slot.c.event_id == bindparam("b_event", type_=_slot.c.event_id.type)
_out = (_lane.c.kind == LaneKind.OUT, _lane.c.key == bindparam("b_key"))
_open_until = (
    select(_slot.c.until)
    .where(_for_event, _slot.c.state == SlotState.OPEN, _slot.c.until > _at)
    .scalar_subquery()
)

_DECIDED = (
    select(_event.c.done_at, _slot.c.state)
    .join_from(_event, _slot, _slot.c.event_id == _event.c.id)
    .where(_for_event)
)
_HOLD = (
    update(_lane)
    .where(*_out, _lane.c.token.is_(None), _lane.c.ready_at == _at, _open_until.is_not(None))
    .values(ready_at=_open_until)
)
_RELEASE = (
    update(_lane)
    .where(*_out, _lane.c.token.is_(None))
    .where(_lane.c.ready_at == bindparam("b_until", type_=_lane.c.ready_at.type))
    .values(ready_at=_at)
)
_MOVE = (
    update(_slot)
    .where(_for_event, _slot.c.state.in_(bindparam("b_from", expanding=True)))
    .values(state=bindparam("b_to", type_=_slot.c.state.type), changed_at=_at)
    .returning(_slot.c.carries)
)
_OVERDUE = select(_slot.c.event_id).where(
    _slot.c.state == SlotState.TAKEN,
    _slot.c.changed_at < bindparam("b_before", type_=_slot.c.changed_at.type),
)
_END = (
    update(_delivery)
    .where(_delivery.c.id.in_(bindparam("b_ids", expanding=True)))
    .where(_delivery.c.status.in_(bindparam("b_from", expanding=True)))
    .values(
        status=bindparam("b_status", type_=_delivery.c.status.type),
        sent_at=bindparam("b_sent", type_=_delivery.c.sent_at.type),
        problem=bindparam("b_problem"),
    )
    .returning(_delivery.c.inbox, _delivery.c.conversation_id, _delivery.c.message_id)
)


@cache
def _open(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    statement = insert_for(dialect, PassiveSlot).values(
        event_id=bindparam("b_event"),
        until=bindparam("b_until", type_=_slot.c.until.type),
        state=SlotState.OPEN,
        carries=[],
        changed_at=_at,
    )
    return statement.on_conflict_do_update(
        index_elements=[_slot.c.event_id],
        set_={"until": statement.excluded.until},
        where=_slot.c.state == SlotState.OPEN,
    )
