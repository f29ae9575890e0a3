"""Where something on Slack happened, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.message import Address, Visibility
from channels.slack.shape import Tree

DIRECT = "D"
"""What the ids of direct conversations begin with."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose mail this is: our inbox, our own ids, the bots that count as people."""

    inbox: str
    own: frozenset[str] = frozenset()
    allowed_bots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event with what Slack wrote around it."""

    account: Account
    team: str
    event_id: str
    event: Tree
    now: datetime

    @property
    def key(self) -> str:
        """What is the same in every delivery of this event."""
        return f"event:{self.event_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody wrote or tapped."""

    team: str
    channel: str
    user: str
    ts: str = ""
    thread_ts: str = ""

    @property
    def is_direct(self) -> bool:
        """Does nobody else read here?"""
        return self.channel.startswith(DIRECT) or self.channel == self.user

    def address(self, inbox: str) -> Address:
        """Return where an answer goes: the direct conversation, or the thread in a channel."""
        thread = self.thread_ts if self.is_direct else self.thread_ts or self.ts
        return Address(
            inbox=inbox,
            thread=":".join(filter(None, (self.team, self.channel, thread))),
            contact=f"{self.team}:{self.user}",
            visibility=Visibility.PRIVATE if self.is_direct else Visibility.PUBLIC,
        )
