"""How fast this process sends: its slices of the rates that all processes share."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.inboxes import Inbox
from channels.base import Rate
from channels.message import Visibility
from storage import pace_batches, paces
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
class Allowed:
    """Which messages may go now, and until when others must wait for their chat."""

    going: set[str] = field(default_factory=set)
    late: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Allowance:
    """What one transaction uses of slices and takes of rates; the process learns of it after it."""

    slices: dict[str, Slice]

    def allow(self, connection: Connection, needs: Mapping[str, Need], now: datetime) -> Allowed:
        """Take the parts of as many messages as may go now; return which of their names do.

        Rows are taken in one order, the whole inboxes' first: others do so at the same time.
        """
        rates = {need.inbox: need.whole for need in needs.values() if need.whole is not None}
        for name, rate in sorted(rates.items()):
            if not self._has(name, now):
                taken = paces.take_slice(connection, name, rate, now)
                if isinstance(taken, Slice):
                    self.slices[name] = taken
        allowed = Allowed()
        for inbox, each, chats in self._grouped(needs, now):
            late = pace_batches.take_each(connection, inbox, list(chats), each, now) if each else {}
            allowed.late |= {chats[chat]: until for chat, until in late.items()}
            going = [key for chat, key in chats.items() if chat not in late]
            allowed.going.update(going)
            used = sum(needs[key].whole is not None for key in going)
            if used:
                left = self.slices[inbox]
                self.slices[inbox] = Slice(left.messages - used, left.until)
        return allowed

    def _grouped(
        self, needs: Mapping[str, Need], now: datetime
    ) -> Iterator[tuple[str, Rate | None, dict[str, str]]]:
        """Yield inboxes with a rate of their chats, and a name for each chat.

        Where no rate is to be kept, each name is its own chat. There are no more than the inbox's
        slice has messages for.
        """
        groups: defaultdict[tuple[str, Rate | None], dict[str, str]] = defaultdict(dict)
        many: Counter[str] = Counter()
        for key, need in sorted(needs.items(), key=lambda one: (one[1].inbox, one[1].chat)):
            chats = groups[need.inbox, need.each]
            chat = key if need.each is None else need.chat
            if chat in chats:
                continue
            if need.whole is None or self._has(need.inbox, now, many[need.inbox]):
                chats[chat] = key
                many[need.inbox] += need.whole is not None
        for (inbox, each), chats in sorted(groups.items(), key=lambda one: _in_order(*one[0])):
            if chats:
                yield inbox, each, chats

    def _has(self, inbox: str, now: datetime, beside: int = 0) -> bool:
        left = self.slices.get(inbox)
        return left is not None and left.messages > beside and left.until > now


def _in_order(inbox: str, each: Rate | None) -> tuple[str, float, int]:
    return (inbox, 0, 0) if each is None else (inbox, each.per_second, each.burst)


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
