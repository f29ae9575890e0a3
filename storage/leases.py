"""Leases of lanes: prolonged while their process lives, given back when it is done with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from storage.among import among
from storage.jobs import on_terms
from storage.lanes import CLAIM
from storage.models import Lane, LaneKind
from storage.upsert import table_of

_lane = table_of(Lane)


@on_terms(CLAIM)
def renew(
    session: Session,
    kind: LaneKind,
    keys: Collection[str],
    token: str,
    now: datetime,
    lease: timedelta,
) -> int:
    """Prolong the leases that a live process still has; return how many.

    A lane that is being worked on at this moment is left out: who waits for some while holding
    others ends in a deadlock, and its turn comes with the next beat.
    """
    given = {"b_kind": kind, "b_token": token, "b_until": now + lease, "b_keys": sorted(keys)}
    return session.connection().execute(_RENEW, given).rowcount


def release(session: Session, kind: LaneKind, key: str, token: str) -> bool:
    """Give a lane back as it is; return whether it was still ours."""
    given = {"b_kind": kind, "b_key": key, "b_token": token}
    return session.connection().execute(_RELEASE, given).rowcount == 1


_kind = bindparam("b_kind", type_=_lane.c.kind.type)
_OURS = (
    select(_lane.c.key)
    .where(
        _lane.c.kind == _kind,
        _lane.c.token == bindparam("b_token"),
        among(_lane.c.key, "b_keys"),
    )
    .with_for_update(skip_locked=True)
)
_RENEW = (
    update(_lane)
    .where(_lane.c.kind == _kind, _lane.c.key.in_(_OURS))
    .values(lease_until=bindparam("b_until", type_=_lane.c.lease_until.type))
)
_RELEASE = (
    update(_lane)
    .where(
        _lane.c.kind == bindparam("b_kind", type_=_lane.c.kind.type),
        _lane.c.key == bindparam("b_key"),
        _lane.c.token == bindparam("b_token"),
    )
    .values(lease_until=None, token=None)
)
