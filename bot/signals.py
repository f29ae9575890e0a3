"""Hints that there is something to do, in this process and to the others; one lost costs time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

Tell = Callable[[str, float], None]
"""Carries a word to the other processes, within so many seconds."""
EVERYTHING = "*"
"""What is heard when hints were lost: look at everything."""
_TURN = "turn:"


def _keep(_word: str, _within: float) -> None:
    """Tell nobody: there is no other process."""


def _at_once() -> float:
    return 0


class Hint(asyncio.Event):
    """An event that the other processes are told of, unless this one sees to it by itself.

    Who works here says in `others` within how many seconds the others are to look, or None while
    it has room itself: what it cannot do after all they find when they look by themselves.
    """

    def __init__(self, word: str, tell: Tell) -> None:
        super().__init__()
        self._word, self._tell = word, tell
        self.others: Callable[[], float | None] = _at_once

    def set(self) -> None:
        """Wake who waits here, and let the others know if they are needed."""
        self.hear()
        if (within := self.others()) is not None:
            self._tell(self._word, within)

    def hear(self) -> None:
        """Wake who waits here only."""
        super().set()


@dataclass(frozen=True, slots=True)
class Room:
    """How many lanes somebody can take at once, under which token, and for how long."""

    lanes: int
    token: str
    lease: timedelta


class Host(Protocol):
    """Who thinks in this process, and takes what comes in without having to look for it."""

    def room(self) -> Room | None:
        """Return how much can be taken now, None if nothing can; any thread may ask."""

    def welcome(self, lanes: Mapping[str, Any]) -> None:
        """Take lanes that were leased under the room's token, with what each has next."""


class Signals:
    """Who is woken by what; `tell` carries it to the other processes."""

    host: Host | None = None

    def __init__(self, tell: Tell = _keep) -> None:
        self._tell = tell
        self.inbound = Hint("in", tell)
        self.outbound = Hint("out", tell)
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

    def turn_done(self, lane: str, *, awaited: bool) -> None:
        """Tell those who wait for this lane; `awaited` says whether a call may wait elsewhere."""
        self._wake(lane)
        if awaited:
            self._tell(f"{_TURN}{lane}", 0)

    def hear(self, word: str) -> None:
        """Pass on what another process tells."""
        if word in {"in", EVERYTHING}:
            self.inbound.hear()
        if word in {"out", EVERYTHING}:
            self.outbound.hear()
        if word.startswith(_TURN):
            self._wake(word.removeprefix(_TURN))
        elif word == EVERYTHING:
            for lane in list(self._turns):
                self._wake(lane)

    def _wake(self, lane: str) -> None:
        for event in self._turns.get(lane, ()):
            event.set()


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, then clear it; return False if the time is over before."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
