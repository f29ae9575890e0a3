"""How many calls are left: Weibo counts them by the hour and by the day, for all that we do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone

from channels.base import Clock, Memory
from channels.errors import RateLimited, Unavailable

KEY = "calls"
"""Under which key of the memory the calls are counted."""
BEIJING = timezone(timedelta(hours=8))
"""Whose hours and days the platform counts."""
ASKING = 0.75
"""The part of the calls that asking may use: what is asked for is there to be answered."""
TRIES = 20
"""How often a count is tried again that another process changed meanwhile."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORTEST = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls an hour and a day, and how many of those in an hour may be comments of ours."""

    an_hour: int
    a_day: int
    comments_an_hour: int


@dataclass(frozen=True, slots=True)
class _Count:
    """What was used of the hour and of the day that are running."""

    hour: str
    day: str
    in_hour: int = 0
    in_day: int = 0
    comments: int = 0


class Quota:
    """Counts the calls of one account, of all processes together."""

    def __init__(self, memory: Memory, clock: Clock, limits: Limits) -> None:
        self._memory, self._clock, self._limits = memory, clock, limits

    async def ask(self) -> None:
        """Count one question.

        Raises:
            RateLimited: what is left of the hour or the day is for answers.
        """
        await self._use()

    async def comment(self, count: int) -> None:
        """Count `count` comments of ours, all or none.

        Raises:
            RateLimited: too few are left of the hour or the day.
        """
        await self._use(count)

    async def _use(self, comments: int = 0) -> None:
        calls = comments or 1
        for _ in range(TRIES):
            old, now = await self._memory.get(KEY), self._clock().astimezone(BEIJING)
            count = _running(old, now)
            self._allow(count, now, calls, comments)
            used = replace(
                count,
                in_hour=count.in_hour + calls,
                in_day=count.in_day + calls,
                comments=count.comments + comments,
            )
            if await self._memory.swap(KEY, old, json.dumps(asdict(used))):
                return
        raise Unavailable("the calls of this account cannot be counted now")

    def _allow(self, used: _Count, now: datetime, calls: int, comments: int) -> None:
        limits, share = self._limits, 1.0 if comments else ASKING
        hour = now.replace(minute=0, second=0, microsecond=0)
        if used.in_day + calls > max(1, int(limits.a_day * share)):
            raise RateLimited(_until(hour.replace(hour=0) + DAY, now), here=True)
        too_many = comments and used.comments + comments > limits.comments_an_hour
        if too_many or used.in_hour + calls > max(1, int(limits.an_hour * share)):
            raise RateLimited(_until(hour + HOUR, now), here=True)


def pause(limits: Limits, places: int, shortest: float) -> float:
    """Return the seconds between two rounds of `places` questions that spend the quota evenly."""
    hourly, daily = limits.an_hour * ASKING, limits.a_day * ASKING
    return max(
        shortest,
        places * HOUR.total_seconds() / hourly,
        places * DAY.total_seconds() / daily,
    )


def _running(stored: str | None, now: datetime) -> _Count:
    hour, day = f"{now:%Y-%m-%dT%H}", f"{now:%Y-%m-%d}"
    found = json.loads(stored) if stored else {}
    same_hour, same_day = found.get("hour") == hour, found.get("day") == day
    return _Count(
        hour,
        day,
        found["in_hour"] if same_hour else 0,
        found["in_day"] if same_day else 0,
        found["comments"] if same_hour else 0,
    )


def _until(end: datetime, now: datetime) -> float:
    return max((end - now).total_seconds(), SHORTEST)
