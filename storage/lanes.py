"""Lanes: what must stay in order, claimed by one worker at a time with a lease and a token."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlmodel import Session

from storage import adapter_memory
from storage.jobs import GLANCE, Terms, on_terms
from storage.models import Lane, LaneKind
from storage.rows import execute_all, find_all
from storage.upsert import insert_for, table_of

_lane = table_of(Lane)


CLAIM = Terms(fresh=True, lasting=False, facts=False, sends=False)
"""One statement, right by itself; a claim that a dying server forgets is made again."""


class Fenced(Exception):
    """Another worker has this lane now; what was done must not be stored."""


def bump(session: Session, kind: LaneKind, key: str, inbox: str, now: datetime) -> int:
    """Return the next sequence of a lane and mark it ready; part of the caller's transaction."""
    _, last, _ = bump_on(session.connection(), kind, key, inbox, now)
    return last


def bump_on(
    connection: Connection, kind: LaneKind, key: str, inbox: str, now: datetime
) -> tuple[str | None, int, int]:
    """Do what `bump` does, without a session; return whose the lane is, its last and what is done.

    Nobody else changes it until the transaction ends.
    """
    given = {"b_kind": kind, "b_key": key, "b_inbox": inbox, "b_now": now}
    ((token, last, done),) = find_all(connection, _bump(connection.dialect.name), given)
    return token, last, done


@on_terms(CLAIM)
def claim(
    session: Session,
    kind: LaneKind,
    token: str,
    now: datetime,
    lease: timedelta,
    *,
    limit: int = 16,
) -> list[str]:
    """Lease up to `limit` ready lanes to `token`."""
    return claim_on(session.connection(), kind, token, now, lease, limit=limit)


@on_terms(CLAIM)
def claim_on(
    connection: Connection,
    kind: LaneKind,
    token: str,
    now: datetime,
    lease: timedelta,
    *,
    limit: int = 16,
) -> list[str]:
    """Do what `claim` does, without a session."""
    given = {
        "b_kind": kind, "b_now": now, "b_until": now + lease, "b_token": token, "b_limit": limit,
    }  # fmt: skip
    return sorted(key for (key,) in find_all(connection, _CLAIM, given))


def finish(
    session: Session, kind: LaneKind, key: str, token: str, sequence: int, now: datetime
) -> bool:
    """Mark `sequence` done; return whether the lane has more, which the worker still holds.

    Raises:
        Fenced: the lease went to another worker; roll back.
    """
    given = {"b_kind": kind, "b_key": key, "b_token": token, "b_done": sequence, "b_now": now}
    found = find_all(session.connection(), _FINISH, given)
    if not found:
        raise Fenced(f"lane {key}: item {sequence} is no longer ours")
    return bool(found[0][0] > sequence)


def waiting(session: Session, kind: LaneKind, key: str) -> bool:
    """Say whether a lane has something that is not done."""
    statement = select(_lane.c.key).where(
        _lane.c.kind == kind, _lane.c.key == key, _lane.c.last_in > _lane.c.done
    )
    return session.connection().execute(statement).first() is not None


def hold(
    session: Session, kind: LaneKind, key: str, token: str, now: datetime, lease: timedelta
) -> int:
    """Prolong the lease and return how many items of the lane are done.

    Raises:
        Fenced: the lease went to another worker.
    """
    given = {"b_kind": kind, "b_key": key, "b_token": token, "b_until": now + lease}
    found = find_all(session.connection(), _HOLD, given)
    if not found:
        raise Fenced(f"lane {key} is no longer ours")
    return int(found[0][0])


def rest(session: Session, kind: LaneKind, key: str) -> None:
    """Let a lane that is held be idle: it has nothing."""
    execute_all(session.connection(), _REST, [{"b_kind": kind, "b_key": key}])


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


def hasten(session: Session, kind: LaneKind, inbox: str, now: datetime) -> int:
    """Make the lanes of an inbox that wait after a failure ready now; return how many."""
    statement = (
        update(_lane)
        .where(
            _lane.c.kind == kind,
            _lane.c.inbox == inbox,
            _lane.c.attempts > 0,
            _lane.c.ready_at > now,
            _lane.c.token.is_(None),
        )
        .values(ready_at=now)
    )
    return session.connection().execute(statement).rowcount


def free_all(session: Session) -> int:
    """Drop every lease: for the owner of an embedded database when it starts.

    Leases of adapters go too; the number returned is that of the lanes.
    """
    adapter_memory.drop_leases(session)
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


@on_terms(GLANCE)
def none_ready(session: Session, kind: LaneKind, now: datetime) -> bool:
    """Return whether there is nothing to claim: a look that costs no commit."""
    return not find_all(session.connection(), _LOOK, {"b_kind": kind, "b_now": now})


# The hot path's statements are built once: building costs more than running them.
_kind = bindparam("b_kind", type_=_lane.c.kind.type)
_now = bindparam("b_now", type_=_lane.c.ready_at.type)
_done = bindparam("b_done", type_=_lane.c.done.type)
_more = _lane.c.last_in > _done

_HOLD = (
    update(_lane)
    .where(
        _lane.c.kind == _kind,
        _lane.c.key == bindparam("b_key"),
        _lane.c.token == bindparam("b_token"),
    )
    .values(lease_until=bindparam("b_until", type_=_lane.c.lease_until.type))
    .returning(_lane.c.done)
)
_REST = (
    update(_lane)
    .where(_lane.c.kind == _kind, _lane.c.key == bindparam("b_key"))
    .values(ready_at=None, lease_until=None, token=None)
)
_FINISH = (
    update(_lane)
    .where(
        _lane.c.kind == _kind,
        _lane.c.key == bindparam("b_key"),
        _lane.c.token == bindparam("b_token"),
        _lane.c.done == _done - 1,
    )
    .values(
        done=_done,
        attempts=0,
        ready_at=case((_more, _now), else_=None),
        lease_until=case((_more, _lane.c.lease_until), else_=None),
        token=case((_more, _lane.c.token), else_=None),
    )
    .returning(_lane.c.last_in)
)
_claimable = select(_lane.c.key).where(
    _lane.c.kind == _kind,
    _lane.c.ready_at <= _now,
    or_(_lane.c.lease_until.is_(None), _lane.c.lease_until < _now),
)
_LOOK = _claimable.limit(1)
# A common table expression: as a mere subquery it may be run, and lock, more than once.
_ready = (
    _claimable.order_by(_lane.c.ready_at, _lane.c.key)
    .limit(bindparam("b_limit", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("ready")
)
_CLAIM = (
    update(_lane)
    .where(_lane.c.kind == _kind, _lane.c.key.in_(select(_ready.c.key)))
    .values(
        lease_until=bindparam("b_until", type_=_lane.c.lease_until.type),
        token=bindparam("b_token"),
    )
    .returning(_lane.c.key)
)


@cache
def _bump(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    statement = insert_for(dialect, Lane).values(
        kind=_kind,
        key=bindparam("b_key"),
        inbox=bindparam("b_inbox"),
        last_in=1,
        done=0,
        ready_at=_now,
        attempts=0,
    )
    return statement.on_conflict_do_update(
        index_elements=[_lane.c.kind, _lane.c.key],
        set_={
            "last_in": _lane.c.last_in + 1,
            "ready_at": func.coalesce(_lane.c.ready_at, statement.excluded.ready_at),
        },
    ).returning(_lane.c.token, _lane.c.last_in, _lane.c.done)
