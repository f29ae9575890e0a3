"""The loop that worker and delivery share: claim ready lanes, work each one in its own task."""

from __future__ import annotations

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

import structlog
from sqlmodel import Session

from bot.signals import Hint, wait_for
from storage import lanes, leases
from storage.database import Database, StorageError
from storage.lanes import Fenced
from storage.models import LaneKind

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
"""How long a process may be silent before others take over what it has in hand."""
BEAT_SECONDS = 5.0
"""How often a live process prolongs its leases."""
IDLE_SECONDS = 0.5
"""How long a missed hint can hold a lane up."""
SHARED_FROM = 4
"""From a quarter of its width on a process lets the others know of more, unless told otherwise."""
HELP_SECONDS = 0.1
"""How long that may wait: who is busy is not idle."""
BLIND_SECONDS = 1.0
"""How long to wait after the database could not be asked."""


class LaneLoop(ABC):
    """Works lanes of one kind, at most `width` at a time."""

    kind: LaneKind

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        hint: Hint,
        width: int = 32,
        help_from: int | None = None,
        *,
        at_once: int | None = None,
    ) -> None:
        """Let other processes know of more once `help_from` lanes are in hand here.

        At most `at_once` lanes are claimed in one write.
        """
        self.db, self.clock, self._hint, self._width = db, clock, hint, width
        self._at_once = at_once or width
        self._help_from = width // SHARED_FROM if help_from is None else help_from
        self._busy: set[asyncio.Task[None]] = set()
        self._token, self._in_hand = secrets.token_hex(8), set[str]()
        self._claimed_again = set[str]()
        self._stopping = self._over = self._caught_up = False
        self._runs: asyncio.Task[None] | None = None

    def help_within(self) -> float | None:
        """Return within how many seconds others are to look too, None while there is room here."""
        if self._stopping:
            return 0
        return HELP_SECONDS if len(self._busy) >= self._help_from else None

    async def none_ready(self) -> bool:
        """Return whether there is nothing to claim: a look that costs no commit."""
        return await self.db.read(lanes.none_ready, self.kind, self.clock())

    async def claim(self, free: int) -> list[str]:
        """Claim up to `free` lanes that are ready."""
        return await self.db.write(
            lanes.claim, self.kind, self._token, self.clock(), LEASE, limit=free
        )

    def patience(self) -> float:
        """Return for how many seconds to wait for a hint before looking again."""
        return IDLE_SECONDS

    @abstractmethod
    async def work(self, lane: str, token: str) -> None:
        """Work one lane until it has nothing left or must be given back."""

    async def run(self) -> None:
        """Claim and work until `stop`; no error of a lane or of the database ends the loop."""
        self._runs = asyncio.current_task()
        beat = asyncio.create_task(self._beat(), name=f"{self.kind.value} leases")
        before, self._hint.others = self._hint.others, self.help_within
        try:
            await self._run()
        finally:
            self._hint.others = before
            beat.cancel()

    async def _run(self) -> None:
        hinted = False
        while not self._stopping:
            try:
                # Who was told that there is something need not look first.
                more = (hinted or not await self.none_ready()) and await self._claim()
                self._caught_up = not more
            except Exception:
                self._caught_up = False
                log.exception("cannot claim work")
                await asyncio.sleep(BLIND_SECONDS)
                continue
            if not more:
                hinted = await wait_for(self._hint, self.patience())
            elif len(self._busy) >= self._width:
                await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
        if self._busy:
            await asyncio.wait(self._busy)

    async def stop(self, seconds: float) -> None:
        """Stop claiming, give running lanes some time, then leave them to their leases."""
        self._stopping = True
        self._hint.set()
        # The loop ends after what it is just being told that it has claimed.
        ends = {task for task in (self._runs, *self._busy) if task is not None}
        if ends:
            await asyncio.wait(ends, timeout=seconds)
        self._over = True
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def _claim(self) -> bool:
        """Claim what there is room for; return whether there may be more."""
        free = min(self._width - len(self._busy), self._at_once)
        if free <= 0:
            return True
        claimed = await self.claim(free)
        if self._over:
            await asyncio.gather(*map(self.decline, set(claimed) - self._in_hand))
            return False
        self._claimed_again |= self._in_hand.intersection(claimed)
        # A lane whose lease ran out in our own hands is only prolonged: two must never work it.
        for lane in set(claimed) - self._in_hand:
            self._begin(lane)
        return len(claimed) >= free

    def _begin(self, lane: str) -> None:
        self._in_hand.add(lane)
        task = asyncio.create_task(self._guarded(lane, self._token))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self.beat()

    async def beat(self) -> None:
        """Prolong the leases of what is in hand."""
        if not self._in_hand:
            return
        lanes_now, now = frozenset(self._in_hand), self.clock()
        try:
            await self.db.write(leases.renew, self.kind, lanes_now, self._token, now, LEASE)
        except StorageError as problem:
            log.warning("leases could not be prolonged", kind=self.kind.value, problem=problem)

    async def keep(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Write what must not be forgotten: while the database takes nothing, again and again.

        Raises:
            StorageError: it still takes nothing and we are asked to stop.
        """
        return await self.insist(lambda: self.db.write(fn, *args, **kwargs))

    async def insist(self, store: Callable[[], Awaitable[T]]) -> T:
        """Do the same with any way to store something."""
        while True:
            try:
                return await store()
            except StorageError:
                if self._stopping:
                    raise
                await asyncio.sleep(BLIND_SECONDS)

    async def _guarded(self, lane: str, token: str) -> None:
        try:
            await self.work(lane, token)
        except Fenced:
            log.warning("lane went to another worker", kind=self.kind.value)
            await self._release(lane, token)
        except StorageError as problem:
            log.warning("the database could not keep up", kind=self.kind.value, problem=problem)
            await self._give_back(lane, token, failed=False)
        except Exception:
            log.exception("lane failed", kind=self.kind.value)
            await self._give_back(lane, token, failed=True)
        finally:
            await self._put_down(lane, token)

    async def _put_down(self, lane: str, token: str) -> None:
        again = lane in self._claimed_again
        while lane in self._claimed_again:
            # It got more after its last item was done, and was claimed before we could know that.
            self._claimed_again.discard(lane)
            await self._release(lane, token)
        self._in_hand.discard(lane)
        if again:
            self._hint.hear()

    async def decline(self, lane: str) -> None:
        """Give back a lane that was claimed too late to be worked."""
        await self._release(lane, self._token)

    async def _release(self, lane: str, token: str) -> None:
        # A commit in doubt that was stored after all fences off its own repetition.
        try:
            await self.keep(leases.release, self.kind, lane, token)
        except StorageError:
            log.warning("lane is left to its lease", kind=self.kind.value)

    async def _give_back(self, lane: str, token: str, *, failed: bool) -> None:
        until = self.clock() + timedelta(seconds=1)
        try:
            await self.keep(lanes.postpone, self.kind, lane, token, until, failed=failed)
        except (StorageError, Fenced):
            log.warning("lane is left to its lease", kind=self.kind.value)


def backoff(attempts: int, jitter: float, base: float = 2, longest: float = 120) -> timedelta:
    """Return how long to wait after the given number of failures; `jitter` is in 0..1."""
    return timedelta(seconds=min(base ** min(attempts, 8), longest) * (0.5 + jitter / 2))
