"""Conversations and what was said in them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from channels.message import Part, Visibility
from storage.types import Moment, Parts, Word, utcnow


class Owner(StrEnum):
    """Who has the next move."""

    BOT = "bot"
    QUEUE = "queue"
    AGENT = "agent"


class Status(StrEnum):
    """Whether there is a next move at all."""

    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Author(StrEnum):
    """Who spoke."""

    CONTACT = "contact"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Conversation(SQLModel, table=True):
    """One contact, one inbox, one matter.

    `last_position` goes on where the thread's conversation before it ended, so that a position
    orders a whole thread. `version` grows with every change that a reader must not overlook.
    `about` is the post that a public thread is held under, as `channels.message.Post` names it.
    """

    __table_args__ = (
        Index(
            "one_open_conversation_per_thread",
            "inbox",
            "thread",
            unique=True,
            sqlite_where=text("status != 'resolved'"),
            postgresql_where=text("status != 'resolved'"),
        ),
        Index("conversation_thread", "inbox", "thread"),
        Index("conversation_queue", "status", "owner", "last_activity_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    inbox: str
    thread: str
    platform_contact: str
    visibility: Visibility = Field(default=Visibility.PRIVATE, sa_type=Word(Visibility))
    contact_id: UUID = Field(foreign_key="contact.id", index=True)
    owner: Owner = Field(default=Owner.BOT, sa_type=Word(Owner))
    status: Status = Field(default=Status.OPEN, sa_type=Word(Status))
    assignee_id: UUID | None = Field(default=None, foreign_key="agent.id", index=True)
    team: str | None = None
    handoff_reason: str | None = None
    urgent: bool = False
    language: str = "zh"
    dialog: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    about: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    waiting_since: datetime | None = Field(default=None, sa_type=Moment)
    opened_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    last_activity_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    reply_until: datetime | None = Field(default=None, sa_type=Moment)
    replies_left: int | None = None
    last_position: int = 0
    unread: int = 0
    preview: str = ""
    version: int = 0
    context: str | None = None
    """Where the customer came from, as a link or a code of ours said it last."""


class Message(SQLModel, table=True):
    """One message of a conversation, or an agent's private note."""

    __table_args__ = (
        UniqueConstraint("conversation_id", "position"),
        Index(
            "one_message_per_echo",
            "conversation_id",
            "echo_id",
            unique=True,
            sqlite_where=text("echo_id IS NOT NULL"),
            postgresql_where=text("echo_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id")
    position: int
    author: Author = Field(sa_type=Word(Author))
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    private: bool = False
    parts: tuple[Part, ...] = Field(sa_type=Parts)
    why: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    echo_id: str | None = None
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    replaces: int | None = None
    """The position in the thread of the customer's message that this says otherwise, or recalls."""


class ReadMark(SQLModel, table=True):
    """How far each side has read a thread, as positions: all up to there was seen.

    A row of its own, so that nobody's reading makes a turn stale.
    """

    inbox: str = Field(primary_key=True)
    thread: str = Field(primary_key=True)
    by_contact: int = 0
    by_agent: int = 0
