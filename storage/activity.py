"""The log of facts: written with the change it tells of, read by cursor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, func, select

from storage.jobs import GLANCE, on_terms
from storage.models.activity import Activity, Fact
from storage.records import drafts, record
from storage.rows import find_all
from storage.upsert import table_of

_activity = table_of(Activity)
_ACTIVITY = _activity.columns.keys()
_SINCE = (
    rows_of(_activity)
    .where(_activity.c.id > bindparam("b_after", type_=_activity.c.id.type))
    .order_by(_activity.c.id)
    .limit(bindparam("b_limit", type_=_activity.c.id.type))
)


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


@on_terms(GLANCE)
def since(session: Session, after: int, limit: int = 500) -> list[Activity]:
    """Return the facts after number `after`, oldest first."""
    found = find_all(session.connection(), _SINCE, {"b_after": after, "b_limit": limit})
    return drafts(Activity, _ACTIVITY, found)


def some(session: Session, numbers: Collection[int]) -> list[Activity]:
    """Return those of these facts that are there, in order."""
    query = select(Activity).where(col(Activity.id).in_(numbers)).order_by(col(Activity.id))
    return list(session.exec(query))


def last_id(session: Session) -> int:
    """Return the number of the newest fact, 0 if there is none."""
    return session.exec(select(func.max(Activity.id))).one() or 0
