"""How fast this process sends: its slices of the rates that all processes share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime

from bot.inboxes import Inbox
from channels.base import Rate
from channels.message import Visibility
from storage.models import Conversation
from storage.paces import Need, Slice


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

    def give_back(self, inbox: str) -> None:
        """Return a message's part that was not used."""
        left = self._left.get(inbox)
        if left is not None:
            self._left[inbox] = Slice(left.messages + 1, left.until)


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
