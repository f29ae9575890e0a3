"""The FAQ: entries, their revisions, what is live."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from storage.types import Moment, Word, utcnow


class Article(SQLModel, table=True):
    """An FAQ entry; `key` is its name in imports and exports."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: str = Field(unique=True)
    kind: str = Field(default="other", index=True)
    """Kind of consultation: product, price, service, technical, individual or other."""
    category: str = ""
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class ArticleVersion(SQLModel, table=True):
    """One revision of an entry.

    Live in every release r with `live_from` <= r and (`live_to` is None or r < `live_to`); a
    draft has no `live_from`. At most one version of an article is live in a release.
    """

    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        # What an entry is now, without its words: the list counts and filters by it alone.
        Index(
            "version_now",
            "article_id",
            "live_from",
            "number",
            sqlite_where=text("live_to IS NULL"),
            postgresql_where=text("live_to IS NULL"),
        ),
        # Not of those that are now: they would be looked up here one by one.
        Index(
            "version_ended",
            "live_to",
            sqlite_where=text("live_to IS NOT NULL"),
            postgresql_where=text("live_to IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    article_id: UUID = Field(foreign_key="article.id", index=True)
    number: int
    question: str
    similar_questions: list[str] = Field(default_factory=list, sa_type=JSON)
    answers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    """Answer by language code ("zh", "en")."""
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    deleted: bool = False
    """A draft that takes the entry out of the next release."""
    live_from: int | None = Field(default=None, index=True)
    live_to: int | None = None
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class KnowledgeFile(SQLModel, table=True):
    """A file that goes with answers; its bytes lie in the media folder under the same id.

    `used_at` is when a draft with it was written last, or when it was given to us.
    """

    id: str = Field(primary_key=True)
    name: str
    type: str
    size: int = Field(sa_type=BigInteger)
    width: int | None = None
    height: int | None = None
    sha256: str
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    used_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Release(SQLModel, table=True):
    """A moment in the life of the knowledge base; the highest number is live."""

    number: int = Field(primary_key=True)
    note: str = ""
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class KeptTest(SQLModel, table=True):
    """A question whose treatment every release is tried for; without a key nobody may answer it."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    text: str
    article_key: str | None = None
    must_match: bool = True
    """The entry must answer; else it must not."""
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Rehearsal(SQLModel, table=True):
    """Drafts tried on what customers asked; `result` holds their words, so it is short-lived."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    keys: list[str] = Field(sa_type=JSON)
    """The entries whose drafts are tried."""
    mark: str
    """Changes with the drafts, with what is live and with the kept tests."""
    done: int = 0
    total: int = 0
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    problem: str | None = None
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    seen_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    """When the process that works on it said so last."""


class PlanState(StrEnum):
    """What became of a planned release."""

    WAITING = "waiting"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    OUTDATED = "outdated"
    """The drafts were changed after it was planned: what nobody rehearsed is not published."""


class PlannedRelease(SQLModel, table=True):
    """Drafts that go live at a time; a timer's row does it."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    due_at: datetime = Field(sa_type=Moment)
    keys: list[str] = Field(sa_type=JSON)
    drafts: str
    """Changes with the drafts."""
    note: str = ""
    state: PlanState = Field(default=PlanState.WAITING, sa_type=Word(PlanState))
    release: int | None = None
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
