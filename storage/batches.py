"""Many small writes of one kind become one: what waits while a write runs goes into the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection

from storage.database import Database, Unavailable

I = TypeVar("I")  # noqa: E741 - item
R = TypeVar("R")
Waiting = tuple[I, "asyncio.Future[R]"]

SIZE = 64
"""How many items share one write at most."""


class Batches(Generic[I, R]):
    """Hands items to `fn(connection, items)`, which returns each one's result or its error.

    When `fn` itself raises, each item of that write is tried again alone: one that breaks does
    not take the others along. At most `most` items wait; who comes then is turned away at once.
    """

    def __init__(
        self,
        db: Database,
        fn: Callable[[Connection, Sequence[I]], Sequence[R | Exception]],
        *,
        size: int = SIZE,
        most: int | None = None,
    ) -> None:
        self._db, self._fn, self._size, self._most = db, fn, size, most
        self._waiting: deque[Waiting[I, R]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: I) -> R:
        """Return the item's result once it is on disk.

        Raises:
            Unavailable: the database takes no writes, or too many items wait.
            Exception: whatever became of the item; then nothing of it was stored.
        """
        if self._most is not None and len(self._waiting) >= self._most:
            raise Unavailable("more comes in than can be stored; try again")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [
                    self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))
                ]
                await self._write(batch)
        finally:
            self._task = None

    async def _write(self, batch: list[Waiting[I, R]]) -> None:
        try:
            results = await self._db.run(self._fn, [item for item, _ in batch])
        except Exception as problem:  # noqa: BLE001 - each one's own caller gets it
            if len(batch) > 1 and not isinstance(problem, Unavailable):
                for alone in batch:
                    await self._write([alone])
                return
            results = [problem] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
