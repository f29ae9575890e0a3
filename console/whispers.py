"""What is true for a few seconds: that somebody types, that somebody has read. Kept nowhere.

A whisper is told to one listener's address, in this process and in all others of the same
database; nobody may depend on one, since it can be lost.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from typing import Literal

DESK = "desk"
"""The address of everybody at the desk."""
_WORD = "whisper:"
SPACING = 1.0
"""Seconds in which a second one of the same kind tells nothing new."""
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Whisper:
    """One thing that is so just now, about one thread."""

    to: str
    kind: Literal["typing", "read"]
    about: str = ""
    """The conversation's id, for the desk."""
    position: int = 0
    """Up to where it was read."""


def thread_of(inbox: str, thread: str) -> str:
    """Return the address of the customer of one thread."""
    return f"{inbox}:{thread}"


Hear = Callable[[Whisper], None]


def _alone(_word: str) -> None:
    """Tell nobody: there is no other process."""


class Whispers:
    """Passes whispers on; `tell` carries a word to the other processes."""

    def __init__(self, tell: Callable[[str], None] = _alone) -> None:
        self._tell = tell
        self._listening: dict[str, set[Hear]] = {}
        self._lately: OrderedDict[str, float] = OrderedDict()

    @contextmanager
    def heard_by(self, to: str, hear: Hear) -> Iterator[None]:
        """Let `hear` be called with every whisper to this address, until left."""
        self._listening.setdefault(to, set()).add(hear)
        try:
            yield
        finally:
            listening = self._listening[to]
            listening.discard(hear)
            if not listening:
                del self._listening[to]

    def say(self, whisper: Whisper) -> None:
        """Tell those who listen, here and elsewhere."""
        self._give(whisper)
        self._tell(_WORD + json.dumps(astuple(whisper), separators=(",", ":")))

    def hear(self, word: str) -> None:
        """Pass on what another process tells, if it is a whisper."""
        if word.startswith(_WORD):
            # Another version's process may know other kinds of them.
            with suppress(TypeError, ValueError):
                self._give(Whisper(*json.loads(word.removeprefix(_WORD))))

    def is_news(self, what: str) -> bool:
        """Say whether this was not asked in the last second: who types says so at every key."""
        now = asyncio.get_running_loop().time()
        if now - self._lately.get(what, -SPACING) < SPACING:
            return False
        self._lately[what] = now
        self._lately.move_to_end(what)
        while len(self._lately) > REMEMBERED:
            self._lately.popitem(last=False)
        return True

    def _give(self, whisper: Whisper) -> None:
        for hear in tuple(self._listening.get(whisper.to, ())):
            hear(whisper)
