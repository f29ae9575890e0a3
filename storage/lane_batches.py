"""Lanes by the dozen: what each message costs, for many at once, in the order of their keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from storage.among import among
from storage.lanes import bump_on
from storage.models import Lane, LaneKind
from storage.rows import execute_all, find_all
from storage.trips import store_all
from storage.upsert import insert_for, table_of

_lane = table_of(Lane)


@dataclass(frozen=True, slots=True)
class Held:
    """A lane as it stands: whose it is, what came in last, and what is done."""

    token: str | None
    last_in: int
    done: int


def bump_all(
    connection: Connection, kind: LaneKind, more: Mapping[tuple[str, str], int], now: datetime
) -> dict[str, Held]:
    """Do for many lanes what `lanes.bump` does for one; return how each stands now, by key.

    `more` is how many come in, by inbox and key.
    """
    rows = [
        {
            "kind": kind,
            "key": key,
            "inbox": inbox,
            "last_in": count,
            "done": 0,
            "ready_at": now,
            "attempts": 0,
        }
        for (inbox, key), count in sorted(more.items(), key=lambda item: item[0][1])
    ]
    if not rows:
        return {}
    if sum(more.values()) == 1:
        (((inbox, key), _),) = more.items()
        return {key: Held(*bump_on(connection, kind, key, inbox, now))}
    statement = _bump_all(connection.dialect.name)
    if connection.dialect.name == "postgresql":
        found = store_all(connection, statement, rows)
        return {key: Held(token, last_in, done) for key, token, last_in, done in found}
    execute_all(connection, statement, rows)
    return held(connection, kind, [key for _, key in more])


def held(connection: Connection, kind: LaneKind, keys: Collection[str]) -> dict[str, Held]:
    """Lock lanes until the transaction ends; return how they stand, by key."""
    if not keys:
        return {}
    found = find_all(connection, _HELD, {"b_kind": kind, "b_keys": sorted(keys)})
    return {key: Held(token, last_in, done) for key, token, last_in, done in found}


def lease_idle(
    connection: Connection,
    kind: LaneKind,
    keys: Collection[str],
    token: str,
    until: datetime,
) -> dict[str, int]:
    """Lease those of these lanes in which one item waits and nothing else; return its sequence."""
    given = {"b_kind": kind, "b_keys": sorted(keys), "b_token": token, "b_until": until}
    found: dict[str, int] = dict(map(tuple, find_all(connection, _LEASE, given)))
    return found


def finish_all(
    connection: Connection, kind: LaneKind, done: Mapping[str, int], now: datetime
) -> None:
    """Mark so many next items of each of these lanes done; they must have been `held` just now."""
    for count in sorted(set(done.values())):
        keys = sorted(key for key, items in done.items() if items == count)
        given = {"b_kind": kind, "b_keys": keys, "b_now": now, "b_count": count}
        execute_all(connection, _FINISH, [given])


def postpone_all(
    connection: Connection, kind: LaneKind, until: Mapping[str, datetime], token: str
) -> None:
    """Give lanes that `token` holds back until then, as they are."""
    rows = [
        {"b_kind": kind, "b_key": key, "b_token": token, "b_until": moment}
        for key, moment in sorted(until.items())
    ]
    execute_all(connection, _POSTPONE, rows)


_kind = bindparam("b_kind", type_=_lane.c.kind.type)
_now = bindparam("b_now", type_=_lane.c.ready_at.type)
_among = among(_lane.c.key, "b_keys")
_done = _lane.c.done + bindparam("b_count", type_=_lane.c.done.type)
_more = _lane.c.last_in > _done

_STANDING = (_lane.c.key, _lane.c.token, _lane.c.last_in, _lane.c.done)
_HELD = (
    select(*_STANDING).where(_lane.c.kind == _kind, _among).order_by(_lane.c.key).with_for_update()
)
_LEASE = (
    update(_lane)
    .where(
        _lane.c.kind == _kind,
        _among,
        _lane.c.token.is_(None),
        _lane.c.last_in == _lane.c.done + 1,
        _lane.c.attempts == 0,
    )
    .values(
        token=bindparam("b_token", type_=_lane.c.token.type),
        lease_until=bindparam("b_until", type_=_lane.c.lease_until.type),
    )
    .returning(_lane.c.key, _lane.c.last_in)
)
_FINISH = (
    update(_lane)
    .where(_lane.c.kind == _kind, _among)
    .values(
        done=_done,
        attempts=0,
        ready_at=case((_more, _now), else_=None),
        lease_until=case((_more, _lane.c.lease_until), else_=None),
        token=case((_more, _lane.c.token), else_=None),
    )
)
_POSTPONE = (
    update(_lane)
    .where(
        _lane.c.kind == _kind,
        _lane.c.key == bindparam("b_key"),
        _lane.c.token == bindparam("b_token"),
    )
    .values(
        ready_at=bindparam("b_until", type_=_lane.c.ready_at.type), lease_until=None, token=None
    )
)


@cache
def _bump_all(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    columns = ("kind", "key", "inbox", "last_in", "done", "ready_at", "attempts")
    statement = insert_for(dialect, Lane).values(
        {name: bindparam(name, type_=_lane.c[name].type) for name in columns}
    )
    statement = statement.on_conflict_do_update(
        index_elements=[_lane.c.kind, _lane.c.key],
        set_={
            "last_in": _lane.c.last_in + statement.excluded.last_in,
            "ready_at": func.coalesce(_lane.c.ready_at, statement.excluded.ready_at),
        },
    )
    return statement.returning(*_STANDING) if dialect == "postgresql" else statement.inline()
