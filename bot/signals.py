"""Hints inside one process that there is something to do; losing one costs only time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Signals:
    """Who is woken by what."""

    def __init__(self) -> None:
        self.inbound = asyncio.Event()
        self.outbound = asyncio.Event()
        self._turns: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def turn_of(self, lane: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever a turn of this lane is finished."""
        event = asyncio.Event()
        self._turns.setdefault(lane, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._turns[lane]
            waiting.discard(event)
            if not waiting:
                del self._turns[lane]

    def turn_done(self, lane: str) -> None:
        """Tell those who wait for this lane."""
        for event in self._turns.get(lane, ()):
            event.set()


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set or the time is over, then clear it."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
