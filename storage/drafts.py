"""What many turns change, drafted first and written at once.

The rules are those of `conversations`, without a session: every message passes here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import Connection, Update, bindparam, func, update

from channels.message import Part
from storage import media
from storage.conversations import Extra, fact_of, note_in
from storage.lane_batches import pass_all
from storage.models import (
    Activity,
    Author,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    Identity,
    LaneKind,
    Message,
)
from storage.records import draft
from storage.rows import add_all, execute_all
from storage.talks import Pair, Person
from storage.types import new_id
from storage.upsert import table_of

_talk, _contact, _identity = table_of(Conversation), table_of(Contact), table_of(Identity)


@dataclass(slots=True)
class Drafts:
    """What many turns add, until it is stored at once."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    at_once: set[UUID] = field(default_factory=set)
    """The messages that need not be sent: stored is sent."""

    def append(
        self,
        conversation: Conversation,
        author: Author,
        parts: tuple[Part, ...],
        now: datetime,
        *,
        stored_is_sent: bool = False,
        **extra: Unpack[Extra],
    ) -> Message:
        """Add the next message to a draft of a conversation, as `conversations.append` does.

        With `stored_is_sent` what is said to the customer is with them once it is stored. The
        conversation's version is the caller's to change.
        """
        row = {
            "id": new_id(),
            "conversation_id": conversation.id,
            "position": conversation.last_position + 1,
            "author": author,
            "private": False,
            "parts": parts,
            "why": extra.get("why"),
            "echo_id": extra.get("echo_id"),
            "replaces": extra.get("replaces"),
            "at": now,
        }
        message = draft(Message, row)
        self.messages.append(row)
        if media.has_media(parts):
            self.files += media.rows_of(conversation, message.id, parts, now)
        note_in(conversation, message)
        data = {"position": message.position, "author": author.value}
        self.log(fact_of(message), conversation, now, data)
        if author is not Author.CONTACT:
            key = extra.get("key") or f"m:{message.id}"
            self._send(conversation, message, key, now)
            if stored_is_sent:
                self.at_once.add(message.id)
        return message

    def log(
        self, fact: Fact, conversation: Conversation, now: datetime, data: dict[str, Any]
    ) -> None:
        """Add a fact about a conversation."""
        self.facts.append(
            {
                "fact": fact,
                "at": now,
                "contact_id": conversation.contact_id,
                "conversation_id": conversation.id,
                "inbox": conversation.inbox,
                "data": data,
            }
        )

    def _send(self, conversation: Conversation, message: Message, key: str, now: datetime) -> None:
        self.deliveries.append(
            {
                "id": new_id(),
                "key": key,
                "message_id": message.id,
                "conversation_id": conversation.id,
                "inbox": conversation.inbox,
                "lane": f"{conversation.inbox}:{conversation.thread}",
                "parts": message.parts,
                "created_at": now,
            }
        )

    def store(self, connection: Connection, now: datetime) -> None:
        """Store everything; the conversations must be stored already."""
        add_all(connection, Message, self.messages)
        media.add(connection, self.files)
        self._put_out(connection, now)
        add_all(connection, Activity, self.facts)

    def _put_out(self, connection: Connection, now: datetime) -> None:
        """Number the deliveries in their lanes; end what need not wait for anybody in its lane."""
        more = Counter((row["inbox"], row["lane"]) for row in self.deliveries)
        waits = {row["lane"] for row in self.deliveries if row["message_id"] not in self.at_once}
        lanes = pass_all(connection, LaneKind.OUT, more, now, waits=waits)
        last = {key: lane.last_in for key, lane in lanes.items()}
        sent = {**_SENT, "sent_at": now}
        for row in reversed(self.deliveries):
            lane = row["lane"]
            row["sequence"] = last[lane]
            last[lane] -= 1
            row.update(_PENDING if lanes[lane].waiting else sent)
        add_all(connection, Delivery, self.deliveries)


_SENT = {"status": DeliveryStatus.SENT, "pieces": 1}
_PENDING = {"status": DeliveryStatus.PENDING, "pieces": 0, "sent_at": None}


def open_all(connection: Connection, talks: Sequence[Mapping[str, Any]]) -> None:
    """Store conversations that are new."""
    add_all(connection, Conversation, talks)


def save_all(
    connection: Connection, changed: Sequence[tuple[Mapping[str, Any], Conversation]]
) -> None:
    """Store what is different in each draft from the row it was made of."""
    pairs = [(before, vars(after)) for before, after in changed]
    names = {name for before, after in pairs for name in _differing(before, after)}
    if names:
        rows = [
            {"v_id": after["id"], **{f"b_{name}": after[name] for name in names}}
            for _, after in pairs
        ]
        execute_all(connection, _update(frozenset(names)), rows)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        name for name, value in after.items() if value is not before[name] and value != before[name]
    ]


@cache
def _update(names: frozenset[str]) -> Update:
    columns = {name: bindparam(f"b_{name}", type_=_talk.c[name].type) for name in sorted(names)}
    return (
        update(_talk).where(_talk.c.id == bindparam("v_id", type_=_talk.c.id.type)).values(columns)
    )


def add_people(connection: Connection, strangers: Mapping[Pair, Person], now: datetime) -> None:
    """Store people who were not known."""
    everybody = sorted(strangers.items(), key=lambda item: item[0])
    contacts = [
        {"id": one.contact.id, "name": one.name, "language": one.language, "created_at": now}
        for _, one in everybody
    ]
    identities = [
        {
            "id": one.identity_id,
            "inbox": inbox,
            "platform_user": name,
            "contact_id": one.contact.id,
            "blocked": one.blocked,
        }
        for (inbox, name), one in everybody
    ]
    add_all(connection, Contact, contacts)
    add_all(connection, Identity, identities)


def change_people(connection: Connection, changed: Mapping[Pair, Person]) -> None:
    """Store what was learnt of people; a name or language that somebody else gave stays."""
    rows = [
        {
            "b_contact": one.contact.id,
            "b_identity": one.identity_id,
            "b_name": one.name,
            "b_language": one.language,
            "b_blocked": one.blocked,
        }
        for _, one in sorted(changed.items(), key=lambda item: item[0])
    ]
    execute_all(connection, _LEARN, rows)
    execute_all(connection, _BLOCK, rows)


_LEARN = (
    update(_contact)
    .where(_contact.c.id == bindparam("b_contact", type_=_contact.c.id.type))
    .values(
        name=func.coalesce(_contact.c.name, bindparam("b_name", type_=_contact.c.name.type)),
        language=func.coalesce(
            _contact.c.language, bindparam("b_language", type_=_contact.c.language.type)
        ),
    )
)
_BLOCK = (
    update(_identity)
    .where(_identity.c.id == bindparam("b_identity", type_=_identity.c.id.type))
    .values(blocked=bindparam("b_blocked", type_=_identity.c.blocked.type))
)
