"""Conversations by the dozen: what many turns need to know, read at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    func,
    null,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from channels.message import Address
from storage.among import among
from storage.conversations import is_open
from storage.models import Contact, Conversation, Identity, Message, Ticket
from storage.records import Later, draft, drafts
from storage.rows import decoders, find_all
from storage.statements import Row
from storage.trips import find_each
from storage.types import new_id
from storage.upsert import table_of

Pair = tuple[str, str]

_talk, _message, _ticket = table_of(Conversation), table_of(Message), table_of(Ticket)
_contact, _identity = table_of(Contact), table_of(Identity)
_CONTACT, _TALK = _contact.columns.keys(), _talk.columns.keys()
_MESSAGE, _TICKET = _message.columns.keys(), _ticket.columns.keys()
_inbox: BindParameter[str] = bindparam("b_inbox")

_PEOPLE = (
    select(
        _identity.c.platform_user,
        _identity.c.id,
        _identity.c.blocked,
        _identity.c.attributes,
        exists().where(_ticket.c.contact_id == _contact.c.id).label("has_tickets"),
        _contact,
    )
    .join(_contact, _identity.c.contact_id == _contact.c.id)
    .where(_identity.c.inbox == _inbox, among(_identity.c.platform_user, "b_names"))
)
_OPEN = select(_talk).where(_talk.c.inbox == _inbox, among(_talk.c.thread, "b_names"), is_open())
_LAST = (
    select(_talk.c.thread, func.max(_talk.c.last_position))
    .where(_talk.c.inbox == _inbox, among(_talk.c.thread, "b_names"))
    .group_by(_talk.c.thread)
)
LOOSE = ("version", "unread", "reply_until", "replies_left")
"""The columns that others change while a turn is thought about and that make no turn stale."""
_LOCK = (
    select(_talk.c.id, *(_talk.c[n] for n in LOOSE))
    .where(among(_talk.c.id, "b_ids"))
    .order_by(_talk.c.id)
    .with_for_update(key_share=True)
)
# How earlier answers were decided is the longest of a message, and no turn asks for it.
_raw: list[ColumnElement[Any]] = [
    (null() if column.name == "why" else type_coerce(column, NullType())).label(column.name)
    for column in _message.columns
]
# A conversation's positions have no gaps: the last ones are those behind a number.
_HISTORY = (
    select(*_raw)
    .join(_talk, _talk.c.id == _message.c.conversation_id)
    .where(
        among(_talk.c.id, "b_ids"),
        _message.c.position
        > _talk.c.last_position - bindparam("b_limit", type_=_message.c.position.type),
    )
    .order_by(_message.c.conversation_id, _message.c.position)
)
_TICKETS = (
    select(_ticket)
    .where(among(_ticket.c.contact_id, "b_ids"))
    .order_by(_ticket.c.opened_at.desc(), _ticket.c.number.desc())
)
_ECHO = select(_message).where(
    _message.c.conversation_id == bindparam("b_id", type_=_talk.c.id.type),
    _message.c.echo_id == bindparam("b_echo"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes: a contact under a name on one inbox, and what is known of them by now."""

    contact: Contact
    identity_id: UUID
    name: str | None
    language: str | None
    blocked: bool = False
    attributes: Mapping[str, Any] | None = None
    """What the firm's own website vouched for."""
    has_tickets: bool = False
    """Whether there is any, so that nobody else's are asked for."""


def stranger(contact: Contact) -> Person:
    """Return somebody who is stored nowhere yet."""
    return Person(contact, new_id(), None, None)


def people(connection: Connection, addresses: Collection[Address]) -> dict[Pair, Person]:
    """Return those who are known, by inbox and the platform's name for them."""
    found: dict[Pair, Person] = {}
    pairs = ((a.inbox, a.contact) for a in addresses)
    for inbox, rows in _by_inbox(connection, _PEOPLE, pairs):
        for known, identity_id, blocked, attributes, has_tickets, *row in rows:
            contact = draft(Contact, dict(zip(_CONTACT, row, strict=True)))
            found[inbox, known] = Person(
                contact,
                identity_id,
                contact.name,
                contact.language,
                blocked,
                attributes,
                bool(has_tickets),
            )
    return found


def open_ones(connection: Connection, addresses: Collection[Address]) -> dict[Pair, Conversation]:
    """Return the threads' conversations that are not resolved, by inbox and thread."""
    found: dict[Pair, Conversation] = {}
    pairs = ((a.inbox, a.thread) for a in addresses)
    for inbox, rows in _by_inbox(connection, _OPEN, pairs):
        found |= {(inbox, talk.thread): talk for talk in drafts(Conversation, _TALK, rows)}
    return found


def last_positions(connection: Connection, addresses: Collection[Address]) -> dict[Pair, int]:
    """Return where the threads' numbering stands, by inbox and thread."""
    found: dict[Pair, int] = {}
    pairs = ((a.inbox, a.thread) for a in addresses)
    for inbox, rows in _by_inbox(connection, _LAST, pairs):
        found |= {(inbox, thread): last for thread, last in rows}
    return found


def histories(
    connection: Connection, ids: Collection[UUID], limit: int
) -> dict[UUID, Sequence[Message]]:
    """Return each conversation's last messages, oldest first, without their `why`."""
    if not ids:
        return {}
    # Few handlers look back: what they do not look at is not made.
    rows: defaultdict[Any, list[Any]] = defaultdict(list)
    place = _MESSAGE.index("conversation_id")
    for row in find_all(connection, _HISTORY, {"b_ids": ids, "b_limit": limit}):
        rows[row[place]].append(row)
    known = decoders(connection, _message)
    decode = known[place][1]
    return {
        key if decode is None else decode(key): Later(Message, found, known)
        for key, found in rows.items()
    }


def tickets(connection: Connection, ids: Collection[UUID]) -> dict[UUID, list[Ticket]]:
    """Return each contact's tickets, newest first."""
    found: defaultdict[UUID, list[Ticket]] = defaultdict(list)
    if ids:
        rows = find_all(connection, _TICKETS, {"b_ids": ids})
        for ticket in drafts(Ticket, _TICKET, rows):
            found[ticket.contact_id].append(ticket)
    return found


def lock(connection: Connection, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the versions of conversations, and what changes without a new one.

    Nobody else changes them until the transaction ends.
    """
    if not ids:
        return {}
    found = find_all(connection, _LOCK, {"b_ids": ids})
    return {row[0]: dict(zip(LOOSE, row[1:], strict=True)) for row in found}


def echoed(connection: Connection, conversation_id: UUID, echo_id: str) -> Message | None:
    """Return the message that was stored under this echo before."""
    rows = find_all(connection, _ECHO, {"b_id": conversation_id, "b_echo": echo_id})
    found = drafts(Message, _MESSAGE, rows)
    return found[0] if found else None


def _by_inbox(
    connection: Connection, query: Select[Any], pairs: Iterable[Pair]
) -> Iterable[tuple[str, Sequence[Row]]]:
    """Return what a query finds of each inbox under the names that are asked for."""
    asked: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for inbox, name in pairs:
        asked[inbox][name] = None
    given = [{"b_inbox": inbox, "b_names": list(names)} for inbox, names in asked.items()]
    return zip(asked, find_each(connection, query, given), strict=True)
