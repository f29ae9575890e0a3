"""Removes what nobody needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session

from storage import paces, rehearsals
from storage.models import AdapterMemory, InboundEvent, Rehearsal, Timer
from storage.models import Session as Login
from storage.upsert import table_of

EVENTS_KEPT = timedelta(days=30)
"""How long a finished event stands guard against a repeated push; platforms repeat for hours."""


def sweep(session: Session, now: datetime) -> int:
    """Delete what is past its time: events, timers, logins, tokens, paces and rehearsals."""
    events, timers = table_of(InboundEvent), table_of(Timer)
    logins, memory, tried = table_of(Login), table_of(AdapterMemory), table_of(Rehearsal)
    old = now - EVENTS_KEPT
    doomed = (
        delete(events).where(events.c.done_at < old, events.c.problem.is_(None)),
        delete(timers).where(timers.c.done_at < old),
        delete(logins).where(logins.c.expires_at < now),
        delete(memory).where(memory.c.expires_at < now),
        delete(tried).where(tried.c.at < now - rehearsals.KEPT),
    )
    connection = session.connection()
    gone = sum(connection.execute(statement).rowcount for statement in doomed)
    return gone + paces.forget(session, now)
