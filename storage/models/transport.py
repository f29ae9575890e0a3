"""What came in and what must go out, remembered until it is done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, Index, false, text
from sqlmodel import Field, SQLModel, UniqueConstraint

from channels.message import Part
from storage.types import Moment, Parts, Word, utcnow


class InboundEvent(SQLModel, table=True):
    """A message as the adapter handed it over; the unique key is what makes it count once.

    `sequence` is gapless in its lane; a quarantined event has none and no lane.
    """

    __table_args__ = (
        UniqueConstraint("inbox", "dedupe_key"),
        UniqueConstraint("lane", "sequence"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    inbox: str
    dedupe_key: str
    lane: str | None = None
    sequence: int | None = None
    payload: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    problem: str | None = None
    dead: bool = False


class SlotState(StrEnum):
    """What became of the chance to answer in a platform's own call."""

    OPEN = "open"
    TAKEN = "taken"
    GIVEN = "given"
    DOUBTFUL = "doubtful"


class PassiveSlot(SQLModel, table=True):
    """The chance to answer in the platform's own call with a message, durable for its retries.

    Until `until` a call is being held for it. Once taken, `answer` is what every call with this
    message is answered with, and `carries` are the deliveries in it: on their way until a call
    was really answered (given), in doubt when none was for long.
    """

    __table_args__ = (Index("slot_state", "state", "changed_at"),)

    event_id: UUID = Field(primary_key=True, foreign_key="inboundevent.id", ondelete="CASCADE")
    until: datetime = Field(sa_type=Moment)
    state: SlotState = Field(default=SlotState.OPEN, sa_type=Word(SlotState))
    answer: tuple[Part, ...] | None = Field(default=None, sa_type=Parts)
    carries: list[str] = Field(default_factory=list, sa_type=JSON)
    changed_at: datetime = Field(default_factory=utcnow, sa_type=Moment)


_OUT = text("kind = 'out'")


class LaneKind(StrEnum):
    """Which way a lane runs."""

    IN = "in"
    OUT = "out"


class Lane(SQLModel, table=True):
    """What must stay in order: one thread of one inbox, one way.

    `ready_at` is when there is work (None: nothing to do); `lease_until` and `token` fence off
    the one worker that has it; `attempts` counts failures of the item after `done`.
    """

    __table_args__ = (
        Index("lane_ready", "kind", "ready_at"),
        Index("lane_outbound", "inbox", "ready_at", sqlite_where=_OUT, postgresql_where=_OUT),
    )

    kind: LaneKind = Field(primary_key=True, sa_type=Word(LaneKind))
    key: str = Field(primary_key=True)
    inbox: str
    last_in: int = 0
    done: int = 0
    ready_at: datetime | None = Field(default=None, sa_type=Moment)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    token: str | None = None
    attempts: int = 0


class DeliveryStatus(StrEnum):
    """Where an outgoing message stands; it only ever moves down this list."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Delivery(SQLModel, table=True):
    """One message on its way to a customer; `key` makes a second one impossible.

    `pieces` is how many of the platform's messages it took; 0 for one that went out together with
    the one before. `superseded` says that it did not arrive, or perhaps not, and was sent again.
    """

    __table_args__ = (
        UniqueConstraint("lane", "sequence"),
        Index("delivery_trouble", "status", "created_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: str = Field(unique=True)
    message_id: UUID = Field(foreign_key="message.id", index=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", index=True)
    inbox: str
    lane: str
    sequence: int
    parts: tuple[Part, ...] = Field(sa_type=Parts)
    status: DeliveryStatus = Field(default=DeliveryStatus.PENDING, sa_type=Word(DeliveryStatus))
    attempts: int = 0
    platform_id: str | None = None
    problem: str | None = None
    pieces: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    superseded: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_at: datetime = Field(default_factory=utcnow, sa_type=Moment)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)


class Timer(SQLModel, table=True):
    """Something to do at a time; its key makes a second one impossible."""

    key: str = Field(primary_key=True)
    kind: str
    due_at: datetime = Field(index=True, sa_type=Moment)
    payload: dict[str, Any] = Field(sa_type=JSON)
    done_at: datetime | None = Field(default=None, sa_type=Moment)


class AdapterMemory(SQLModel, table=True):
    """The little that adapters remember: tokens, cursors."""

    inbox: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: str
    expires_at: datetime | None = Field(default=None, sa_type=Moment)


class Pace(SQLModel, table=True):
    """How fast an inbox, or one chat of it, may be sent to; all senders share it.

    The row with the empty `chat` is the inbox's own. Up to `taken_until` (in microseconds, so
    that every database reckons alike) its messages are given away; before `blocked_until` the
    platform wants none at all. After too many `failures` in a row the inbox is held until
    `held_until`, and then one message is tried.
    """

    inbox: str = Field(primary_key=True)
    chat: str = Field(default="", primary_key=True)
    taken_until: int = Field(default=0, sa_type=BigInteger)
    blocked_until: datetime | None = Field(default=None, sa_type=Moment)
    failures: int = 0
    held_until: datetime | None = Field(default=None, sa_type=Moment)
    problem: str | None = None
