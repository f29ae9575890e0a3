"""One process at a time: what must not be done twice at once is done under a lease."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from storage import adapter_memory
from storage.database import Database, StorageError

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
BEAT_SECONDS = 5.0
KEY = "watch"
"""Under which key of an inbox's memory its watcher is noted."""


class Watch:
    """Lets this process do something for an inbox while no other one does."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], beat: float = BEAT_SECONDS
    ) -> None:
        self._db, self._clock, self._beat = db, clock, beat
        self._name = secrets.token_hex(8)

    async def alone(self, inbox: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` once nobody else does it; end it when the lease is lost.

        One SQLite file has one process anyway: there it is run at once.
        """
        if not self._db.shared:
            await work()
            return
        while not await self._swap(inbox, None, self._name):  # noqa: ASYNC110 - a row is no event
            await asyncio.sleep(self._beat)
        log.info("watching", inbox=inbox)
        task = asyncio.ensure_future(work())
        try:
            await self._accompany(inbox, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._swap(inbox, self._name, None)

    async def _accompany(self, inbox: str, task: asyncio.Future[None]) -> None:
        until = self._clock() + LEASE
        while True:
            await asyncio.wait({task}, timeout=self._beat)
            if task.done():
                await task
                return
            now = self._clock()
            if await self._swap(inbox, self._name, self._name):
                until = now + LEASE
            elif now >= until or await self._is_anothers(inbox):
                log.warning("another process watches now", inbox=inbox)
                return

    async def _is_anothers(self, inbox: str) -> bool:
        try:
            found = await self._db.read(adapter_memory.recall, inbox, KEY, self._clock())
        except StorageError:
            return False
        return found not in {None, self._name}

    async def _swap(self, inbox: str, old: str | None, new: str | None) -> bool:
        now = self._clock()
        try:
            return await self._db.write(adapter_memory.swap, inbox, KEY, old, new, now + LEASE, now)
        except StorageError as problem:
            log.warning("the lease of an inbox could not be written", inbox=inbox, problem=problem)
            return False
