"""How fast each inbox may be sent to: rows that all senders share and that survive a restart."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    String,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from channels.base import Rate
from storage.among import among
from storage.models import Pace
from storage.rates import TICK, cost_of, parts_of, ticks, when_again
from storage.rows import find_all
from storage.upsert import insert_for, table_of

_pace = table_of(Pace)
WHOLE = ""
"""The name that stands for the whole inbox among its chats."""
SLICE_SECONDS = 0.25
"""For how long a sender is given its inbox's messages at a time."""
PATIENCE = 5
"""How many failures in a row hold an inbox."""
PROBE = timedelta(seconds=60)
"""How long the one message that tries a held inbox may take; then another one tries."""
LONGEST_HOLD = timedelta(seconds=60)
"""How long a held inbox is left alone at most."""


@dataclass(frozen=True, slots=True)
class Slice:
    """How many messages one sender may give an inbox until a moment."""

    messages: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Need:
    """What a message needs to be sent: its inbox's rate and its chat's, None where there is none.

    With `whole` a new slice is taken; a sender that has one left leaves it out.
    """

    inbox: str
    chat: str
    whole: Rate | None = None
    each: Rate | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether a message may be sent now."""

    wait_until: datetime | None = None
    """None: it may. Else not before."""
    everybody: bool = False
    """The whole inbox has to wait, not only this chat."""
    taken: Slice | None = None
    """The slice that was taken, with this message's part still in it."""
    troubled: bool = False
    """Earlier messages failed: whoever succeeds tells it with `recovered`."""


def ask(session: Session, need: Need, now: datetime) -> Leave:
    """Return whether a message may be sent, and take its part of the rates if it may."""
    connection = session.connection()
    found = find_all(connection, _STATE, {"b_inbox": need.inbox, "b_chat": WHOLE})
    _, blocked, held, failures = found[0] if found else (0, None, None, 0)
    wait = max(filter(None, (blocked, held)), default=now)
    if wait > now:
        return Leave(wait, everybody=True)
    taken = take_slice(connection, need.inbox, need.whole, now) if need.whole else None
    if isinstance(taken, datetime):
        return Leave(taken, everybody=True)
    if need.each is not None:
        until = take(connection, need.inbox, need.chat, need.each, 1, now)
        if until is not None:
            return Leave(until, taken=taken)
    # Last of all: who then has to wait after all would use up the one try.
    if failures >= PATIENCE and not _probe(session, need.inbox, now):
        return Leave(now + timedelta(seconds=1), everybody=True, taken=taken)
    return Leave(taken=taken, troubled=failures > 0)


def take_slice(connection: Connection, inbox: str, rate: Rate, now: datetime) -> Slice | datetime:
    """Take an inbox's next slice, or return when there is one."""
    messages = max(1, int(rate.per_second * SLICE_SECONDS), rate.burst)
    until = take(connection, inbox, WHOLE, rate, messages, now)
    return until or Slice(messages, now + cost_of(messages, rate) * TICK)


def at_ease(connection: Connection, inboxes: Collection[str], now: datetime) -> frozenset[str]:
    """Return those of the inboxes that nothing holds up and that did not fail lately."""
    found = find_all(connection, _UNEASY, {"b_inboxes": sorted(inboxes), "b_now": now})
    return frozenset(inboxes) - {inbox for (inbox,) in found}


def block(
    session: Session,
    inbox: str,
    chat: str,
    now: datetime,
    until: datetime,
    *,
    alone: bool = False,
) -> bool:
    """Note that the platform wants nothing before `until`; return whether that is the inbox's.

    A platform that speaks of one chat and says the same of a second means everybody, unless it is
    meant `alone` for sure.
    """
    given = {"b_inbox": inbox, "b_chat": chat, "b_until": until}
    connection = session.connection()
    many = chat != WHOLE and not alone
    everybody = many and connection.execute(_ANOTHER, {**given, "b_now": now}).first()
    for each in (chat, WHOLE) if everybody else (chat,):
        connection.execute(_block(connection.dialect.name), {**given, "b_chat": each})
    return bool(everybody) or chat == WHOLE


def stumbled(
    session: Session,
    inbox: str,
    problem: str,
    now: datetime,
    again: datetime,
    *,
    hopeless: bool = False,
) -> datetime | None:
    """Count a failure; return until when the inbox is held, None while it is not.

    A `hopeless` one counts as many: it is held at once.

    The message itself is tried `again` then; a held inbox is tried by nobody much earlier.
    """
    connection = session.connection()
    given = {
        "b_inbox": inbox,
        "b_problem": problem[:500],
        "b_failures": PATIENCE if hopeless else 1,
    }
    failures = connection.execute(_stumble(connection.dialect.name), given).scalar_one()
    if failures < PATIENCE:
        return None
    until = min(again, now + LONGEST_HOLD)
    connection.execute(_HOLD, {"b_inbox": inbox, "b_until": until})
    return until


