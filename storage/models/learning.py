"""What the knowledge base learns from: files that are taken in, questions it missed, thresholds."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from storage.types import Moment, Word, utcnow


class ImportState(StrEnum):
    """How far a file has come on its way into the drafts."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


class FileImport(SQLModel, table=True):
    """A file that an editor brought; its bytes lie in the media folder under `id` until applied.

    `columns` says what each column means; `report` is what the last look found. Somebody works
    on it as long as `beat_at` is young.
    """

    id: str = Field(primary_key=True)
    agent_id: UUID = Field(foreign_key="agent.id")
    name: str
    size: int
    state: ImportState = Field(default=ImportState.UPLOADED, sa_type=Word(ImportState))
    columns: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    report: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    done: int = 0
    total: int = 0
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    beat_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class GapState(StrEnum):
    """What was decided about a question that has no good answer."""

    OPEN = "open"
    IGNORED = "ignored"
    BLOCKED = "blocked"
    """Ignored with whatever is put together with it, however often that is asked."""
    ATTACHED = "attached"
    DRAFTED = "drafted"


class Gap(SQLModel, table=True):
    """Questions that mean the same and had no good answer; made anew by every look.

    No words are kept here: what was asked and answered stands in the messages that `facts` names,
    and is forgotten with them.
    """

    id: str = Field(primary_key=True)
    state: GapState = Field(default=GapState.OPEN, sa_type=Word(GapState))
    entry: str | None = None
    cost: float = Field(default=0.0, index=True)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class GapDecision(SQLModel, table=True):
    """What was decided about one question, named by the hash of its compared form."""

    question: str = Field(primary_key=True)
    state: GapState = Field(sa_type=Word(GapState))
    entry: str | None = None
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Thresholds(SQLModel, table=True):
    """From which confidence each category is answered; the highest version counts."""

    version: int = Field(primary_key=True)
    limits: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    note: str = ""
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
