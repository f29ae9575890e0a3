"""Accept once: what platforms brought, stored under a unique key before they are answered."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, update
from sqlalchemy import select as pick
from sqlmodel import Session, col, select

from channels.base import Reception
from storage import lane_batches
from storage.among import among
from storage.jobs import Terms, on_terms
from storage.lane_batches import bump_all
from storage.lanes import bump, finish
from storage.models import Activity, Fact, InboundEvent, Lane, LaneKind
from storage.records import drafts
from storage.rows import add_all, execute_all, find_all
from storage.trips import find_each
from storage.types import new_id
from storage.upsert import table_of

_event, _lane = table_of(InboundEvent), table_of(Lane)
KEY_LENGTH = 200
QUICK = Terms(seconds=3, fresh=True, prompt=True, sends=False)
"""A platform waits, and every statement is right by itself: the unique key, the lane's counter."""
_KNOWN = pick(_event.c.id, _event.c.dedupe_key, _event.c.lane).where(
    _event.c.inbox == bindparam("b_inbox"),
    among(_event.c.dedupe_key, "b_keys"),
)
_READ = ("id", "inbox", "lane", "sequence", "payload", "received_at")
_NEXT = (
    pick(_lane.c.attempts, *(_event.c[name] for name in _READ))
    .join(_event, (_event.c.lane == _lane.c.key) & (_event.c.sequence == _lane.c.done + 1))
    .where(_lane.c.kind == LaneKind.IN, among(_lane.c.key, "b_lanes"))
)
_FOLLOWING = (
    pick(*(_event.c[name] for name in _READ))
    .where(
        _event.c.lane == bindparam("b_lane"),
        _event.c.sequence > bindparam("b_after", type_=_event.c.sequence.type),
    )
    .order_by(_event.c.sequence)
    .limit(bindparam("b_limit", type_=_event.c.sequence.type))
)
_DONE = (
    update(_event)
    .where(among(_event.c.id, "b_ids"))
    .values(done_at=bindparam("b_at", type_=_event.c.done_at.type))
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one message: `new` is False when it was here before."""

    event_id: UUID
    lane: str | None
    new: bool


def lane_key(inbox: str, thread: str) -> str:
    """Return the lane of a thread."""
    return f"{inbox}:{thread}"


def tells(stored: Sequence[Sequence[Accepted] | Exception]) -> bool:
    """Say whether something of what was stored is told in the log: only what is quarantined."""
    return any(
        one.lane is None and one.new
        for accepted in stored
        if not isinstance(accepted, Exception)
        for one in accepted
    )


ARRIVING = replace(QUICK, facts=tells)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one call of a platform contained, and when it came."""

    inbox: str
    reception: Reception
    at: datetime


@on_terms(QUICK)
def accept(session: Session, inbox: str, reception: Reception, now: datetime) -> list[Accepted]:
    """Store what a call contained, each message once; when committed it may be acknowledged."""
    (stored,) = accept_all(session.connection(), [Arrival(inbox, reception, now)])
    return stored


@on_terms(ARRIVING)
def accept_all(connection: Connection, arrivals: Sequence[Arrival]) -> list[list[Accepted]]:
    """Store what many calls contained, in three statements; return what became of each.

    Of two at once that bring the same message, one breaks on the unique key: try it again.
    """
    brought = [_rows(arrival) for arrival in arrivals]
    known = _known(connection, [row for rows in brought for row in rows])
    new: list[dict[str, Any]] = []
    stored = [[_once(row, known, new) for row in rows] for rows in brought]
    _number(connection, new)
    add_all(connection, InboundEvent, new)
    add_all(connection, Activity, [_alert(row) for row in new if row["problem"] is not None])
    return stored


def _rows(arrival: Arrival) -> list[dict[str, Any]]:
    inbox, reception = arrival.inbox, arrival.reception
    rows = [
        _row(arrival, message.dedupe_key, message.model_dump(mode="json"))
        | {"lane": lane_key(inbox, message.address.thread)}
        for message in reception.messages
    ]
    rows += [
        _row(arrival, odd.dedupe_key, {"raw": odd.raw[:10_000]}) | {"problem": odd.reason[:500]}
        for odd in reception.quarantined
    ]
    return rows


def _row(arrival: Arrival, key: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "inbox": arrival.inbox,
        "dedupe_key": short(key),
        "lane": None,
        "sequence": None,
        "payload": payload,
        "received_at": arrival.at,
        "problem": None,
        "dead": False,
    }


def _known(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], Accepted]:
    """Return what is stored already, by inbox and key."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        keys[row["inbox"]].append(row["dedupe_key"])
    given = [{"b_inbox": inbox, "b_keys": some} for inbox, some in keys.items()]
    found = zip(keys, find_each(connection, _KNOWN, given), strict=True)
    return {
        (inbox, key): Accepted(event_id, lane, new=False)
        for inbox, some in found
        for event_id, key, lane in some
    }


def _once(
    row: dict[str, Any], known: dict[tuple[str, str], Accepted], new: list[dict[str, Any]]
) -> Accepted:
    """Add a row to the new ones, unless it is known."""
    key = row["inbox"], row["dedupe_key"]
    if (before := known.get(key)) is not None:
        return before
    new.append(row)
    known[key] = Accepted(row["id"], row["lane"], new=False)
    return Accepted(row["id"], row["lane"], new=True)


def _number(connection: Connection, new: Sequence[dict[str, Any]]) -> None:
    """Give each message the next sequence of its lane."""
    coming = [row for row in new if row["lane"] is not None]
    if not coming:
        return
    more = Counter((row["inbox"], row["lane"]) for row in coming)
    lanes = bump_all(connection, LaneKind.IN, more, coming[0]["received_at"])
    last = {key: lane.last_in for key, lane in lanes.items()}
    for row in reversed(coming):
        row["sequence"] = last[row["lane"]]
        last[row["lane"]] -= 1


def _alert(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "fact": Fact.EVENT_QUARANTINED,
        "at": row["received_at"],
        "inbox": row["inbox"],
        "data": {"event": str(row["id"]), "reason": row["problem"]},
    }


def short(key: str) -> str:
    """Return a key of bounded length; a longer one is replaced by its digest."""
    if len(key) <= KEY_LENGTH:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def next_event(session: Session, lane: str) -> InboundEvent | None:
    """Return the event after the lane's last finished one, if there is one."""
    row = session.get(Lane, (LaneKind.IN, lane))
    if row is None or row.done >= row.last_in:
        return None
    return session.exec(
        select(InboundEvent).where(InboundEvent.lane == lane, InboundEvent.sequence == row.done + 1)
    ).one_or_none()


