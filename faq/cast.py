"""Plays a change beforehand: who answers before and after it, and the questions asked of both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from faq.ahead import Ahead
from faq.edits import Edit, is_over, valid
from faq.knowledge import KnowledgeBase
from faq.matcher import Entry, Matcher
from faq.modes import ModeMatcher
from faq.replay import Asked, Example, Failure, Replay, check, replay
from faq.script import Script
from faq.shortcut import Known, Recalled, Spared

AT_ONCE = 32
"""How many questions are encoded together."""
BREATH = 0.0005
"""Seconds that a replay leaves to customers after each question."""


class Stopped(Exception):
    """The process ends; whoever wants to know begins anew."""


class Progress:
    """How far a replay is, counted by its thread and told by the loop."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self.done = self.total = 0

    def check(self) -> None:
        """Give up where the process ends.

        Raises:
            Stopped: it does.
        """
        if self._is_over():
            raise Stopped

    def step(self, _done: int = 0) -> None:
        """Count one more, and let customers be answered in between."""
        self.check()
        self.done += 1
        time.sleep(BREATH)


@dataclass(frozen=True, slots=True)
class Cast:
    """The matchers of before and after; `changed` are the entries that stand beside one index.

    It is None where the change is too large for that, so that `after` has an index of its own.
    """

    before: ModeMatcher
    after: ModeMatcher
    changed: Sequence[Entry] | None


async def casting(
    base: KnowledgeBase, live: Sequence[Entry], drafted: Sequence[Entry], now: datetime
) -> Cast:
    """Return who answers now, and who will when the drafts are live, as the base will do it."""
    before = base.matcher
    if before is None or not await asyncio.to_thread(is_over, before, valid(live, now)):
        before = await base.build(live)
    edit = await asyncio.to_thread(Edit.between, before.entries, valid(drafted, now))
    if not edit.fits(before):
        return Cast(before, await base.build(drafted), None)
    return Cast(before, await asyncio.to_thread(edit.applied, before), edit.entries)


def play(
    cast: Cast, script: Script, memory: MutableMapping[str, Known], progress: Progress
) -> tuple[Replay, list[Failure]]:
    """Ask before and after everything that a script holds; `memory` is of what `before` decided.

    Raises:
        Stopped: the process ends.
    """
    ahead = None
    if cast.before.encoder is not None:
        ahead = Ahead(cast.before.encoder, cast.before.query_chars)
        cast = Cast(cast.before.foreseeing(ahead), cast.after.foreseeing(ahead), cast.changed)
    before = Recalled(cast.before, memory)
    after: Matcher = cast.after
    if cast.changed is not None:
        after = Spared(before, cast.after, cast.changed)
    found = replay(before, after, _ahead(script.questions, ahead), progress.step)
    return found, check(before, after, _ahead(script.examples, ahead), progress.step)


async def casting_one(base: KnowledgeBase, entry: Entry) -> Cast:
    """Return who answers now, and who would if one entry were as it is given."""
    before = base.matcher
    if before is None:
        before = await base.build(())
    former = base.entry(entry.id)
    edit = Edit((entry,), frozenset(), () if former is None else (former,))
    if edit.fits(before):
        return Cast(before, await asyncio.to_thread(edit.applied, before), edit.entries)
    others = (each for each in base.entries() if each.id != entry.id)
    return Cast(before, await base.build((*others, entry)), None)


_Said = TypeVar("_Said", Asked, Example)


def _ahead(known: Sequence[_Said], ahead: Ahead | None) -> Iterator[_Said]:
    """Return all of them, each made ready for in time."""
    for start in range(0, len(known), AT_ONCE):
        some = known[start : start + AT_ONCE]
        if ahead is not None:
            ahead.prepare([one.text for one in some])
        yield from some
