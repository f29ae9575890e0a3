"""Notices when the machine's clock was set, and sees to it that nothing waits for the old time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.inboxes import Inboxes
from bot.signals import EVERYTHING, Signals
from bot.timers import Ticker
from storage import plans, setbacks
from storage.database import Database, StorageError

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
LEAST = timedelta(seconds=1)
"""What a clock is corrected by all the time, and what is not worth the trouble."""
ORIGIN, NOTHING = datetime(1970, 1, 1, tzinfo=UTC), timedelta(0)
HOURS_THAT_PEOPLE_GAVE = frozenset({plans.KIND})


class ClockWatch:
    """Compares the clock with one that cannot be set, in seconds from anywhere: `steady`.

    When it is set forward, what is due is due: after a machine slept, that is the truth.
    """

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        signals: Signals,
        ticker: Ticker,
        clock: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db, self._inboxes, self._signals, self._ticker = db, inboxes, signals, ticker
        self._clock, self._steady = clock, steady
        self._distance, self._owed = self._measured(), NOTHING
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Look whether the clock went back while nobody looked: for the owner of a database."""
        latest = await self._db.read(setbacks.latest)
        now = self._clock()
        if latest is not None and latest - now >= LEAST:
            moved = await self._db.write(setbacks.hurry, now)
            log.warning(
                "the clock is behind what is stored; what waits is tried at once", moved=moved
            )

    def start(self) -> None:
        """Look again and again, until `stop`."""
        self._task = asyncio.create_task(self._run(), name="clock")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """See what became of the clock since the last look; what cannot be done yet is owed."""
        before, self._distance = self._distance, self._measured()
        by = self._distance - before
        if abs(by) >= LEAST:
            log.warning("the clock was set", seconds=round(by.total_seconds(), 1))
            self._owed += max(-by, NOTHING)
        if self._owed:
            try:
                await self._bring_forward(self._owed)
            except StorageError as problem:
                log.warning("what waits for the old time cannot be moved yet", problem=problem)
                return
            self._owed = NOTHING

    async def _bring_forward(self, by: timedelta) -> None:
        now = self._clock()
        moved = await self._db.write(setbacks.bring_forward, by, now, HOURS_THAT_PEOPLE_GAVE)
        if moved is None:
            log.warning("another process brings forward what waits, or this clock is the wrong one")
        else:
            log.warning("what waited for the old time was brought forward", moved=moved)
        for inbox in self._inboxes.by_name.values():
            inbox.paused_until = None
        self._ticker.tick_anew()
        self._signals.hear(EVERYTHING)

    def _measured(self) -> timedelta:
        return self._clock() - ORIGIN - timedelta(seconds=self._steady())
