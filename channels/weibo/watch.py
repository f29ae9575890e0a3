"""Asking what was said in public: every item once, in order, and no more calls than there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from channels.base import Clock, Quarantined, Reception
from channels.errors import ChannelError
from channels.message import IncomingMessage, clean
from channels.weibo import comments
from channels.weibo.comments import Place
from channels.weibo.parse import Unreadable

log = structlog.get_logger(__name__)

PAGE = 50
"""Items asked for at a time."""
NEARLY = 40
"""A page with so many is taken for full: the platform leaves out what was deleted meanwhile."""
MOST_PAGES = 10
"""How many pages of one place are read in one round; what is older waits for the next one."""
LOOKS_BACK = timedelta(minutes=10)
"""How old an item may be that is taken in the first round: nobody wants yesterday's answered."""
TOGETHER = 50
"""Messages that are stored at once."""

Ask = Callable[[Place, int, int], Awaitable[Sequence[object]]]
"""Returns the newest page of (place, numbers above, numbers up to; 0: no end)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a place is read: all up to `since`, and when a round broke off, all from `upto` on.

    `top` is the newest of what that round has read already.
    """

    since: int = 0
    upto: int = 0
    top: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a round brought of one place, the mark after it, and why it broke off."""

    items: Sequence[object]
    mark: Mark
    problem: ChannelError | None = None


class Watcher:
    """Reads what was said to one account in public; the cursor holds the marks of all places."""

    def __init__(self, inbox: str, own: str, ask: Ask, clock: Clock) -> None:
        self._inbox, self._own, self._ask, self._clock = inbox, own, ask, clock

    async def sweep(
        self, cursor: str | None, places: Sequence[Place]
    ) -> AsyncGenerator[tuple[str, Reception], None]:
        """Yield what is new in each place, with the cursor after it, and the cursor at the end.

        Raises:
            ChannelError: the platform gives no more now; what was yielded stays read.
        """
        marks = _load(cursor)
        for place in places:
            first = place not in marks
            found = await self._walk(place, marks.get(place, Mark()), first=first)
            before = _dump(marks)
            marks[place] = found.mark
            *most, last = list(self._receptions(place, found.items, first=first)) or [Reception()]
            for reception in most:
                yield before, reception
            yield _dump(marks), last
            if found.problem is not None:
                log.info("reading broke off", inbox=self._inbox, place=place)
                raise found.problem

    async def _walk(self, place: Place, mark: Mark, *, first: bool) -> Found:
        items: list[object] = []
        for _ in range(1 if first else MOST_PAGES):
            try:
                page = await self._ask(place, mark.since, mark.upto)
            except ChannelError as problem:
                if not items:
                    raise
                return Found(items, mark, problem)
            items += page
            numbers = [number for one in page if (number := comments.number_of(one))]
            mark = replace(mark, top=max(mark.top, *numbers, mark.since))
            lowest = min(numbers, default=0)
            if len(page) < NEARLY or lowest <= mark.since + 1:
                return Found(items, Mark(since=mark.top))
            mark = replace(mark, upto=lowest - 1)
        return Found(items, Mark(since=mark.top) if first else mark)

    def _receptions(
        self, place: Place, items: Sequence[object], *, first: bool
    ) -> Iterator[Reception]:
        heard: list[IncomingMessage] = []
        odd: list[Quarantined] = []
        for item in sorted(items, key=lambda one: comments.number_of(one) or 0):
            try:
                message = comments.read(self._inbox, self._own, place, item)
            except Unreadable as error:
                odd.append(_quarantined(item, f"{place}: {error}"))
            else:
                if message is not None:
                    heard.append(message)
        if first:
            heard = [one for one in heard if one.sent_at >= self._clock() - LOOKS_BACK]
        if odd:
            yield Reception(quarantined=tuple(odd))
        for start in range(0, len(heard), TOGETHER):
            yield Reception(messages=tuple(heard[start : start + TOGETHER]))


def _quarantined(item: object, reason: str) -> Quarantined:
    raw = json.dumps(item, ensure_ascii=False)
    key = hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return Quarantined(f"unread:{key}", reason, str(clean(raw)))


def _load(cursor: str | None) -> dict[str, Mark]:
    found: Mapping[str, Mapping[str, Any]] = json.loads(cursor) if cursor else {}
    return {place: Mark(**mark) for place, mark in found.items()}


def _dump(marks: Mapping[str, Mark]) -> str:
    return json.dumps({place: asdict(mark) for place, mark in marks.items()})
