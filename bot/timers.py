"""Ticks: APScheduler wakes this process; the timers themselves are rows, so no tick is precious."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlmodel import Session

from bot.metrics import Metrics
from bot.signals import Signals
from faq.knowledge import KnowledgeBase
from handlers.desk import gaps, notices
from storage import erasure, lanes, plans, retention, slots, timers
from storage.database import Database, StorageError, Unavailable
from storage.models import LaneKind, Timer

log = structlog.get_logger(__name__)

DAILY = "sweep"
TIMER_SECONDS = 0.25
"""How often a process looks whether a timer is due; a look costs no commit."""
GAPS_HOURS = 6
"""How long what was found of missed questions is good enough."""
LONGEST_BATCH = timedelta(seconds=0.2)
"""How long the effects of one batch may hold up who else wants to store something."""
Job = Callable[[], Awaitable[None]]
ANSWERED_WITHIN = timedelta(seconds=60)
"""How long a platform may take to repeat a call whose answer did not reach it."""


def _sweep(session: Session, timer: Timer, now: datetime) -> None:
    """Sweep a piece; if there is more, the next tick's timer goes on where this one ended."""
    number, after = timer.payload.get("number", 0), timer.payload.get("after")
    swept = retention.sweep(session, now, None if after is None else UUID(after))
    log.info("swept", rows=swept.rows, timer=timer.key)
    if swept.more:
        day = timer.key.removesuffix(f":{number}") if number else timer.key
        place = None if swept.after is None else str(swept.after)
        following = {"number": number + 1, "after": place}
        timers.add(session, f"{day}:{number + 1}", DAILY, now, following)


def _noted(_session: Session, _timer: Timer, _now: datetime) -> None:
    """Do nothing: that its key could be set was what made one process do the work."""


EFFECTS: dict[str, timers.Effect] = {
    notices.KIND: notices.remind,
    erasure.KIND: erasure.forget,
    plans.KIND: plans.carry_out,
    DAILY: _sweep,
    gaps.KIND: _noted,
}


class Every(IntervalTrigger):  # type: ignore[misc]  # it comes without types
    """Comes again after so many seconds, and once for all that was missed.

    A clock that is set forward by a year would hold a hundred million ticks, each looked at.
    """

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Return when it comes again."""
        due: datetime = super().get_next_fire_time(previous, now)
        if due <= now:
            due = now + self.interval
        return due


class Ticker:
    """Everything this process does by the clock."""

    def __init__(
        self,
        db: Database,
        knowledge: KnowledgeBase,
        signals: Signals,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self._db, self._knowledge, self._signals = db, knowledge, signals
        self._clock, self._metrics = clock, metrics
        self._stopped, self._batch = False, timers.BATCH
        # No tick is precious: that one was skipped while the last still works is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(jobstores={"default": MemoryJobStore()}, timezone="UTC")

    def start(self, *, alone: bool = True) -> None:
        """Begin to tick; not `alone`, other processes mind the timers."""
        jobs: list[tuple[Job, float]] = [(self.reload_knowledge, 2), (self.measure, 5)]
        if alone:
            jobs += [
                (self.fire_timers, TIMER_SECONDS),
                (self.doubt_answers, 5),
                (self.plan_sweep, 600),
                (self.look_for_gaps, 600),
            ]
        for job, seconds in jobs:
            self._scheduler.add_job(
                self.guarded,
                Every(seconds=seconds, timezone=UTC),
                args=[job],
                max_instances=1,
                coalesce=True,
                next_run_time=self._clock() + timedelta(seconds=seconds if seconds < 60 else 1),  # noqa: PLR2004
            )
        self._scheduler.start()

    def tick_anew(self) -> None:
        """Tick at once and on from there: the times that were set are of another clock."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=self._clock())

    def stop(self) -> None:
        """Stop ticking; what is due is found by the next tick of any process."""
        self._stopped = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def fire_timers(self) -> None:
        """Fire the timers that are due, batch after batch."""
        more = await self._db.read(timers.any_due, self._clock())
        while more:
            fired = await self._fire()
            log.debug("timers fired", number=fired.done)
            for key, problem in fired.broken.items():
                log.error("a timer's effect broke", timer=key, problem=problem)
            self._signals.outbound.set()
            # After a batch that was not full, what is due still another process has in hand.
            more = fired.full

    async def _fire(self) -> timers.Fired:
        """Fire a batch, of as many timers as take effect while nobody notices."""

        def fire(session: Session) -> tuple[timers.Fired, timedelta]:
            begun = self._clock()
            fired = timers.fire(session, EFFECTS, begun, self._batch)
            return fired, self._clock() - begun

        try:
            fired, took = await self._db.write(fire)
        except Unavailable:
            self._batch = max(1, self._batch // 4)
            raise
        if took > LONGEST_BATCH:
            self._batch = max(1, self._batch // 2)
        elif fired.full:
            self._batch = min(timers.BATCH, self._batch * 2)
        return fired

    async def doubt_answers(self) -> None:
        """Tell the truth of replies that no call was answered with, nor its retries."""
        now = self._clock()
        for event_id in await self._db.read(slots.overdue, now - ANSWERED_WITHIN):
            ended = await self._db.write(slots.doubt, event_id, now)
            log.warning("nobody knows whether an answer reached the platform", replies=ended)

    async def reload_knowledge(self) -> None:
        """Take over a release that another process or a command has published."""
        await self._knowledge.refresh()

    async def measure(self) -> None:
        """Tell the metrics how much waits."""
        for kind in LaneKind:
            waiting, _ = await self._db.read(lanes.backlog, kind)
            self._metrics.backlog.labels(kind.value).set(waiting)

    async def plan_sweep(self) -> None:
        """Set today's sweep; its key makes one of all processes do it."""
        now = self._clock()
        await self._db.write(timers.add, f"{DAILY}:{now:%Y-%m-%d}", DAILY, now, {})

    async def look_for_gaps(self) -> None:
        """Put together what had no good answer; each part of the day one of all processes does."""
        now = self._clock()
        key = f"{gaps.KIND}:{now:%Y-%m-%d}:{now.hour // GAPS_HOURS}"
        if self._knowledge.ready and await self._db.write(timers.add, key, gaps.KIND, now, {}):
            log.info("looked for gaps", found=await gaps.look(self._db, self._knowledge, now))

    async def guarded(self, job: Job) -> None:
        """Run a job whose failure is only logged: it comes again."""
        try:
            await job()
        except asyncio.CancelledError:
            # The scheduler would print a trace of every tick that a stop cuts off.
            if not self._stopped:
                raise
        except StorageError:
            if not self._stopped:
                log.exception("a tick found the database unable")
        except Exception:
            log.exception("a tick failed")
