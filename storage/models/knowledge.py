"""The FAQ: entries, their revisions, what is live."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, UniqueConstraint

from storage.types import Moment, utcnow


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

    __table_args__ = (UniqueConstraint("article_id", "number"),)

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
    live_to: int | None = Field(default=None, index=True)
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


class Release(SQLModel, table=True):
    """A moment in the life of the knowledge base; the highest number is live."""

    number: int = Field(primary_key=True)
    note: str = ""
    author_id: UUID | None = Field(default=None, foreign_key="agent.id")
    at: datetime = Field(default_factory=utcnow, sa_type=Moment)
