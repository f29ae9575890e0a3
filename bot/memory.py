"""What an adapter may remember, kept in the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta

from channels.base import Clock, Memory
from channels.errors import Unavailable
from storage import adapter_memory
from storage.database import Database, StorageError

_Question = asyncio.Task[str | None]


def _is_heard(question: _Question) -> None:
    # Those who asked may all be gone: then its failure is nobody's.
    if not question.cancelled():
        question.exception()


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    # An adapter knows no database; that it cannot remember now must not look like a lost answer.
    try:
        yield
    except StorageError as problem:
        raise Unavailable("the database takes nothing now") from problem


class StoredMemory(Memory):
    """An adapter's memory, kept in the database."""

    def __init__(self, db: Database, inbox: str, clock: Clock) -> None:
        self._db, self._inbox, self._clock = db, inbox, clock
        self._waiting, self._asking = dict[str, _Question](), dict[str, _Question]()

    async def get(self, key: str) -> str | None:
        """Return what was kept under `key`, or None if there is nothing or it has expired.

        All who ask while another question is under way share the next one: each message that is
        sent asks for the same token.
        """
        question = self._waiting.get(key)
        if question is None:
            question = asyncio.create_task(self._ask(key, self._asking.get(key)))
            question.add_done_callback(_is_heard)
            self._waiting[key] = question
        with _unavailable():
            return await asyncio.shield(question)

    async def _ask(self, key: str, before: _Question | None) -> str | None:
        if before is not None:
            await asyncio.wait([before])
        question = self._asking[key] = self._waiting.pop(key)
        try:
            return await self._db.read(adapter_memory.recall, self._inbox, key, self._clock())
        finally:
            if self._asking.get(key) is question:
                del self._asking[key]

    async def set(self, key: str, value: str, expires_in: timedelta | None = None) -> None:
        """Keep `value` under `key`, durably."""
        until = None if expires_in is None else self._clock() + expires_in
        with _unavailable():
            await self._db.write(adapter_memory.remember, self._inbox, key, value, until)

    async def swap(
        self, key: str, old: str | None, new: str | None, expires_in: timedelta | None = None
    ) -> bool:
        """Put `new` in the place of `old` (None: nothing); False if something else is there."""
        now = self._clock()
        until = None if expires_in is None else now + expires_in
        with _unavailable():
            return await self._db.write(adapter_memory.swap, self._inbox, key, old, new, until, now)
