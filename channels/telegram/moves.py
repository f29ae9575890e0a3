"""Groups that became supergroups: Telegram gives them another chat id, their talks stay the same.

A thread keeps the id that its chat had first. Which one the chat has now is remembered for all
processes, and looked up only where there can have been a move.
"""

from __future__ import annotations

from dataclasses import replace

from channels.base import Memory, Reception
from channels.message import IncomingMessage

SUPERGROUPS = -1_000_000_000_000
"""Ids of supergroups are smaller than this, those of groups lie between it and zero."""


class Moves:
    """Knows the first and the last id of a chat."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: dict[str, int] = {}

    async def learn(self, before: int, now: int) -> bool:
        """Remember a move; False if it cannot be one."""
        if not now < SUPERGROUPS < before < 0:
            return False
        for key, chat in ((f"moved:{before}", now), (f"began:{now}", before)):
            await self._memory.set(key, str(chat))
            self._known[key] = chat
        return True

    async def now(self, chat: int) -> int:
        """Return the id that a chat has now."""
        return await self._look(f"moved:{chat}", chat) if SUPERGROUPS < chat < 0 else chat

    async def first(self, chat: int) -> int:
        """Return the id that a chat had first."""
        return await self._look(f"began:{chat}", chat) if chat < SUPERGROUPS else chat

    async def settled(self, reception: Reception) -> Reception:
        """Return what came in under the threads that its chats had first."""
        messages = [await self._settled(message) for message in reception.messages]
        return replace(reception, messages=tuple(messages)) if messages else reception

    async def _settled(self, message: IncomingMessage) -> IncomingMessage:
        chat, colon, person = message.address.thread.partition(":")
        first = await self.first(int(chat)) if colon else None
        if first is None or str(first) == chat:
            return message
        address = message.address.model_copy(update={"thread": f"{first}:{person}"})
        return message.model_copy(update={"address": address})

    async def _look(self, key: str, otherwise: int) -> int:
        if key not in self._known:
            found = await self._memory.get(key)
            if found is None:
                return otherwise
            self._known[key] = int(found)
        return self._known[key]
