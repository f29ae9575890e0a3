"""What a handler is: it sees a turn and says what should happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from channels.files import Kind, Takes
from channels.message import IncomingMessage, Part
from storage.models import Contact, Conversation, Fact, Message, Ticket
from storage.talks import Person


@dataclass(frozen=True, slots=True)
class Turn:
    """The customer has spoken.

    `conversation` and `contact` may be new and not stored yet; `history` is what was said
    before, oldest first; `tickets` are the contact's own, newest first; `key` names this turn for
    good (lane and sequence), `new` says that the conversation is not stored yet; `person` is the
    contact as stored, None for somebody new; `channel` names the platform. `takes` says which files
    can be sent there, `files_at` under which address others are to be had; empty: nowhere.
    """

    key: str
    contact: Contact
    conversation: Conversation
    message: IncomingMessage
    history: Sequence[Message]
    now: datetime
    language: str = "zh"
    new: bool = False
    tickets: Sequence[Ticket] = ()
    person: Person | None = None
    channel: str = ""
    takes: Mapping[Kind, Takes] = field(default_factory=dict)
    files_at: str = ""

    @property
    def text(self) -> str:
        """What the customer said, as one string."""
        return self.message.text


@dataclass(frozen=True, slots=True)
class Handoff:
    """A human must take over; `reason` is a word for the desk (asked, missed, safety, error)."""

    reason: str
    team: str | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Start a case; `announce` is told to the customer with `{number}` filled in.

    Where the same matter is open already it is added there, and `added` is told instead.
    """

    kind: str
    category: str | None
    fields: Mapping[str, str]
    announce: str
    severity: str = "normal"
    added: str = ""


@dataclass(frozen=True, slots=True)
class SetDialog:
    """Remember where a form stands; None forgets it."""

    dialog: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Record:
    """Write a fact into the log: an answer, a miss, a vote."""

    fact: Fact
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolve:
    """The matter is closed, because the bot `helped`, or for another reason."""

    reason: str = "helped"


Action = Handoff | OpenTicket | SetDialog | Record | Resolve


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler wants: one message to say (its parts), things to do, and why."""

    reply: tuple[Part, ...] = ()
    actions: tuple[Action, ...] = ()
    why: Mapping[str, Any] | None = None


class Handler(Protocol):
    """One reason to answer a customer."""

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Say what should happen, or None: not mine, ask the next."""
        ...
