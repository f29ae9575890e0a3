"""Conversations and their messages: opened once per thread, numbered without gaps."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import TextClause, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from channels.message import Address, ContactEvent, Part, Unsupported, text_of
from storage import activity, deliveries, media
from storage.models.activity import Fact
from storage.models.conversation import Author, Conversation, Message, Owner, Status
from storage.models.people import Contact

PREVIEW = 120
"""How many characters of the last message a list shows."""
# A literal: only then can the partial unique index serve the query.
_OPEN = text("conversation.status != 'resolved'")


class AlreadyOpen(Exception):
    """The thread has an open conversation; one is enough."""


class Extra(TypedDict, total=False):
    """What some messages have besides their author and parts."""

    agent_id: UUID | None
    private: bool
    why: dict[str, Any] | None
    echo_id: str | None
    key: str | None
    replaces: int | None


def find_open(session: Session, inbox: str, thread: str) -> Conversation | None:
    """Return the thread's conversation that is not resolved."""
    query = select(Conversation).where(
        Conversation.inbox == inbox, Conversation.thread == thread, _OPEN
    )
    return session.exec(query).first()


def latest(session: Session, inbox: str, thread: str) -> Conversation | None:
    """Return the thread's newest conversation, resolved or not."""
    query = select(Conversation).where(Conversation.inbox == inbox, Conversation.thread == thread)
    order = col(Conversation.last_position).desc(), col(Conversation.opened_at).desc()
    return find_open(session, inbox, thread) or session.exec(query.order_by(*order)).first()


def get(session: Session, conversation_id: UUID) -> Conversation | None:
    """Return one conversation."""
    return session.get(Conversation, conversation_id)


def get_many(session: Session, conversation_ids: Collection[UUID]) -> dict[UUID, Conversation]:
    """Return the conversations by id; unknown ids are left out."""
    query = select(Conversation).where(col(Conversation.id).in_(conversation_ids))
    return {conversation.id: conversation for conversation in session.exec(query)}


def open_for(
    session: Session, address: Address, contact: Contact, language: str, now: datetime
) -> Conversation:
    """Open a conversation that continues the thread's numbering.

    Raises:
        AlreadyOpen: the thread has one.
    """
    before = latest(session, address.inbox, address.thread)
    conversation = Conversation(
        inbox=address.inbox,
        thread=address.thread,
        platform_contact=address.contact,
        visibility=address.visibility,
        contact_id=contact.id,
        language=language,
        opened_at=now,
        last_activity_at=now,
        last_position=before.last_position if before else 0,
    )
    try:
        with session.begin_nested():
            session.add(conversation)
    except IntegrityError as problem:
        raise AlreadyOpen(f"{address.inbox} has an open conversation there") from problem
    _log(session, Fact.CONVERSATION_OPENED, conversation, now)
    return conversation


def claim(
    session: Session, conversation_id: UUID, agent_id: UUID, now: datetime, *, force: bool
) -> bool:
    """Give an open conversation to one agent; of two who try, one is told False.

    Without `force` only what the bot or the queue owns can be claimed.
    """
    statement = (
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, _OPEN)
        .values(
            owner=Owner.AGENT,
            status=Status.OPEN,
            assignee_id=agent_id,
            last_activity_at=now,
            version=col(Conversation.version) + 1,
        )
    )
    if not force:
        statement = statement.where(col(Conversation.owner) != Owner.AGENT)
    claimed = session.exec(statement).rowcount == 1
    if (known := session.get(Conversation, conversation_id)) is not None:
        session.refresh(known)
    return claimed


def save(session: Session, conversation: Conversation) -> Conversation:
    """Store a change of the conversation under a new version."""
    conversation.version += 1
    session.add(conversation)
    session.flush()
    return conversation


def history(
    session: Session,
    conversation_id: UUID,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Message]:
    """Return messages in order: the first ones `after`, or else the last ones `before`."""
    query = select(Message).where(Message.conversation_id == conversation_id)
    if before is not None:
        query = query.where(col(Message.position) < before)
    if after is not None:
        query = query.where(col(Message.position) > after)
        return list(session.exec(query.order_by(col(Message.position)).limit(limit)))
    newest = session.exec(query.order_by(col(Message.position).desc()).limit(limit))
    return list(newest)[::-1]