def next_events(
    connection: Connection, lanes: Collection[str]
) -> dict[str, tuple[InboundEvent, int]]:
    """Return the event after each lane's last finished one, and how often it failed, by lane."""
    found = find_all(connection, _NEXT, {"b_lanes": lanes})
    events = drafts(InboundEvent, _READ, (row[1:] for row in found))
    return {
        event.lane: (event, row[0])
        for event, row in zip(events, found, strict=True)
        if event.lane is not None
    }


def following(connection: Connection, event: InboundEvent, limit: int) -> list[InboundEvent]:
    """Return the first events behind one in its lane, in order."""
    given = {"b_lane": event.lane, "b_after": event.sequence, "b_limit": limit}
    return drafts(InboundEvent, _READ, find_all(connection, _FOLLOWING, given))


def mark_done(connection: Connection, events: Sequence[InboundEvent], now: datetime) -> None:
    """Mark events done; `finish_all` lets their lanes go on, in the same transaction."""
    if events:
        given = {"b_ids": [event.id for event in events], "b_at": now}
        execute_all(connection, _DONE, [given])


def finish_all(connection: Connection, events: Sequence[InboundEvent], now: datetime) -> None:
    """Let lanes go on behind their next events; they must have been `held` just now."""
    done = Counter(event.lane for event in events if event.lane is not None)
    lane_batches.finish_all(connection, LaneKind.IN, done, now)


def finish_event(session: Session, event: InboundEvent, token: str, now: datetime) -> bool:
    """Mark an event done together with its lane; return whether more is waiting.

    Raises:
        Fenced: the lane went to another worker; roll back.
    """
    assert event.lane is not None  # noqa: S101 - a quarantined event is never worked on
    assert event.sequence is not None  # noqa: S101
    session.connection().execute(update(_event).where(_event.c.id == event.id).values(done_at=now))
    return finish(session, LaneKind.IN, event.lane, token, event.sequence, now)


def bury_event(
    session: Session, event: InboundEvent, token: str, problem: str, now: datetime
) -> bool:
    """Park an event that failed too often, with an alert; the lane goes on."""
    session.connection().execute(
        update(_event).where(_event.c.id == event.id).values(dead=True, problem=problem[:500])
    )
    session.add(
        Activity(
            fact=Fact.EVENT_DEAD,
            at=now,
            inbox=event.inbox,
            data={"event": str(event.id), "problem": problem[:500]},
        )
    )
    return finish_event(session, event, token, now)


def revive(session: Session, event_id: UUID, now: datetime) -> bool:
    """Put a dead event at the end of its lane once more; return whether it was dead."""
    event = session.get(InboundEvent, event_id)
    if event is None or not event.dead or event.lane is None:
        return False
    event.sequence = bump(session, LaneKind.IN, event.lane, event.inbox, now)
    event.dead, event.problem, event.done_at = False, None, None
    session.add(event)
    return True


def troubled(session: Session, limit: int = 100) -> list[InboundEvent]:
    """Return quarantined and dead events, newest first."""
    statement = select(InboundEvent).where(col(InboundEvent.problem).is_not(None))
    return list(session.exec(statement.order_by(col(InboundEvent.received_at).desc()).limit(limit)))


def probe(session: Session) -> None:
    """Write and take back one row: proves that the database takes writes."""
    lane = Lane(kind=LaneKind.IN, key="probe", inbox="")
    session.add(lane)
    session.flush()
    session.delete(lane)
    session.flush()
