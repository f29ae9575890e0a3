"""Lanes by the dozen: what each message costs, for many at once, in the order of their keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    update,
)

from storage.among import among, each_of
from storage.lanes import bump_on
from storage.models import Lane, LaneKind
from storage.rows import execute_all, find_all
from storage.trips import SQLITE, store_all
from storage.upsert import insert_for, table_of

_lane = table_of(Lane)


@dataclass(frozen=True, slots=True)
class Held:
    """A lane as it stands: whose it is, what came in last, and what is done."""

    token: str | None
    last_in: int
    done: int

    @property
    def waiting(self) -> int:
        """How many items are not done."""
        return self.last_in - self.done


def bump_all(
    connection: Connection, kind: LaneKind, more: Mapping[tuple[str, str], int], now: datetime
) -> dict[str, Held]:
    """Do for many lanes what `lanes.bump` does for one; return how each stands now, by key.

    `more` is how many come in, by inbox and key.
    """
    if sum(more.values()) == 1:
        (((inbox, key), _),) = more.items()
        return {key: Held(*bump_on(connection, kind, key, inbox, now))}
    if connection.dialect.name == SQLITE:
        return _come_in(connection, _bump_some(), kind, more, now)
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
    found = store_all(connection, _bump_all(), rows) if rows else []
    return {key: Held(token, last_in, done) for key, token, last_in, done in found}


def pass_all(
    connection: Connection,
    kind: LaneKind,
    more: Mapping[tuple[str, str], int],
    now: datetime,
    *,
    waits: Collection[str],
) -> dict[str, Held]:
    """Do what `bump_all` does; where nothing stood before what comes in, it is done at once.

    Unless somebody works the lane, or its key is among `waits`.
    """
    if connection.dialect.name == SQLITE:
        behind = {pair: count for pair, count in more.items() if pair[1] in waits}
        through = {pair: count for pair, count in more.items() if pair[1] not in waits}
        return {
            **bump_all(connection, kind, behind, now),
            **_come_in(connection, _pass_some(), kind, through, now),
        }
    lanes = bump_all(connection, kind, more, now)
    free = {
        key: count
        for (_, key), count in more.items()
        if key not in waits and lanes[key].token is None and lanes[key].waiting == count
    }
    finish_all(connection, kind, free, now)
    return lanes | {key: replace(lanes[key], done=lanes[key].last_in) for key in free}


def _come_in(
    connection: Connection,
    statement: Insert,
    kind: LaneKind,
    more: Mapping[tuple[str, str], int],
    now: datetime,
) -> dict[str, Held]:
    """Let items into SQLite's lanes, with one statement for all lanes of an inbox."""
    alike: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for (inbox, key), count in more.items():
        alike[inbox, count].append(key)
    found: dict[str, Held] = {}
    for (inbox, count), keys in alike.items():
        given = {
            "b_kind": kind, "b_keys": sorted(keys), "b_inbox": inbox, "b_count": count, "b_now": now
        }  # fmt: skip
        rows = find_all(connection, statement, given)
        found |= {key: Held(token, last_in, done) for key, token, last_in, done in rows}
    return found


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
_count = bindparam("b_count", type_=_lane.c.done.type)
_done = _lane.c.done + _count
_KEY = (_lane.c.kind, _lane.c.key)
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


_COLUMNS = ("kind", "key", "inbox", "last_in", "done", "ready_at", "attempts")


@cache
def _bump_all() -> Insert:
    """Return how items come into PostgreSQL's lanes, which `store_all` runs for many rows."""
    statement = insert_for("postgresql", Lane).values(
        {name: bindparam(name, type_=_lane.c[name].type) for name in _COLUMNS}
    )
    changes = _come_behind(statement.excluded)
    bumped: Insert = statement.on_conflict_do_update(index_elements=_KEY, set_=changes).returning(
        *_STANDING
    )
    return bumped


@cache
def _bump_some() -> Insert:
    """Return how items come into many of SQLite's lanes, as many into each."""
    statement = _of_keys(done=literal_column("0"), ready_at=_now)
    changes = _come_behind(statement.excluded)
    bumped: Insert = statement.on_conflict_do_update(index_elements=_KEY, set_=changes).returning(
        *_STANDING
    )
    return bumped


@cache
def _pass_some() -> Insert:
    """Return the same for items that go through where nothing stands before them."""
    statement = _of_keys(done=_count, ready_at=null())
    is_free = and_(_lane.c.token.is_(None), _lane.c.done == _lane.c.last_in)
    behind = _come_behind({"last_in": statement.excluded.last_in, "ready_at": _now})
    changes = {
        "last_in": behind["last_in"],
        "done": case((is_free, behind["last_in"]), else_=_lane.c.done),
        "ready_at": case((is_free, null()), else_=behind["ready_at"]),
        "attempts": case((is_free, 0), else_=_lane.c.attempts),
        "lease_until": case((is_free, null()), else_=_lane.c.lease_until),
    }
    passed: Insert = statement.on_conflict_do_update(index_elements=_KEY, set_=changes).returning(
        *_STANDING
    )
    return passed


def _come_behind(new: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
    return {
        "last_in": _lane.c.last_in + new["last_in"],
        "ready_at": func.coalesce(_lane.c.ready_at, new["ready_at"]),
    }


def _of_keys(*, done: ColumnElement[Any], ready_at: ColumnElement[Any]) -> Any:  # noqa: ANN401 - one dialect's class
    """Return an INSERT of a new lane for each of `b_keys`."""
    keys = each_of(SQLITE, "b_keys", _lane.c.key.type)
    rows = select(_kind, keys, bindparam("b_inbox"), _count, done, ready_at, literal_column("0"))
    # Without a condition SQLite takes the ON of what follows for a join's.
    return insert_for(SQLITE, Lane).from_select(_COLUMNS, rows.where(literal_column("true")))