def thread_messages(
    session: Session, inbox: str, thread: str, after: int, limit: int = 200
) -> list[Message]:
    """Return what the customer may read of a whole thread, after a position, in order."""
    query = (
        select(Message)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(Conversation.inbox == inbox, Conversation.thread == thread)
        .where(col(Message.private).is_(False), col(Message.position) > after)
        .order_by(col(Message.position))
    )
    return list(session.exec(query.limit(limit)))


def append(
    session: Session,
    conversation: Conversation,
    author: Author,
    parts: tuple[Part, ...],
    now: datetime,
    **extra: Unpack[Extra],
) -> Message:
    """Add the next message; what is said to the customer is put on its way under `key`.

    `echo_id` given a second time returns the first message. A private note goes nowhere.
    """
    if (first := echoed(session, conversation.id, extra.get("echo_id"))) is not None:
        return first
    private = extra.get("private", False)
    message = Message(
        conversation_id=conversation.id,
        position=conversation.last_position + 1,
        author=author,
        agent_id=extra.get("agent_id"),
        private=private,
        parts=parts,
        why=extra.get("why"),
        echo_id=extra.get("echo_id"),
        replaces=extra.get("replaces"),
        at=now,
    )
    session.add(message)
    note_in(conversation, message)
    conversation.version += 1
    session.add(conversation)
    if media.has_media(parts):
        session.flush()
        media.add(session.connection(), list(media.rows_of(conversation, message.id, parts, now)))
    data = {"position": message.position, "author": author.value}
    _log(session, fact_of(message), conversation, now, data=data, agent_id=message.agent_id)
    if not private and author is not Author.CONTACT:
        key = extra.get("key") or f"m:{message.id}"
        session.flush()
        deliveries.enqueue(session, conversation, message, key, now)
    return message


def preview_of(parts: tuple[Part, ...]) -> str:
    """Return one plain line for a list: the words, or what kind of thing it is."""
    words = text_of(parts)
    # Of a long text the first part says enough, unless it is mostly blanks.
    line = " ".join(words[: 2 * PREVIEW].split())
    if len(line) <= PREVIEW < len(words):
        line = " ".join(words.split())
    line = line or " ".join(f"[{_kind(part)}]" for part in parts)
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"


def _kind(part: Part) -> str:
    match part:
        case ContactEvent(event=event):
            return event
        case Unsupported(platform_kind=kind):
            return kind
        case _:
            return part.kind


def echoed(session: Session, conversation_id: UUID, echo_id: str | None) -> Message | None:
    """Return the message that was stored under this echo, if there is one."""
    if echo_id is None:
        return None
    query = select(Message).where(
        Message.conversation_id == conversation_id, Message.echo_id == echo_id
    )
    return session.exec(query).first()


def note_in(conversation: Conversation, message: Message) -> None:
    """Let the conversation's own row show how it stands, and what a person said last."""
    conversation.last_position = message.position
    conversation.last_activity_at = message.at
    if message.private:
        return
    if message.author in (Author.CONTACT, Author.AGENT) or not conversation.preview:
        conversation.preview = preview_of(message.parts)
    match message.author:
        case Author.CONTACT if not _is_event(message.parts):
            conversation.unread += 1
            conversation.waiting_since = conversation.waiting_since or message.at
            if conversation.status is Status.SNOOZED:
                conversation.status = Status.OPEN
        case Author.AGENT:
            conversation.unread = 0
            conversation.waiting_since = None
        case Author.BOT:
            conversation.waiting_since = None
        case _:
            pass


def is_open() -> TextClause:
    """Return the condition that a conversation is not resolved."""
    return _OPEN


def _is_event(parts: tuple[Part, ...]) -> bool:
    return all(isinstance(part, ContactEvent) for part in parts)


def fact_of(message: Message) -> Fact:
    """Return what the log says of a new message."""
    if message.private:
        return Fact.NOTE_ADDED
    return Fact.MESSAGE_RECEIVED if message.author is Author.CONTACT else Fact.MESSAGE_ADDED


def _log(
    session: Session,
    fact: Fact,
    conversation: Conversation,
    now: datetime,
    **about: Unpack[activity.About],
) -> None:
    about["conversation_id"] = conversation.id
    about["contact_id"] = conversation.contact_id
    about["inbox"] = conversation.inbox
    activity.log(session, fact, now, **about)
