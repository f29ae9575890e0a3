"""What just happened, to everybody who watches: the log's tail, fanned out to many streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from console.gaps import Gaps
from console.whispers import Whisper, Whispers
from storage import activity
from storage.database import Database
from storage.models import Activity

PAUSE, CALM = 0.03, 0.5
"""The log is read at most once in so many seconds, the second while nobody looks on."""
QUEUE = 500
"""A reader who is so many batches late is cut off; it comes back and reads from the log."""
PAGE = 500
SAFETY = 2.0
"""Seconds after which the log of a shared database is read without a hint."""
RETRY = 1.0
"""How long to wait when the log cannot be read."""

log = logging.getLogger(__name__)

Told = Sequence[Activity] | Whisper


@dataclass(eq=False, slots=True)
class _Follower:
    """One stream: what it has not read yet, and whether somebody looks on."""

    hurry: bool = True
    batches: asyncio.Queue[Told] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, silence: float | None) -> Told | None:
        """Return a batch or a whisper, an empty batch after `silence` seconds, None at the end."""
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

    def hear(self, whisper: Whisper) -> None:
        """Take a whisper, if there is room: who is late would hear what is not true any more."""
        if self.batches.qsize() < QUEUE // 2:
            self.batches.put_nowait(whisper)


class Live:
    """Tails the Activity log of one database; `wake` it after each commit."""

    def __init__(self, db: Database, whispers: Whispers | None = None) -> None:
        self._db = db
        self.whispers = whispers or Whispers()
        self._last = 0
        self._gaps = Gaps() if db.shared else None
        self._changed, self._watched = asyncio.Event(), asyncio.Event()
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
        self, after: int | None, silence: float | None = None, *, hurry: bool = True
    ) -> AsyncIterator[Sequence[Activity]]:
        """Yield facts after number `after` (None: from now on), none missing, none twice.

        An empty batch comes after `silence` seconds without any. The stream ends when this is
        stopped, or when its reader is too slow. Who is in no `hurry` may hear of them later.
        """
        async with contextlib.aclosing(self._told(_Follower(hurry), after, silence)) as told:
            async for batch in told:
                if not isinstance(batch, Whisper):
                    yield batch

    async def listen(
        self, to: str, after: int | None, silence: float | None = None
    ) -> AsyncGenerator[Told]:
        """Yield what `follow` does, and between it what is whispered to somebody.

        An empty batch says that it listens from now on. A whisper that came while `after` was
        caught up with is late, one too many is lost.
        """
        follower = _Follower()
        with self.whispers.heard_by(to, follower.hear):
            yield ()
            async with contextlib.aclosing(self._told(follower, after, silence)) as told:
                async for batch in told:
                    yield batch

    async def _told(
        self, follower: _Follower, after: int | None, silence: float | None
    ) -> AsyncGenerator[Told]:
        if self._stopped:
            return
        self._followers.add(follower)
        if follower.hurry:
            self._watched.set()
        try:
            # What is told from here on can overlap only with what is missed now; a gap in the log
            # may close behind both, and who comes back must not have passed over it.
            overlap = _Overlap(self._last, self._before_gaps(after))
            if after is not None:
                async for missed in self._missed(overlap):
                    yield missed
            while (batch := await follower.next(silence)) is not None:
                if isinstance(batch, Whisper) or (batch := overlap.fresh(batch)) is not None:
                    yield batch
        finally:
            self._followers.discard(follower)

    async def _missed(self, overlap: _Overlap) -> AsyncIterator[Sequence[Activity]]:
        """Yield what is in the log behind the floor, and note what may be told once more."""
        seen, missed = overlap.floor, None
        while missed is None or len(missed) == PAGE:
            missed = await self._db.read(activity.since, seen, PAGE)
            if missed:
                seen = missed[-1].id or seen
                overlap.note(missed, self._is_gap)
                yield missed

    def _before_gaps(self, after: int | None) -> int:
        if after is None:
            return -1
        return min(after, (self._lowest_gap() or after + 1) - 1)

    async def _run(self) -> None:
        while True:
            await wait_for(self._changed, SAFETY if self._gaps is not None else None)
            try:
                await self._read()
                await self._rest()
            except Exception as problem:  # noqa: BLE001 - one bad moment must not blind the desk
                log.warning("the live log cannot be read: %s", type(problem).__name__)
                self._changed.set()
                await asyncio.sleep(RETRY)

    async def _rest(self) -> None:
        self._watched.clear()
        if not any(follower.hurry for follower in self._followers):
            await wait_for(self._watched, CALM - PAUSE)
        await asyncio.sleep(PAUSE)

    async def _read(self) -> None:
        await self._read_late()
        if self._gaps is None and not self._followers:
            # Nobody looks: where the log ends is enough, unless somebody came while that was read.
            last = await self._db.read(activity.last_id)
            if not self._followers:
                self._last = last
                return
        while batch := await self._db.read(activity.since, self._last, PAGE):
            if self._gaps is not None:
                self._gaps.skip(self._last, _numbers(batch), monotonic())
            self._last = batch[-1].id or self._last
            self._give(batch)
            if len(batch) < PAGE:
                break

    async def _read_late(self) -> None:
        waiting = self._gaps.open(monotonic()) if self._gaps is not None else []
        late = await self._db.read(activity.some, waiting) if waiting else []
        if late and self._gaps is not None:
            self._gaps.found(_numbers(late))
            self._give(late)

    def _give(self, batch: Sequence[Activity]) -> None:
        for follower in self._followers:
            if follower.batches.full():
                follower.ended.set()
            else:
                follower.batches.put_nowait(batch)

    def _lowest_gap(self) -> int | None:
        return self._gaps.lowest if self._gaps is not None else None

    def _is_gap(self, number: int) -> bool:
        return self._gaps is not None and number in self._gaps


@dataclass(slots=True)
class _Overlap:
    """What somebody who came back has seen already of what is told now."""

    told: int
    floor: int
    caught: set[int] = field(default_factory=set)

    def note(self, missed: Sequence[Activity], is_gap: Callable[[int], bool]) -> None:
        self.caught |= {n for n in _numbers(missed) if n > self.told or is_gap(n)}

    def fresh(self, batch: Sequence[Activity]) -> Sequence[Activity] | None:
        """Return what is new in a batch; None if nothing is, but an empty one is itself."""
        new = [f for f in batch if (n := f.id or 0) > self.floor and n not in self.caught]
        return new if new or not batch else None


def _numbers(batch: Sequence[Activity]) -> list[int]:
    return [fact.id or 0 for fact in batch]


async def wait_for(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until the event is set, or for so many seconds; then clear it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
