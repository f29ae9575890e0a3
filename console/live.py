"""What just happened, to everybody who watches: the log's tail, fanned out to many streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from storage import activity
from storage.database import Database
from storage.models import Activity

PAUSE = 0.03
"""The log is read at most once in so many seconds."""
QUEUE = 500
"""A reader who is so many batches late is cut off; it comes back and reads from the log."""
PAGE = 500
RETRY = 1.0
"""How long to wait when the log cannot be read."""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Follower:
    """One stream: what it has not read yet."""

    batches: asyncio.Queue[Sequence[Activity]] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, silence: float | None) -> Sequence[Activity] | None:
        """Return the next batch, an empty one after `silence` seconds, None at the end."""
        if self.ended.is_set():
            return None
        batch = asyncio.ensure_future(self.batches.get())
        end = asyncio.ensure_future(self.ended.wait())
        try:
            done, _ = await asyncio.wait(
                {batch, end}, timeout=silence, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            batch.cancel()
            end.cancel()
        if end in done:
            return None
        return batch.result() if batch in done else ()


class Live:
    """Tails the Activity log of one database; `wake` it after each commit."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._last = 0
        self._changed = asyncio.Event()
        self._followers: set[_Follower] = set()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Begin at the end of the log."""
        self._last = await self._db.read(activity.last_id)
        self._stopped = False
        self._task = asyncio.create_task(self._run(), name="live")

    async def stop(self) -> None:
        """End every stream and stop reading."""
        self._stopped = True
        for follower in self._followers:
            follower.ended.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def wake(self) -> None:
        """Say that something was committed."""
        self._changed.set()

    @property
    def last(self) -> int:
        """The number of the newest fact that was told."""
        return self._last

    async def follow(
        self, after: int | None, silence: float | None = None
    ) -> AsyncIterator[Sequence[Activity]]:
        """Yield facts after number `after` (None: from now on), none missing, none twice.

        An empty batch comes after `silence` seconds without any. The stream ends when this is
        stopped, or when its reader is too slow.
        """
        follower = _Follower()
        if self._stopped:
            return
        self._followers.add(follower)
        seen = self._last if after is None else after
        try:
            while after is not None:
                missed = await self._db.read(activity.since, seen, PAGE)
                if missed:
                    seen = missed[-1].id or seen
                    yield missed
                if len(missed) < PAGE:
                    break
            while (batch := await follower.next(silence)) is not None:
                fresh = [fact for fact in batch if (fact.id or 0) > seen]
                if fresh:
                    seen = fresh[-1].id or seen
                if fresh or not batch:
                    yield fresh
        finally:
            self._followers.discard(follower)

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._read()
                await asyncio.sleep(PAUSE)
            except Exception as problem:  # noqa: BLE001 - one bad moment must not blind the desk
                log.warning("the live log cannot be read: %s", type(problem).__name__)
                self._changed.set()
                await asyncio.sleep(RETRY)

    async def _read(self) -> None:
        while batch := await self._db.read(activity.since, self._last, PAGE):
            self._last = batch[-1].id or self._last
            for follower in self._followers:
                if follower.batches.full():
                    follower.ended.set()
                else:
                    follower.batches.put_nowait(batch)
            if len(batch) < PAGE:
                break
