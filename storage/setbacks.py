"""What is to be done when the clock was set back: else all that waits would wait as much longer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Interval,
    Table,
    func,
    literal,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session

from storage import adapter_memory
from storage.models import (
    AdapterMemory,
    Agent,
    Conversation,
    Delivery,
    InboundEvent,
    Lane,
    MediaFile,
    Pace,
    PassiveSlot,
    Timer,
)
from storage.rates import EPOCH, TICK
from storage.upsert import table_of

OURS = ""
"""The name among the inboxes under which is kept what concerns no inbox."""
NOTED, NOTED_FOR = "clock", timedelta(seconds=10)
"""Under which key one process keeps the others from doing the same once more, and how long."""
NEAR = timedelta(seconds=60)
"""How far from a server's clock ours may be if ours is the one that is right now."""
_WRITTEN = "%Y-%m-%d %H:%M:%f"
"""How SQLite is to write a moment, but for its three last digits."""

_lane, _pace, _timer = table_of(Lane), table_of(Pace), table_of(Timer)
_memory = table_of(AdapterMemory)
_WORK: tuple[Column[Any], ...] = (
    _lane.c.ready_at,
    _lane.c.lease_until,
    _pace.c.blocked_until,
    _pace.c.held_until,
    table_of(MediaFile).c.next_at,
    table_of(PassiveSlot).c.until,
)
"""What would stand still, a moment each."""
_TERMS: tuple[Column[Any], ...] = (
    table_of(Agent).c.locked_until,
    table_of(Conversation).c.reply_until,
)
"""What would last too long."""


def bring_forward(
    session: Session, by: timedelta, now: datetime, kept: Collection[str] = ()
) -> int | None:
    """Let all that was to come after some time come after that time, now that it is `by` earlier.

    Timers of the `kept` kinds keep their hour: people gave it. Returns how many moments were
    moved, None if another process has done so, or if it is our own clock that is wrong: a server
    of databases has one as well.
    """
    if _is_wrong(session, now) or not _first(session, now):
        return None
    terms = (*_WORK, *_TERMS)
    moved = sum(_move(session, column, by, now) for column in terms)
    moved += _move(session, _memory.c.expires_at, by, now, _memory.c.inbox != OURS)
    moved += _move(
        session, _timer.c.due_at, by, now, _timer.c.done_at.is_(None), _timer.c.kind.not_in(kept)
    )
    return moved + _move_taken(session, by, now)


def hurry(session: Session, now: datetime) -> int:
    """Let nothing stand still: for the owner of an embedded database whose clock went back.

    How far it went nobody can tell any more, so what waits is tried at once. Returns how many
    moments were moved.
    """
    ages = timedelta(days=36_500)
    return sum(_move(session, column, ages, now) for column in _WORK) + _move_taken(
        session, ages, now
    )


def latest(session: Session) -> datetime | None:
    """Return the latest moment at which something came in or was to go out."""
    found = [
        session.connection().execute(select(at).order_by(key.desc()).limit(1)).scalar()
        for key, at in (
            (table_of(InboundEvent).c.id, table_of(InboundEvent).c.received_at),
            (table_of(Delivery).c.id, table_of(Delivery).c.created_at),
        )
    ]
    return max((at for at in found if at is not None), default=None)


def _is_wrong(session: Session, now: datetime) -> bool:
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return False
    there: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return abs(there - now) > NEAR


def _first(session: Session, now: datetime) -> bool:
    return adapter_memory.swap(session, OURS, NOTED, None, NOTED, now + NOTED_FOR, now)


def _move(
    session: Session,
    column: Column[Any],
    by: timedelta,
    now: datetime,
    *which: ColumnElement[bool],
) -> int:
    """Move a column's moments that lie ahead, each no farther than to this one."""
    table, connection = column.table, session.connection()
    assert isinstance(table, Table)  # noqa: S101 - it is one of those above
    earlier: ColumnElement[Any]
    if connection.dialect.name == "sqlite":
        back = f"-{by.total_seconds():.3f} seconds"
        earlier = func.strftime(_WRITTEN, column, back).concat("000")
    else:
        earlier = type_coerce(column, DateTime(timezone=True)) - literal(by, Interval)
    moved = _later_of(session)(earlier, literal(now, column.type), type_=column.type)
    change = update(table).where(column > now, *which).values({column: moved})
    return connection.execute(change).rowcount


def _move_taken(session: Session, by: timedelta, now: datetime) -> int:
    taken, until = _pace.c.taken_until, (now - EPOCH) // TICK
    moved = _later_of(session)(taken - by // TICK, until)
    change = update(_pace).where(taken > until).values(taken_until=moved)
    return session.connection().execute(change).rowcount


def _later_of(session: Session) -> Any:  # noqa: ANN401 - SQLAlchemy builds it of any name
    is_sqlite = session.connection().dialect.name == "sqlite"
    return func.max if is_sqlite else func.greatest
