"""Many small writes of one kind become one: what waits until a write begins goes into it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial, wraps
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from storage.database import Database, Unavailable
from storage.engine import is_given_up, rolled_back
from storage.jobs import on_terms, terms_of

I = TypeVar("I")  # noqa: E741 - item
R = TypeVar("R")
Waiting = tuple[I, "asyncio.Future[R]"]

SIZE = 64
"""How many items share one write at most."""
TOO_MUCH = "more comes in than can be stored; try again"


class Batches(Generic[I, R]):
    """Hands items to `fn(connection, items)`, which returns each one's result or its error.

    When `fn` itself raises, each item of that write is tried again alone: one that breaks does
    not take the others along. At most `most` items wait; who comes then is turned away at once.
    Nobody waits longer than `patience`, in seconds.
    With `only_awaited` an item is left out whose caller gave up before its write began: who comes
    again must not stand behind what nobody waits for. `stored` is called in the event loop with the
    results of each write, also with those that nobody waits for any more.

    A write takes its items when its turn comes, not when it is asked for: on SQLite, where all wait
    for one writer, whoever comes meanwhile need not wait for the turn after it. Where several
    processes share a database there is one write of a kind at a time, so that items gather.
    """

    def __init__(
        self,
        db: Database,
        fn: Callable[[Connection, Sequence[I]], Sequence[R | Exception]],
        *,
        size: int = SIZE,
        most: int | None = None,
        patience: float | None = None,
        only_awaited: bool = False,
        stored: Callable[[Sequence[R | Exception]], None] | None = None,
    ) -> None:
        self._db, self._fn, self._size, self._most = db, fn, size, most
        self._patience = patience
        self._only_awaited, self._stored = only_awaited, stored
        self._waiting: deque[Waiting[I, R]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        # Its holder takes what waits; the writer's thread and the event loop both look.
        self._lock, self._asked = Lock(), False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def full(self) -> bool:
        """Whether who comes now is turned away."""
        return self._most is not None and len(self._waiting) >= self._most

    async def add(self, item: I) -> R:
        """Return the item's result once it is on disk.

        Raises:
            Unavailable: the database takes no writes, or too many items wait.
            TimeoutError: it took longer than `patience`, in seconds; it may be stored after all.
            Exception: whatever became of the item; then nothing of it was stored.
        """
        if self.full:
            raise Unavailable(TOO_MUCH)
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = self._loop.create_future()
        with self._lock:
            self._waiting.append((item, future))
            asked, self._asked = self._asked, True
        if not asked:
            self._ask()
        if self._patience is None:
            return await future
        # Cheaper than `asyncio.timeout`, which also minds who else cancels.
        over = self._loop.call_later(self._patience, _give_up, future)
        try:
            return await future
        finally:
            over.cancel()

    def _ask(self) -> None:
        task = asyncio.create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        await self._write(self._take)
        if self._db.shared:
            with self._lock:
                self._go_on()

    def _take(self) -> list[Waiting[I, R]]:
        with self._lock:
            taken: list[Waiting[I, R]] = []
            while self._waiting and len(taken) < self._size:
                waiting = self._waiting.popleft()
                if not (self._only_awaited and waiting[1].done()):
                    taken.append(waiting)
            if not self._db.shared:
                self._go_on()
        return taken

    def _go_on(self) -> None:
        """Ask for another write if some wait for one; the lock is held."""
        self._asked = bool(self._waiting)
        if self._asked and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ask)

    async def _write(self, take: Callable[[], list[Waiting[I, R]]]) -> None:
        batch: list[Waiting[I, R]] = []

        @on_terms(terms_of(self._fn))
        @wraps(self._fn)
        def write(connection: Connection) -> Sequence[R | Exception]:
            # What is run again, because others overtook it, keeps what it took.
            batch.extend(() if batch else take())
            return self._together(connection, [item for item, _ in batch]) if batch else []

        try:
            results = await self._db.run(write)
        except Exception as problem:  # noqa: BLE001 - each one's own caller gets it
            batch = batch or take()
            if self._db.shared and len(batch) > 1 and not isinstance(problem, Unavailable):
                for alone in batch:
                    await self._write(partial(list, [alone]))
                return
            results = [problem] * len(batch)
        if self._stored is not None:
            self._stored(results)
        _tell(batch, results)

    def _together(self, connection: Connection, items: Sequence[I]) -> Sequence[R | Exception]:
        if self._db.shared or len(items) == 1:
            return self._fn(connection, items)
        try:
            with connection.begin_nested():
                return self._fn(connection, items)
        except Exception as problem:
            if rolled_back(connection) or is_given_up(problem):
                raise
        return [self._alone(connection, item) for item in items]

    def _alone(self, connection: Connection, item: I) -> R | Exception:
        try:
            with connection.begin_nested():
                (result,) = self._fn(connection, [item])
        except Exception as problem:
            if rolled_back(connection) or is_given_up(problem):
                raise
            return problem
        return result


def _give_up(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _tell(batch: Sequence[Waiting[I, R]], results: Sequence[R | Exception]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
