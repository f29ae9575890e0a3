"""Claims of lanes that lead out: each inbox's share of the senders, never more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    String,
    bindparam,
    column,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlmodel import Session

from storage.jobs import GLANCE, on_terms
from storage.lanes import CLAIM
from storage.models import Lane
from storage.rows import find_all
from storage.upsert import table_of

_lane = table_of(Lane)


@on_terms(CLAIM)
def claim(
    session: Session, token: str, now: datetime, lease: timedelta, rooms: Mapping[str, int]
) -> list[str]:
    """Lease ready outbound lanes to `token`: of each inbox in `rooms` up to its number.

    An inbox with a long queue costs the others nothing: its lanes are not even looked at.
    """
    return claim_on(session.connection(), token, now, lease, rooms)


@on_terms(CLAIM)
def claim_on(
    connection: Connection, token: str, now: datetime, lease: timedelta, rooms: Mapping[str, int]
) -> list[str]:
    """Do what `claim` does, without a session."""
    given = {"b_now": now, "b_until": now + lease, "b_token": token}
    if connection.dialect.name == "postgresql":
        keys = find_all(connection, _CLAIM_EACH, {**given, **_wishes(rooms)})
        return sorted(key for (key,) in keys)
    found: list[str] = []
    for inbox in sorted(rooms):
        asked = {**given, "b_inbox": inbox, "b_limit": rooms[inbox]}
        found += [key for (key,) in find_all(connection, _CLAIM, asked)]
    return sorted(found)


@on_terms(GLANCE)
def none_ready(session: Session, now: datetime, rooms: Mapping[str, int]) -> bool:
    """Return whether these inboxes have nothing to claim: a look that costs no commit."""
    given = {"b_now": now}
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return not find_all(connection, _LOOK_EACH, {**given, **_wishes(dict.fromkeys(rooms, 1))})
    return not any(find_all(connection, _LOOK, {**given, "b_inbox": inbox}) for inbox in rooms)


def _wishes(rooms: Mapping[str, int]) -> dict[str, list[Any]]:
    return {"b_inboxes": list(rooms), "b_most": list(rooms.values())}


_now = bindparam("b_now", type_=_lane.c.ready_at.type)
# Written out and not bound: only so is the index of outbound lanes known to hold the answer.
_waiting = (
    select(_lane.c.key)
    .where(
        _lane.c.kind == literal_column("'out'"),
        _lane.c.ready_at <= _now,
        or_(_lane.c.lease_until.is_(None), _lane.c.lease_until < _now),
    )
    .order_by(_lane.c.ready_at)
)
_ready = _waiting.where(_lane.c.inbox == bindparam("b_inbox"))
_LOOK = _ready.limit(1)
_chosen = (
    _ready.limit(bindparam("b_limit", type_=Integer)).with_for_update(skip_locked=True).cte("ready")
)
# PostgreSQL does it for all inboxes in one statement, still by the index.
_wish = (
    func.unnest(
        bindparam("b_inboxes", type_=ARRAY(String)), bindparam("b_most", type_=ARRAY(Integer))
    )
    .table_valued(column("inbox", String), column("most", Integer), name="wish")
    .render_derived()
)
_of_each = _waiting.where(_lane.c.inbox == _wish.c.inbox).limit(_wish.c.most)
_LOOK_EACH = select(_of_each.lateral("waiting").c.key).select_from(_wish).limit(1)
_chosen_each = (
    select(_of_each.with_for_update(skip_locked=True).lateral("chosen").c.key)
    .select_from(_wish)
    .cte("ready")
)
_CLAIM, _CLAIM_EACH = (
    update(_lane)
    .where(_lane.c.kind == literal_column("'out'"), _lane.c.key.in_(select(chosen.c.key)))
    .values(
        lease_until=bindparam("b_until", type_=_lane.c.lease_until.type),
        token=bindparam("b_token"),
    )
    .returning(_lane.c.key)
    for chosen in (_chosen, _chosen_each)
)
