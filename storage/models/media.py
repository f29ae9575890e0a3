"""Files of messages: what is known of them; their bytes lie in the media folder."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from storage.types import Moment, Word, utcnow

_TO_DO = text("state IN ('waiting', 'doomed')")
_LOOSE = text("message_id IS NULL")


class MediaState(StrEnum):
    """Where a file stands."""

    WAITING = "waiting"
    """It has to be fetched from the platform."""
    STORED = "stored"
    FAILED = "failed"
    """It could not be had; somebody may try again."""
    GONE = "gone"
    """The platform does not have it any more."""
    DOOMED = "doomed"
    """Nobody gets it any more: its bytes are being removed, and then this row."""


class MediaFile(SQLModel, table=True):
    """One file: of the `part`-th part of a message, or attached and not yet sent.

    `id` is random: who does not know it cannot ask for it, and it names the file in the folder.
    `ref` is the platform's own key, None for a file that was given to us. `type` was found by
    content. `attempts` is also what fences off a fetch that was overtaken. `shared` is the file of
    the knowledge base whose bytes it shows: then it has none of its own.
    """

    __table_args__ = (
        Index("media_to_do", "next_at", sqlite_where=_TO_DO, postgresql_where=_TO_DO),
        Index("media_loose", "created_at", sqlite_where=_LOOSE, postgresql_where=_LOOSE),
    )

    id: str = Field(primary_key=True)
    inbox: str
    thread: str
    conversation_id: UUID | None = Field(default=None, foreign_key="conversation.id", index=True)
    message_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    part: int = 0
    agent_id: UUID | None = Field(default=None, foreign_key="agent.id")
    kind: str = "file"
    ref: str | None = None
    shared: str | None = Field(default=None, index=True)
    state: MediaState = Field(default=MediaState.WAITING, sa_type=Word(MediaState))
    name: str | None = None
    type: str | None = None
    size: int | None = Field(default=None, sa_type=BigInteger)
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=Moment)
    problem: str | None = None
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)

    @property
    def place(self) -> str:
        """The id under which the bytes lie in the folder."""
        return self.shared or self.id
