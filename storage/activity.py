"""The log of facts: written with the change it tells of, read by cursor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlmodel import Session, col, func, select

from storage.models.activity import Activity, Fact
from storage.records import record


class About(TypedDict, total=False):
    """What a fact is about; leave out what does not apply."""

    agent_id: UUID | None
    contact_id: UUID | None
    conversation_id: UUID | None
    ticket_id: UUID | None
    inbox: str | None
    data: dict[str, Any]


def log(session: Session, fact: Fact, now: datetime, **about: Unpack[About]) -> Activity:
    """Append one fact; it gets its number when the transaction is flushed."""
    activity = record(Activity, {"data": {}, **about, "fact": fact, "at": now})
    session.add(activity)
    return activity


def since(session: Session, after: int, limit: int = 500) -> list[Activity]:
    """Return the facts after number `after`, oldest first."""
    query = select(Activity).where(col(Activity.id) > after).order_by(col(Activity.id))
    return list(session.exec(query.limit(limit)))


def some(session: Session, numbers: Collection[int]) -> list[Activity]:
    """Return those of these facts that are there, in order."""
    query = select(Activity).where(col(Activity.id).in_(numbers)).order_by(col(Activity.id))
    return list(session.exec(query))


def last_id(session: Session) -> int:
    """Return the number of the newest fact, 0 if there is none."""
    return session.exec(select(func.max(Activity.id))).one() or 0
