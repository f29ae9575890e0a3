"""How fast this process sends: its slices of the rates that all processes share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.inboxes import Inbox
from channels.base import Rate
from channels.message import Visibility
from storage import paces
from storage.models import Conversation
from storage.paces import Need, Slice
from storage.records import Connection


class Slices:
    """What is left of the slices this process took, by inbox."""

    def __init__(self) -> None:
        self._left: dict[str, Slice] = {}
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def gate(self, inbox: str) -> asyncio.Lock:
        """Return what one takes a slice behind, and the others wait at for their part of it."""
        return self._gates[inbox]

    def spend(self, inbox: str, now: datetime) -> bool:
        """Use one message of a slice; return whether there was one."""
        left = self._left.get(inbox)
        if left is None or left.messages < 1 or left.until <= now:
            return False
        self._left[inbox] = Slice(left.messages - 1, left.until)
        return True

    def keep(self, inbox: str, taken: Slice) -> None:
        """Add a new slice; the one before is over."""
        self._left[inbox] = taken

    def some(self, inboxes: Iterable[str]) -> dict[str, Slice]:
        """Return what is left of the slices of some inboxes."""
        return {name: self._left[name] for name in inboxes if name in self._left}

    def give_back(self, inbox: str) -> None:
        """Return a message's part that was not used."""
        left = self._left.get(inbox)
        if left is not None:
            self._left[inbox] = Slice(left.messages + 1, left.until)


@dataclass(slots=True)
class Allowance:
    """What one transaction uses of slices and takes of rates; the process learns of it after it."""

    slices: dict[str, Slice]

    def allow(self, connection: Connection, needs: Mapping[str, Need], now: datetime) -> set[str]:
        """Take the parts of as many messages as may go now; return which of their names do.

        Rows are taken in one order, the whole inboxes' first: others do so at the same time.
        """
        for name, rate in sorted({n.inbox: n.whole for n in needs.values()}.items()):
            if rate is not None and not self._has(name, now):
                taken = paces.take_slice(connection, name, rate, now)
                if isinstance(taken, Slice):
                    self.slices[name] = taken
        in_order = sorted(needs.items(), key=lambda one: (one[1].inbox, one[1].chat))
        return {key for key, need in in_order if self._goes(connection, need, now)}

    def _goes(self, connection: Connection, need: Need, now: datetime) -> bool:
        """Take one message's parts, of its inbox and of its chat; say whether it may go now."""
        if need.whole is not None and not self._has(need.inbox, now):
            return False
        if need.each is not None and paces.take(
            connection, need.inbox, need.chat, need.each, 1, now
        ):
            return False
        if need.whole is not None:
            left = self.slices[need.inbox]
            self.slices[need.inbox] = Slice(left.messages - 1, left.until)
        return True

    def _has(self, inbox: str, now: datetime) -> bool:
        left = self.slices.get(inbox)
        return left is not None and left.messages > 0 and left.until > now


def whole_rate(inbox: Inbox) -> Rate | None:
    """Return how fast an inbox may be sent to: as configured, else as its platform is known."""
    told = inbox.config.messages_per_second
    return inbox.capabilities.rates.whole if told is None else Rate(told)


def chat_of(inbox: Inbox, conversation: Conversation) -> str:
    """Return the platform's chat that a conversation is held in."""
    parts = conversation.thread.split(":")
    return ":".join(parts[: inbox.capabilities.rates.chat_depth])


def need_of(inbox: Inbox, conversation: Conversation, whole: Rate | None) -> Need:
    """Return what a message of a conversation needs; `whole` when a slice is to be taken."""
    rates = inbox.capabilities.rates
    is_group = conversation.visibility is Visibility.PUBLIC and rates.group is not None
    each = rates.group if is_group else rates.chat
    return Need(inbox.name, chat_of(inbox, conversation), whole, each)
