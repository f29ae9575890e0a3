"""What time platforms say it is, in the `Date` of their answers: heard by who checks our clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_HEARD: ContextVar[list[datetime] | None] = ContextVar("heard", default=None)


@contextmanager
def listening() -> Iterator[list[datetime]]:
    """Collect the dates of all answers that come to this task and those it starts."""
    heard: list[datetime] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


def hear(date: str | None) -> None:
    """Note the `Date` of an answer, if somebody listens."""
    heard = _HEARD.get()
    if heard is None or not date:
        return
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return
    heard.append(told if told.tzinfo else told.replace(tzinfo=UTC))
