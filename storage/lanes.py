"""Lanes: what must stay in order, claimed by one worker at a time with a lease and a token."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, case, func, or_, select, update
from sqlmodel import Session

from storage.models import Lane, LaneKind
from storage.upsert import insert, table_of

_lane = table_of(Lane)


class Fenced(Exception):
    """Another worker has this lane now; what was done must not be stored."""


def bump(session: Session, kind: LaneKind, key: str, inbox: str, now: datetime) -> int:
    """Return the next sequence of a lane and mark it ready; part of the caller's transaction."""
    statement = insert(session, Lane).values(
        kind=kind, key=key, inbox=inbox, last_in=1, done=0, ready_at=now, attempts=0
    )
    statement = statement.on_conflict_do_update(
        index_elements=[_lane.c.kind, _lane.c.key],
        set_={
            "last_in": _lane.c.last_in + 1,
            "ready_at": func.coalesce(_lane.c.ready_at, statement.excluded.ready_at),
        },
    ).returning(_lane.c.last_in)
    sequence: int = session.connection().execute(statement).scalar_one()
    return sequence


def claim(
    session: Session,
    kind: LaneKind,
    token: str,
    now: datetime,
    lease: timedelta,
    *,
    limit: int = 16,
    only: Collection[str] | None = None,
) -> list[str]:
    """Lease up to `limit` ready lanes to `token`, of the inboxes in `only` if given."""
    ready = (
        _claimable(kind, now, only)
        .order_by(_lane.c.ready_at, _lane.c.key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(_lane)
        .where(_lane.c.kind == kind, _lane.c.key.in_(ready.scalar_subquery()))
        .values(lease_until=now + lease, token=token)
        .returning(_lane.c.key)
    )
    return sorted(session.connection().execute(statement).scalars())


def finish(
    session: Session, kind: LaneKind, key: str, token: str, sequence: int, now: datetime
) -> bool:
    """Mark `sequence` done; return whether the lane has more, which the worker still holds.

    Raises:
        Fenced: the lease went to another worker; roll back.
    """
    more = _lane.c.last_in > sequence
    statement = (
        update(_lane)
        .where(
            _lane.c.kind == kind,
            _lane.c.key == key,
            _lane.c.token == token,
            _lane.c.done == sequence - 1,
        )
        .values(
            done=sequence,
            attempts=0,
            ready_at=case((more, now), else_=None),
            lease_until=case((more, _lane.c.lease_until), else_=None),
            token=case((more, _lane.c.token), else_=None),
        )
        .returning(_lane.c.last_in)
    )
    last_in: int | None = session.connection().execute(statement).scalar_one_or_none()
    if last_in is None:
        raise Fenced(f"lane {key}: item {sequence} is no longer ours")
    return last_in > sequence


def hold(
    session: Session, kind: LaneKind, key: str, token: str, now: datetime, lease: timedelta
) -> Lane:
    """Prolong the lease and return the lane.

    Raises:
        Fenced: the lease went to another worker.
    """
    lane = session.get(Lane, (kind, key))
    if lane is None or lane.token != token:
        raise Fenced(f"lane {key} is no longer ours")
    lane.lease_until = now + lease
    return lane


def postpone(
    session: Session, kind: LaneKind, key: str, token: str, until: datetime, *, failed: bool
) -> int:
    """Give the lane back until `until`; return how often its next item has failed by now.

    Raises:
        Fenced: the lease went to another worker.
    """
    statement = (
        update(_lane)
        .where(_lane.c.kind == kind, _lane.c.key == key, _lane.c.token == token)
        .values(
            ready_at=until,
            lease_until=None,
            token=None,
            attempts=_lane.c.attempts + (1 if failed else 0),
        )
        .returning(_lane.c.attempts)
    )
    attempts: int | None = session.connection().execute(statement).scalar_one_or_none()
    if attempts is None:
        raise Fenced(f"lane {key} is no longer ours")
    return attempts


def free_all(session: Session) -> int:
    """Drop every lease: for the owner of an embedded database when it starts."""
    statement = update(_lane).where(_lane.c.token.is_not(None)).values(lease_until=None, token=None)
    return session.connection().execute(statement).rowcount


def next_ready(session: Session, kind: LaneKind) -> datetime | None:
    """Return when the next lane of this kind becomes ready or its lease runs out."""
    leased = _lane.c.lease_until > _lane.c.ready_at
    when = case((leased, _lane.c.lease_until), else_=_lane.c.ready_at)
    statement = select(func.min(when)).where(_lane.c.kind == kind, _lane.c.ready_at.is_not(None))
    found: datetime | None = session.connection().execute(statement).scalar_one_or_none()
    return found


def backlog(session: Session, kind: LaneKind) -> tuple[int, datetime | None]:
    """Return how many items wait, and since when the oldest ready lane does."""
    statement = select(func.sum(_lane.c.last_in - _lane.c.done), func.min(_lane.c.ready_at)).where(
        _lane.c.kind == kind, _lane.c.ready_at.is_not(None)
    )
    waiting, oldest = session.connection().execute(statement).one()
    return int(waiting or 0), oldest


def none_ready(
    session: Session, kind: LaneKind, now: datetime, only: Collection[str] | None = None
) -> bool:
    """Return whether there is nothing to claim: a look that costs no commit."""
    return session.connection().execute(_claimable(kind, now, only).limit(1)).first() is None


def _claimable(kind: LaneKind, now: datetime, only: Collection[str] | None) -> Select[tuple[str]]:
    statement = select(_lane.c.key).where(
        _lane.c.kind == kind,
        _lane.c.ready_at <= now,
        or_(_lane.c.lease_until.is_(None), _lane.c.lease_until < now),
    )
    return statement if only is None else statement.where(_lane.c.inbox.in_(list(only)))
