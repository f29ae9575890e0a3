"""What customers said otherwise afterwards: both wordings stay, the later one names the first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from channels.message import Address
from storage.models import Author, Conversation, Message
from storage.records import Connection
from storage.upsert import table_of

_talk, _message = table_of(Conversation), table_of(Message)
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
