"""Cases with a workflow: complaints now; after-sales and feedback use the same tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel, UniqueConstraint

from storage.types import Moment, utcnow


class Ticket(SQLModel, table=True):
    """One case. `fields` holds what the steps filled in, last value first to be read."""

    __table_args__ = (Index("ticket_list", "kind", "state", "opened_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    number: str = Field(unique=True)
    kind: str
    state: str
    category: str | None = None
    severity: str = "normal"
    department: str | None = None
    contact_id: UUID = Field(foreign_key="contact.id", index=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", index=True)
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    opened_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    version: int = 0


class TicketStep(SQLModel, table=True):
    """One step that was taken: who, when, with what; never changed afterwards."""

    __table_args__ = (UniqueConstraint("ticket_id", "position"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    ticket_id: UUID = Field(foreign_key="ticket.id", index=True)
    position: int
    action: str
    source: str
    target: str
    actor_id: UUID | None = Field(default=None, foreign_key="agent.id")
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
