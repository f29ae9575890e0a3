"""What a rate permits, in whole microseconds: the arithmetic of `paces`."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from channels.base import Rate

EPOCH, TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def ticks(moment: datetime) -> int:
    """Return a moment as a number."""
    return (moment - EPOCH) // TICK


def cost_of(messages: int, rate: Rate) -> int:
    """Return for how long so many messages use a rate."""
    return math.ceil(messages / rate.per_second * 1_000_000)


def parts_of(messages: int, rate: Rate, now: datetime) -> dict[str, int]:
    """Return what taking so many messages says of the rate: from when, what, and at the latest."""
    at = ticks(now)
    return {"b_at": at, "b_cost": cost_of(messages, rate), "b_latest": at + _spare(messages, rate)}


def when_again(taken_until: int, blocked: datetime | None, messages: int, rate: Rate) -> datetime:
    """Return when a rate of which so much is taken has so many messages."""
    moment: datetime = EPOCH + (taken_until - _spare(messages, rate)) * TICK
    return max(moment, blocked or moment)


def _spare(messages: int, rate: Rate) -> int:
    return cost_of(max(0, rate.burst - messages), rate)
