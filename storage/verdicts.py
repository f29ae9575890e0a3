"""What became of the questions that the bot was asked: read from the threads themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as pick

from channels.message import Part
from storage.among import among
from storage.models import Activity, Author, Contact, Conversation, Fact, Message
from storage.rows import find_all
from storage.upsert import table_of

ASKED = (Fact.FAQ_ANSWERED, Fact.FAQ_SUGGESTED, Fact.FAQ_MISSED)
BATCH = 500
_message, _talk, _contact = table_of(Message), table_of(Conversation), table_of(Contact)
_THREADS = (
    select(
        _message.c.conversation_id,
        _message.c.id,
        _message.c.author,
        _message.c.parts,
        _message.c.why,
        _message.c.at,
    )
    .where(among(_message.c.conversation_id, "b_ids"), _message.c.private.is_(False))
    .order_by(_message.c.conversation_id, _message.c.position)
)
_TALKS = (
    select(_talk.c.id, _talk.c.inbox, _contact.c.name)
    .join(_contact, _contact.c.id == _talk.c.contact_id)
    .where(among(_talk.c.id, "b_ids"))
)
_LAST = select(_talk.c.id, _talk.c.last_position).where(among(_talk.c.id, "b_ids"))
_SOME = select(_message.c.id, _message.c.parts, _message.c.conversation_id, _message.c.at).where(
    among(_message.c.id, "b_ids")
)


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread; notes are not among them."""

    id: UUID
    author: Author
    parts: tuple[Part, ...]
    why: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said in one conversation, in order."""

    conversation_id: UUID
    inbox: str
    name: str
    said: Sequence[Said]


def asked_in(session: Session, since: datetime, limit: int) -> list[UUID]:
    """Return the conversations in which the bot was asked something since then, newest first."""
    query = (
        pick(Activity.conversation_id)
        .where(col(Activity.fact).in_(ASKED), col(Activity.at) >= since)
        .order_by(col(Activity.id).desc())
        .limit(limit)
    )
    return list(dict.fromkeys(found for found in session.exec(query) if found is not None))


def last_positions(session: Session, since: datetime, limit: int) -> dict[UUID, int]:
    """Return the same conversations, in the same order, with their last messages' positions."""
    ids = asked_in(session, since, limit)
    connection = session.connection()
    last: dict[UUID, int] = {}
    for start in range(0, len(ids), BATCH):
        some = {"b_ids": ids[start : start + BATCH]}
        last |= {row[0]: row[1] for row in find_all(connection, _LAST, some)}
    return {one: last[one] for one in ids if one in last}


def threads(session: Session, ids: Sequence[UUID]) -> list[Thread]:
    """Return these conversations with what was said in them, in the order of `ids`."""
    connection = session.connection()
    said: dict[UUID, list[Said]] = {}
    about: dict[UUID, tuple[str, str]] = {}
    for start in range(0, len(ids), BATCH):
        some = {"b_ids": list(ids[start : start + BATCH])}
        for talk, number, author, parts, why, at in find_all(connection, _THREADS, some):
            said.setdefault(talk, []).append(Said(number, author, parts, why or {}, at))
        about |= {row[0]: (row[1], row[2] or "") for row in find_all(connection, _TALKS, some)}
    return [Thread(one, *about[one], said.get(one, ())) for one in ids if one in about]


def messages(
    session: Session, ids: Collection[UUID]
) -> dict[UUID, tuple[tuple[Part, ...], UUID, datetime, str]]:
    """Return what some messages say, in which conversation, when, and their customer's name."""
    if not ids:
        return {}
    connection = session.connection()
    rows = find_all(connection, _SOME, {"b_ids": list(ids)})
    talks = {"b_ids": list({row[2] for row in rows})}
    names = {row[0]: row[2] or "" for row in find_all(connection, _TALKS, talks)} if rows else {}
    return {row[0]: (row[1], row[2], row[3], names.get(row[2], "")) for row in rows}