def recovered(session: Session, inbox: str) -> None:
    """Forget an inbox's failures: its platform answers again."""
    session.connection().execute(_RECOVER, {"b_inbox": inbox})


def states(session: Session, now: datetime) -> dict[str, Pace]:
    """Return the rows of the inboxes that have to wait now, or are held until one message goes."""
    waits = (
        col(Pace.blocked_until) > now,
        col(Pace.held_until) > now,
        col(Pace.failures) >= PATIENCE,
    )
    rows = session.exec(select_rows(Pace).where(Pace.chat == WHOLE, or_(*waits)))
    return {row.inbox: row for row in rows}


def is_held(row: Pace) -> bool:
    """Say whether an inbox waits because its platform failed too often in a row."""
    return row.failures >= PATIENCE


def forget(session: Session, now: datetime) -> int:
    """Delete the rows of chats that are quiet; return how many."""
    quiet = delete(_pace).where(
        _pace.c.chat != WHOLE,
        _pace.c.taken_until < ticks(now),
        or_(_pace.c.blocked_until.is_(None), _pace.c.blocked_until < now),
    )
    return session.connection().execute(quiet).rowcount


def _probe(session: Session, inbox: str, now: datetime) -> bool:
    given = {"b_inbox": inbox, "b_now": now, "b_until": now + PROBE}
    return session.connection().execute(_PROBE, given).rowcount == 1


def take(
    connection: Connection, inbox: str, chat: str, rate: Rate, messages: int, now: datetime
) -> datetime | None:
    """Take some messages of a rate; return None, or when there are so many."""
    given = {"b_inbox": inbox, "b_chat": chat, "b_now": now, **parts_of(messages, rate, now)}
    if find_all(connection, _spend(connection.dialect.name), given):
        return None
    ((taken_until, blocked, _, _),) = find_all(connection, _STATE, given)
    return when_again(taken_until, blocked, messages, rate)


_inbox, _chat = bindparam("b_inbox", type_=String), bindparam("b_chat", type_=String)
_now = bindparam("b_now", type_=_pace.c.blocked_until.type)
_until = bindparam("b_until", type_=_pace.c.blocked_until.type)
_at, _cost = bindparam("b_at", type_=BigInteger), bindparam("b_cost", type_=BigInteger)
_own = (_pace.c.inbox == _inbox, _pace.c.chat == WHOLE)

_STATE = select(
    _pace.c.taken_until, _pace.c.blocked_until, _pace.c.held_until, _pace.c.failures
).where(_pace.c.inbox == _inbox, _pace.c.chat == _chat)
_UNEASY = select(_pace.c.inbox).where(
    _pace.c.chat == WHOLE,
    or_(_pace.c.failures > 0, _pace.c.blocked_until > _now, _pace.c.held_until > _now),
    among(_pace.c.inbox, "b_inboxes"),
)
_ANOTHER = select(_pace.c.chat).where(
    _pace.c.inbox == _inbox,
    _pace.c.chat.not_in((_chat, WHOLE)),
    _pace.c.blocked_until > _now,
)
_HOLD = update(_pace).where(*_own).values(held_until=_until)
_PROBE = (
    update(_pace)
    .where(*_own, or_(_pace.c.held_until.is_(None), _pace.c.held_until <= _now))
    .values(held_until=_until)
)
_RECOVER = update(_pace).where(*_own).values(failures=0, held_until=None, problem=None)
_FRESH: dict[str, Any] = {"inbox": _inbox, "chat": WHOLE, "taken_until": 0, "failures": 0}
_KEY: Collection[Any] = (_pace.c.inbox, _pace.c.chat)


@cache
def _spend(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    # Where nothing is left nothing is updated, and nothing is returned.
    statement = insert_for(dialect, Pace).values(
        {**_FRESH, "chat": _chat, "taken_until": _at + _cost}
    )
    begin = case((_pace.c.taken_until > _at, _pace.c.taken_until), else_=_at)
    return statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={"taken_until": begin + _cost},
        where=(_pace.c.taken_until <= bindparam("b_latest", type_=BigInteger))
        & or_(_pace.c.blocked_until.is_(None), _pace.c.blocked_until <= _now),
    ).returning(_pace.c.taken_until)


@cache
def _block(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    # Never shortened: an answer that came late may speak of an earlier time.
    statement = insert_for(dialect, Pace).values({**_FRESH, "chat": _chat, "blocked_until": _until})
    later = case(
        (func.coalesce(_pace.c.blocked_until, _until) > _until, _pace.c.blocked_until),
        else_=_until,
    )
    return statement.on_conflict_do_update(index_elements=_KEY, set_={"blocked_until": later})


@cache
def _stumble(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    problem = bindparam("b_problem", type_=String)
    many = bindparam("b_failures", type_=Integer)
    statement = insert_for(dialect, Pace).values({**_FRESH, "failures": many, "problem": problem})
    return statement.on_conflict_do_update(
        index_elements=_KEY, set_={"failures": _pace.c.failures + many, "problem": problem}
    ).returning(_pace.c.failures)
