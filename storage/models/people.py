"""Contacts, and the people of the firm."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, UniqueConstraint

from storage.types import Moment, Word, utcnow


class Contact(SQLModel, table=True):
    """A person who writes to us, on whatever platform."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str | None = None
    language: str | None = None
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Identity(SQLModel, table=True):
    """A contact as one inbox knows them.

    `user_id` and `attributes` are what the firm's own website vouched for, signed.
    """

    __table_args__ = (UniqueConstraint("inbox", "platform_user"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    inbox: str
    platform_user: str
    contact_id: UUID = Field(foreign_key="contact.id", index=True)
    blocked: bool = False
    user_id: str | None = None
    attributes: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class Role(StrEnum):
    """What a person of the firm may do; see `handlers.desk.roles` for what includes what."""

    AGENT = "agent"
    HANDLER = "handler"
    EDITOR = "editor"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Team(SQLModel, table=True):
    """Agents who share a queue."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)


class Agent(SQLModel, table=True):
    """A person of the firm who can log in."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)
    display_name: str | None = None
    password_hash: str
    must_change_password: bool = False
    role: Role = Field(default=Role.AGENT, sa_type=Word(Role))
    team_id: UUID | None = Field(default=None, foreign_key="team.id")
    language: str | None = None
    theme: str | None = None
    enabled: bool = True
    failed_logins: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Session(SQLModel, table=True):
    """A login; only the hash of its cookie is kept."""

    id_hash: str = Field(primary_key=True)
    agent_id: UUID = Field(foreign_key="agent.id", index=True)
    csrf: str
    created_at: datetime = Field(sa_type=Moment)
    last_seen_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    client: dict[str, Any] | None = Field(default=None, sa_type=JSON)
