"""How long a decision may take: so much of a processor, and so much of a customer's patience."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")


class _Meter:
    """Counts the processor time of the thread that started it, for others to read."""

    def __init__(self) -> None:
        self._clock: int | None = None
        self._begun = 0.0

    def start(self) -> None:
        """Count from here on, in this thread."""
        if hasattr(time, "pthread_getcpuclockid"):  # where there is none, patience alone counts
            clock = time.pthread_getcpuclockid(threading.get_ident())
            self._begun, self._clock = time.clock_gettime(clock), clock

    def used(self) -> float:
        """Return the seconds until now, 0 where nothing is counted or the thread has ended."""
        try:
            return 0.0 if self._clock is None else time.clock_gettime(self._clock) - self._begun
        except OSError:
            return 0.0


async def within(
    budget: float, patience: float, workers: Executor, work: Callable[[], T]
) -> T | None:
    """Return what work in another thread gives, None where it takes too long.

    It may take `budget` seconds of a processor, and `patience` seconds in all, waiting for a
    thread and a processor included; the latter is never less than the budget.
    """
    meter, loop = _Meter(), asyncio.get_running_loop()

    def metered() -> T:
        meter.start()
        return work()

    begun, task = loop.time(), workers.submit(metered)
    running = asyncio.wrap_future(task)
    try:
        while (left := budget - meter.used()) > 0:
            wait = min(left, begun + max(patience, budget) - loop.time())
            if wait <= 0:
                break
            done, _ = await asyncio.wait({running}, timeout=wait)
            if done:
                return running.result()
        return None
    finally:
        task.cancel()
