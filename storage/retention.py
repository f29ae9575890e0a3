"""Removes what nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlmodel import Session

from storage import paces, rehearsals
from storage.among import among
from storage.models import AdapterMemory, InboundEvent, Rehearsal, Timer
from storage.models import Session as Login
from storage.upsert import table_of

EVENTS_KEPT = timedelta(days=30)
"""How long a finished event stands guard against a repeated push; platforms repeat for hours."""
PIECE = 2000
"""How many events are looked at, and timers removed, at once: who writes beside them waits."""
_event, _timer = table_of(InboundEvent), table_of(Timer)
_DROP = delete(_event).where(among(_event.c.id, "b_ids"))


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows went, up to which event all were looked at, and whether there is more."""

    rows: int
    after: UUID | None
    more: bool


def sweep(session: Session, now: datetime, after: UUID | None = None) -> Swept:
    """Delete what is past its time: events, timers, logins, tokens, paces and rehearsals.

    Of what there may be a million of only a piece goes; the next one begins behind `after`.
    """
    connection, old = session.connection(), now - EVENTS_KEPT
    events, place, is_end = _events(connection, old, after)
    timers = connection.execute(_old_timers(old)).rowcount
    few = _few(session, now) if after is None else 0
    return Swept(events + timers + few, place, more=not is_end or timers == PIECE)


def _few(session: Session, now: datetime) -> int:
    """Delete what there are not many of, and return how many."""
    logins, memory, tried = table_of(Login), table_of(AdapterMemory), table_of(Rehearsal)
    doomed = (
        delete(logins).where(logins.c.expires_at < now),
        delete(memory).where(memory.c.expires_at < now),
        delete(tried).where(tried.c.at < now - rehearsals.KEPT),
    )
    gone = sum(session.connection().execute(statement).rowcount for statement in doomed)
    return gone + paces.forget(session, now)


def _events(
    connection: Connection, old: datetime, after: UUID | None
) -> tuple[int, UUID | None, bool]:
    """Delete finished events of the next piece; return how many, and where and if it is the last.

    Their ids are in the order in which they came: behind a young one there is no old one.
    """
    looked = select(_event.c.id, _event.c.received_at, _event.c.done_at, _event.c.problem)
    if after is not None:
        looked = looked.where(_event.c.id > after)
    rows = connection.execute(looked.order_by(_event.c.id).limit(PIECE)).all()
    doomed = [row.id for row in rows if row.problem is None and row.done_at and row.done_at < old]
    connection.execute(_DROP, {"b_ids": doomed})
    if not rows:
        return 0, after, True
    return len(doomed), rows[-1].id, len(rows) < PIECE or rows[-1].received_at >= old


def _old_timers(old: datetime) -> Any:  # noqa: ANN401 - a statement
    fired = _timer.c.done_at < old
    # No timer fires before it is due: the index of when they are due leads to the old ones.
    batch = select(_timer.c.key).where(_timer.c.due_at < old, fired).limit(PIECE)
    return delete(_timer).where(_timer.c.key.in_(batch))
