"""Timers: rows with a unique key, fired once by whoever ticks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from storage.engine import is_given_up, rolled_back
from storage.jobs import GLANCE, on_terms
from storage.models import Timer
from storage.pg_driver import is_overtaken
from storage.records import drafts
from storage.upsert import insert, table_of

Effect = Callable[[Session, Timer, datetime], None]
BATCH = 400
AGAIN = timedelta(minutes=1)
"""After how long a timer is tried again whose effect broke."""
_timer = table_of(Timer)
_NAMES = _timer.columns.keys()


@dataclass(frozen=True, slots=True)
class Fired:
    """How many timers fired, and which broke with what kind of error."""

    done: int
    broken: Mapping[str, str]
    full: bool
    """Whether the batch was full, so that more may be due."""


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


@on_terms(GLANCE)
def any_due(session: Session, now: datetime) -> bool:
    """Return whether a timer is due: a look that costs no commit."""
    return session.connection().execute(_LOOK, {"b_now": now}).first() is not None


def fire(
    session: Session, effects: Mapping[str, Effect], now: datetime, limit: int = BATCH
) -> Fired:
    """Fire up to `limit` of what is due; a timer is done only together with its effect.

    No two processes get the same timer, and none waits for another. An effect that breaks is
    taken back alone, and its timer comes again later. An effect reads the timer it is given, which
    is no part of its session; to change the row is not its business.
    """
    found = session.connection().execute(_CLAIM, {"b_now": now, "b_limit": limit})
    timers = sorted(drafts(Timer, _NAMES, found), key=lambda timer: timer.due_at)
    broken = _cause(session, timers, effects, now)
    if broken:
        again = {"b_later": now + AGAIN, "b_keys": list(broken)}
        session.connection().execute(_AGAIN, again)
    return Fired(len(timers) - len(broken), broken, len(timers) == limit)


def _cause(
    session: Session, timers: Sequence[Timer], effects: Mapping[str, Effect], now: datetime
) -> dict[str, str]:
    """Let timers take effect, all in one step if none breaks; return those that broke."""
    try:
        with session.begin_nested():
            for timer in timers:
                effects[timer.kind](session, timer, now)
    except Exception as problem:
        if rolled_back(session.connection()) or is_given_up(problem) or is_overtaken(problem):
            # It is the whole transaction that failed: what went on here would be stored alone.
            raise
        if len(timers) == 1:
            return {timers[0].key: type(problem).__name__}
        middle = len(timers) // 2
        return _cause(session, timers[:middle], effects, now) | _cause(
            session, timers[middle:], effects, now
        )
    return {}


# Built once: building costs more than running.
_now = bindparam("b_now", type_=_timer.c.due_at.type)
_due = (_timer.c.done_at.is_(None), _timer.c.due_at <= _now)
_LOOK = select(_timer.c.key).where(*_due).limit(1)
_BATCH = (
    select(_timer.c.key)
    .where(*_due)
    .order_by(_timer.c.due_at, _timer.c.key)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True)
    .cte("batch")
)
_CLAIM = (
    update(_timer)
    .where(_timer.c.key.in_(select(_BATCH.c.key)))
    .values(done_at=_now)
    .returning(_timer)
)
_AGAIN = (
    update(_timer)
    .where(_timer.c.key.in_(bindparam("b_keys", expanding=True)))
    .values(done_at=None, due_at=bindparam("b_later", type_=_timer.c.due_at.type))
)
