"""The log of facts: the live desk, the audit trail and every report read it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, String, column, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field, SQLModel

from storage.types import Moment, Word, utcnow


class Fact(StrEnum):
    """What kinds of facts there are."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_ADDED = "message.added"
    NOTE_ADDED = "note.added"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_HANDED_OFF = "conversation.handed_off"
    CONVERSATION_TAKEN = "conversation.taken"
    CONVERSATION_HANDED_BACK = "conversation.handed_back"
    CONVERSATION_RESOLVED = "conversation.resolved"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNCERTAIN = "delivery.uncertain"
    DELIVERY_CONFIRMED = "delivery.confirmed"
    DELIVERY_RESENT = "delivery.resent"
    EVENT_QUARANTINED = "event.quarantined"
    EVENT_DEAD = "event.dead"
    MEDIA_CHANGED = "media.changed"
    FAQ_ANSWERED = "faq.answered"
    FAQ_SUGGESTED = "faq.suggested"
    FAQ_MISSED = "faq.missed"
    FAQ_HELPED = "faq.helped"
    FAQ_NOT_HELPED = "faq.not_helped"
    TICKET_OPENED = "ticket.opened"
    TICKET_STEP = "ticket.step"
    KNOWLEDGE_RELEASED = "knowledge.released"
    THRESHOLDS_APPLIED = "thresholds.applied"
    AGENT_LOGGED_IN = "agent.logged_in"
    INBOX_STATE = "inbox.state"


class EntryOf(FunctionElement[str]):
    """The entry that a fact's `data` names, written as its index has it."""

    name = "entry_of"
    type = String()
    inherit_cache = True


@compiles(EntryOf)
def _extracted(element: EntryOf, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$.entry')"


@compiles(EntryOf, "postgresql")
def _picked(element: EntryOf, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
    return f"({compiler.process(element.clauses, **kw)} ->> 'entry')"


def _only(name: str, fact: Fact, *columns: Any) -> Index:  # noqa: ANN401 - names and expressions
    """Return an index of one kind of facts; a query must name the kind as a literal to use it."""
    where = text(f"fact = '{fact}'")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class Activity(SQLModel, table=True):
    """One fact: what, who, when, about which conversation or ticket."""

    __table_args__ = (
        Index(
            "activity_of_ticket",
            "ticket_id",
            sqlite_where=text("ticket_id IS NOT NULL"),
            postgresql_where=text("ticket_id IS NOT NULL"),
        ),
        _only(
            "activity_of_entry",
            Fact.FAQ_ANSWERED,
            EntryOf(column("data")),
            "conversation_id",
            "at",
        ),
        _only("activity_of_offers", Fact.FAQ_SUGGESTED, "at"),
        _only("activity_of_handoffs", Fact.CONVERSATION_HANDED_OFF, "conversation_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    fact: Fact = Field(sa_type=Word(Fact))
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    agent_id: UUID | None = None
    contact_id: UUID | None = None
    conversation_id: UUID | None = Field(default=None, index=True)
    ticket_id: UUID | None = None
    inbox: str | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
