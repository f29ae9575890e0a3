"""Accept once: what platforms brought, stored under a unique key before they are answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlmodel import Session, col, select

from channels.base import Quarantined, Reception
from channels.message import IncomingMessage
from storage.lanes import bump, finish
from storage.models import Activity, Fact, InboundEvent, Lane, LaneKind
from storage.upsert import insert, table_of

_event = table_of(InboundEvent)
KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one message: `new` is False when it was here before."""

    event_id: UUID
    lane: str | None
    new: bool


def lane_key(inbox: str, thread: str) -> str:
    """Return the lane of a thread."""
    return f"{inbox}:{thread}"


def accept(session: Session, inbox: str, reception: Reception, now: datetime) -> list[Accepted]:
    """Store what a call contained, each message once; when committed it may be acknowledged."""
    stored = [_accept_message(session, inbox, message, now) for message in reception.messages]
    stored += [_quarantine(session, inbox, odd, now) for odd in reception.quarantined]
    return stored


def _accept_message(
    session: Session, inbox: str, message: IncomingMessage, now: datetime
) -> Accepted:
    lane = lane_key(inbox, message.address.thread)
    key = short(message.dedupe_key)
    event_id = _insert(session, inbox, key, message.model_dump(mode="json"), now, lane=lane)
    if event_id is None:
        known = session.exec(
            select(InboundEvent).where(InboundEvent.inbox == inbox, InboundEvent.dedupe_key == key)
        ).one()
        return Accepted(known.id, known.lane, new=False)
    sequence = bump(session, LaneKind.IN, lane, inbox, now)
    session.connection().execute(
        update(_event).where(_event.c.id == event_id).values(sequence=sequence)
    )
    return Accepted(event_id, lane, new=True)


def _quarantine(session: Session, inbox: str, odd: Quarantined, now: datetime) -> Accepted:
    key = short(odd.dedupe_key)
    payload = {"raw": odd.raw[:10_000]}
    event_id = _insert(session, inbox, key, payload, now, problem=odd.reason[:500])
    if event_id is not None:
        session.add(
            Activity(
                fact=Fact.EVENT_QUARANTINED,
                at=now,
                inbox=inbox,
                data={"event": str(event_id), "reason": odd.reason[:500]},
            )
        )
        return Accepted(event_id, None, new=True)
    known = session.exec(
        select(InboundEvent).where(InboundEvent.inbox == inbox, InboundEvent.dedupe_key == key)
    ).one()
    return Accepted(known.id, None, new=False)


def _insert(
    session: Session,
    inbox: str,
    key: str,
    payload: Mapping[str, Any],
    now: datetime,
    *,
    lane: str | None = None,
    problem: str | None = None,
) -> UUID | None:
    statement = (
        insert(session, InboundEvent)
        .values(
            id=uuid4(),
            inbox=inbox,
            dedupe_key=key,
            lane=lane,
            payload=payload,
            received_at=now,
            problem=problem,
            dead=False,
        )
        .on_conflict_do_nothing(index_elements=[_event.c.inbox, _event.c.dedupe_key])
        .returning(_event.c.id)
    )
    found: UUID | None = session.connection().execute(statement).scalar_one_or_none()
    return found


def short(key: str) -> str:
    """Return a key of bounded length; a longer one is replaced by its digest."""
    if len(key) <= KEY_LENGTH:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def next_event(session: Session, lane: str) -> InboundEvent | None:
    """Return the event after the lane's last finished one, if there is one."""
    row = session.get(Lane, (LaneKind.IN, lane))
    if row is None or row.done >= row.last_in:
        return None
    return session.exec(
        select(InboundEvent).where(InboundEvent.lane == lane, InboundEvent.sequence == row.done + 1)
    ).one_or_none()


def finish_event(session: Session, event: InboundEvent, token: str, now: datetime) -> bool:
    """Mark an event done together with its lane; return whether more is waiting.

    Raises:
        Fenced: the lane went to another worker; roll back.
    """
    assert event.lane is not None  # noqa: S101 - a quarantined event is never worked on
    assert event.sequence is not None  # noqa: S101
    session.connection().execute(update(_event).where(_event.c.id == event.id).values(done_at=now))
    return finish(session, LaneKind.IN, event.lane, token, event.sequence, now)


def bury_event(
    session: Session, event: InboundEvent, token: str, problem: str, now: datetime
) -> bool:
    """Park an event that failed too often, with an alert; the lane goes on."""
    session.connection().execute(
        update(_event).where(_event.c.id == event.id).values(dead=True, problem=problem[:500])
    )
    session.add(
        Activity(
            fact=Fact.EVENT_DEAD,
            at=now,
            inbox=event.inbox,
            data={"event": str(event.id), "problem": problem[:500]},
        )
    )
    return finish_event(session, event, token, now)


def revive(session: Session, event_id: UUID, now: datetime) -> bool:
    """Put a dead event at the end of its lane once more; return whether it was dead."""
    event = session.get(InboundEvent, event_id)
    if event is None or not event.dead or event.lane is None:
        return False
    event.sequence = bump(session, LaneKind.IN, event.lane, event.inbox, now)
    event.dead, event.problem, event.done_at = False, None, None
    session.add(event)
    return True


def troubled(session: Session, limit: int = 100) -> list[InboundEvent]:
    """Return quarantined and dead events, newest first."""
    statement = select(InboundEvent).where(col(InboundEvent.problem).is_not(None))
    return list(session.exec(statement.order_by(col(InboundEvent.received_at).desc()).limit(limit)))


def probe(session: Session) -> None:
    """Write and take back one row: proves that the database takes writes."""
    lane = Lane(kind=LaneKind.IN, key="probe", inbox="")
    session.add(lane)
    session.flush()
    session.delete(lane)
    session.flush()
