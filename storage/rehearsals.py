"""Drafts tried out before they are published: who works on it, how far it is, what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from storage import thresholds
from storage.articles import current_release, drafts
from storage.kept_tests import kept
from storage.models import Rehearsal
from storage.types import new_id
from storage.upsert import table_of

KEPT = timedelta(days=7)
"""How long a rehearsal is kept: it repeats what customers wrote."""
FRESH = timedelta(days=1)
"""For how long a rehearsal holds: customers ask other things by then."""
SOON = timedelta(minutes=10)
"""For how long what came of trying one entry is shown again to whoever tries just the same."""
ALIVE = timedelta(seconds=30)
"""For how long a rehearsal counts as worked on after its process spoke last."""


def drafts_mark(session: Session, keys: Collection[str]) -> str:
    """Return what changes whenever a draft of these entries does."""
    lines = [
        f"{key} {version.id.hex} {version.created_at.timestamp():.6f} {version.deleted}"
        for key, version in drafts(session, keys).items()
    ]
    return _digest(lines)


def mark(session: Session, keys: Collection[str]) -> str:
    """Return what changes with these drafts, what is live, its thresholds, and the kept tests."""
    tests = [test.id.hex for test in kept(session)]
    live = f"{current_release(session)} {thresholds.version(session)}"
    return _digest([drafts_mark(session, keys), live, *tests])


def _digest(lines: Collection[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def begin(
    session: Session, keys: Collection[str], author_id: UUID | None, now: datetime
) -> tuple[Rehearsal, bool]:
    """Return a rehearsal of these drafts, and whether it is new and must be worked on.

    One of just the same that goes on is not begun again.
    """
    wanted = mark(session, keys)
    for former in _former(session, wanted):
        if is_alive(former, now):
            return former, False
    return _made(session, keys, wanted, author_id, now), True


def begin_one(
    session: Session, what: str, author_id: UUID | None, now: datetime
) -> tuple[Rehearsal, bool]:
    """Return a rehearsal of something that is no draft, and whether it is new.

    It is described by `what`. One of just the same is not begun again, nor soon after its end.
    """
    wanted = _digest([what, f"{current_release(session)} {thresholds.version(session)}"])
    for former in _former(session, wanted):
        if is_alive(former, now) or (former.result is not None and now - former.at < SOON):
            return former, False
    return _made(session, (), wanted, author_id, now), True


def _former(session: Session, wanted: str) -> Iterable[Rehearsal]:
    query = select(Rehearsal).where(Rehearsal.mark == wanted)
    return session.exec(query.order_by(col(Rehearsal.at).desc(), col(Rehearsal.id)))


def _made(
    session: Session, keys: Collection[str], wanted: str, author_id: UUID | None, now: datetime
) -> Rehearsal:
    made = Rehearsal(
        id=new_id(), keys=sorted(keys), mark=wanted, author_id=author_id, at=now, seen_at=now
    )
    session.add(made)
    session.flush()
    return made


def get(session: Session, rehearsal_id: UUID) -> Rehearsal | None:
    """Return one, None if it is not there or not there any more."""
    return session.get(Rehearsal, rehearsal_id)


def is_alive(rehearsal: Rehearsal, now: datetime) -> bool:
    """Say whether somebody works on it."""
    unfinished = rehearsal.result is None and rehearsal.problem is None
    return unfinished and now - rehearsal.seen_at < ALIVE


def go_on(session: Session, rehearsal_id: UUID, done: int, total: int, now: datetime) -> None:
    """Tell how far it is."""
    _set(session, rehearsal_id, done=done, total=total, seen_at=now)


def finish(session: Session, rehearsal_id: UUID, result: dict[str, Any], now: datetime) -> None:
    """Store what came of it."""
    _set(session, rehearsal_id, result=result, seen_at=now)


def fail(session: Session, rehearsal_id: UUID, problem: str, now: datetime) -> None:
    """Store that nothing came of it, and the kind of error."""
    _set(session, rehearsal_id, problem=problem, seen_at=now)


def _set(session: Session, rehearsal_id: UUID, **values: object) -> None:
    rehearsal = table_of(Rehearsal)
    statement = update(rehearsal).where(rehearsal.c.id == rehearsal_id).values(**values)
    session.connection().execute(statement)
