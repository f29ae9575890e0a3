"""Where something on Slack happened, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.message import Address, Visibility
from channels.sheets import Sheet
from channels.slack.shape import Tree, Unreadable, twigs, word

DIRECT = "D"
"""What the ids of direct conversations begin with."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose mail this is: our inbox, our own ids, the bots that count as people."""

    inbox: str
    own: frozenset[str] = frozenset()
    allowed_bots: frozenset[str] = frozenset()
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event with what Slack wrote around it."""

    account: Account
    team: str
    event_id: str
    event: Tree
    now: datetime
    shared: bool = False
    """People of another workspace or enterprise read the channel too."""
    teams: frozenset[str] = frozenset()
    """The names of our own."""

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
    home: str = ""
    """The workspace of a person who shares the channel from elsewhere."""

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
            contact=f"{self.home or self.team}:{self.user}",
            visibility=Visibility.PRIVATE if self.is_direct else Visibility.PUBLIC,
        )


def team_of(body: Tree) -> str:
    """Return where the app is installed: the workspace, or the enterprise if it is in all of them.

    Raises:
        Unreadable: the call does not say.
    """
    given = twigs(body, "authorizations")
    whole = any(each.get("is_enterprise_install") in (True, "true") for each in (body, *given))
    enterprise = word(body, "enterprise_id") or word(body, "enterprise", "id")
    enterprise = enterprise or next((word(each, "enterprise_id") for each in given), "")
    team = word(body, "team_id") or word(body, "team", "id") or word(body, "user", "team_id")
    if found := (whole and enterprise) or team or enterprise:
        return found
    raise Unreadable("no team_id")
