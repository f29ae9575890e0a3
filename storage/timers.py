"""Timers: rows with a unique key, fired once by whoever ticks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from storage.models import Timer
from storage.upsert import insert, table_of

Effect = Callable[[Session, Timer, datetime], None]
BATCH = 200
AGAIN = timedelta(minutes=1)
"""After how long a timer is tried again whose effect broke."""
_timer = table_of(Timer)


@dataclass(frozen=True, slots=True)
class Fired:
    """How many timers fired, and which broke with what kind of error."""

    done: int
    broken: Mapping[str, str]


def add(
    session: Session, key: str, kind: str, due_at: datetime, payload: Mapping[str, Any]
) -> bool:
    """Set a timer; return False when one with this key is there, fired or not."""
    statement = (
        insert(session, Timer)
        .values(key=key, kind=kind, due_at=due_at, payload=dict(payload))
        .on_conflict_do_nothing(index_elements=[_timer.c.key])
        .returning(_timer.c.key)
    )
    return session.connection().execute(statement).first() is not None


def any_due(session: Session, now: datetime) -> bool:
    """Return whether a timer is due: a look that costs no commit."""
    due = select(Timer.key).where(col(Timer.done_at).is_(None), col(Timer.due_at) <= now)
    return session.exec(due.limit(1)).first() is not None


def fire(session: Session, effects: Mapping[str, Effect], now: datetime) -> Fired:
    """Fire what is due; a timer is done only together with its effect.

    One whose effect breaks is taken back alone, and comes again later.
    """
    due = (
        select(Timer)
        .where(col(Timer.done_at).is_(None), col(Timer.due_at) <= now)
        .order_by(col(Timer.due_at))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    broken: dict[str, str] = {}
    timers = list(session.exec(due))
    for timer in timers:
        key = timer.key
        try:
            with session.begin_nested():
                timer.done_at = now
                session.add(timer)
                effects[timer.kind](session, timer, now)
        except Exception as problem:  # noqa: BLE001 - the caller is told
            broken[key] = type(problem).__name__
            session.get_one(Timer, key).due_at = now + AGAIN
    return Fired(len(timers) - len(broken), broken)
