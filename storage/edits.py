"""What customers said otherwise afterwards: both wordings stay, the later one names the first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from channels.message import Address
from storage.models import Author, Conversation, InboundEvent, Message
from storage.records import Connection
from storage.upsert import table_of

_talk, _message, _event = table_of(Conversation), table_of(Message), table_of(InboundEvent)
LOOKS_BACK = 200
"""How many of a thread's last events are looked at for an album; platforms take edits for days."""
_EVENTS = (
    select(_event.c.payload)
    .where(_event.c.lane == bindparam("b_lane"), _event.c.sequence.is_not(None))
    .order_by(_event.c.sequence.desc())
    .limit(bindparam("b_limit"))
)
_PLACE = (
    select(_message.c.position)
    .join(_talk, _talk.c.id == _message.c.conversation_id)
    .where(
        _talk.c.inbox == bindparam("b_inbox"),
        _talk.c.thread == bindparam("b_thread"),
        _message.c.author == Author.CONTACT,
        _message.c.echo_id == bindparam("b_echo"),
    )
    .order_by(_message.c.position.desc())
    .limit(1)
)


def place_of(connection: Connection, address: Address, platform_id: str) -> int | None:
    """Return the position in its thread of what a customer said under the platform's own id."""
    given = {"b_inbox": address.inbox, "b_thread": address.thread, "b_echo": platform_id}
    found: int | None = connection.execute(_PLACE, given).scalar()
    return found


def named_by(connection: Connection, address: Address, platform_id: str) -> str:
    """Return what names the message in which a customer said something.

    The pieces of an album are one message here, which its first one names.
    """
    if place_of(connection, address, platform_id) is not None:
        return platform_id
    given = {"b_lane": f"{address.inbox}:{address.thread}", "b_limit": LOOKS_BACK}
    said = [payload for (payload,) in connection.execute(_EVENTS, given) if payload.get("album")]
    album = next((one["album"] for one in said if one.get("platform_id") == platform_id), None)
    pieces = [one["platform_id"] for one in said if one["album"] == album]
    return pieces[-1] if pieces else platform_id


def before(session: Session, messages: Sequence[Message]) -> dict[UUID, Message]:
    """Return for each edit among one thread's messages what was said before it, by its id."""
    edits = [message for message in messages if message.replaces is not None]
    talk = session.get(Conversation, edits[0].conversation_id) if edits else None
    if talk is None:
        return {}
    firsts = {edit.replaces for edit in edits}
    query = (
        pick(Message)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(Conversation.inbox == talk.inbox, Conversation.thread == talk.thread)
        .where(or_(col(Message.position).in_(firsts), col(Message.replaces).in_(firsts)))
        .order_by(col(Message.position))
    )
    known = list(session.exec(query))
    found: dict[UUID, Message] = {}
    for edit in edits:
        for wording in known:
            is_one = edit.replaces in (wording.position, wording.replaces)
            if is_one and wording.position < edit.position:
                found[edit.id] = wording
    return found
