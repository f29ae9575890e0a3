"""How long conversations stood still around a blow: those that the dead held, and all others."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.lane_loop import LEASE
from storage.database import Database, StorageError
from storage.models import Activity, Delivery, Fact, InboundEvent, Lane, LaneKind

Key = tuple[LaneKind, str]
ENDS = (Fact.DELIVERY_SENT, Fact.DELIVERY_FAILED, Fact.DELIVERY_UNCERTAIN)
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Blow:
    """A process that died, and what was leased just then: by it or by another, until when."""

    at: datetime
    leased: dict[Key, tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class Stood:
    """A conversation that had something to do and did nothing from one moment to another."""

    key: Key
    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


class Leases:
    """Who has leased what while a town lives: a token that leases anew belongs to the living."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._newest: dict[str, datetime] = {}
        self.blows: list[Blow] = []

    async def struck(self, at: datetime) -> None:
        """Note what was leased when a process died; to be called as soon as it is dead."""
        self.blows.append(Blow(at, await self._look()))

    def orphans(self) -> Iterator[tuple[Blow, dict[Key, datetime]]]:
        """Yield for each blow what the dead had leased, and until when."""
        for blow in self.blows:
            dead = {
                key: until
                for key, (token, until) in blow.leased.items()
                if self._newest[token] <= blow.at + LEASE
            }
            yield blow, dead

    async def _look(self) -> dict[Key, tuple[str, datetime]]:
        found = await self._db.read(_leased)
        for token, until in found.values():
            self._newest[token] = max(until, self._newest.get(token, until))
        return found

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            with suppress(StorageError):
                await self._look()
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def leases(url: str):
    """Watch who leases what until the block ends."""
    async with Database(url) as db:
        watched = Leases(db)
        task = asyncio.create_task(watched.watch())
        try:
            yield watched
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def stood_still(session: Session) -> dict[LaneKind, list[Stood]]:
    """Return how long each lane took for each thing it did, from when it could begin."""
    came = [
        ((LaneKind.IN, lane), sequence, received, done)
        for lane, sequence, received, done in session.exec(
            select(
                InboundEvent.lane,
                InboundEvent.sequence,
                InboundEvent.received_at,
                InboundEvent.done_at,
            )
        )
        if lane is not None and done is not None
    ]
    ended = {
        fact.data["message"]: fact.at
        for fact in session.exec(select(Activity).where(col(Activity.fact).in_(ENDS)))
    }
    went = [
        ((LaneKind.OUT, one.lane), one.sequence, one.created_at, ended[str(one.message_id)])
        for one in session.exec(select(Delivery))
    ]
    return {LaneKind.IN: list(_gaps(came)), LaneKind.OUT: list(_gaps(went))}


class Pauses:
    """How many seconds conversations stood still, in order: those that the dead held, and others.

    `freed` is how long after its lease ran out the first thing was done in a lane of the dead;
    `calm` is how long reading took before the first blow.
    """

    def __init__(self, stood: dict[LaneKind, list[Stood]], watched: Leases) -> None:
        gone = list(watched.orphans())
        self.leased: list[float] = []
        self.freed: list[float] = []
        others: dict[LaneKind, list[float]] = {kind: [] for kind in LaneKind}
        for kind, each in ((kind, each) for kind, found in stood.items() for each in found):
            ends = [dead[each.key] for blow, dead in gone if _meets(each, blow, dead)]
            if ends:
                self.leased.append(each.seconds)
                self.freed.append((each.until - max(ends)).total_seconds())
            else:
                others[kind].append(each.seconds)
        self.read, self.sent = (sorted(others[kind]) for kind in LaneKind)
        first = min(blow.at for blow, _ in gone)
        self.calm = sorted(each.seconds for each in stood[LaneKind.IN] if each.until < first)
        self.leased.sort()
        self.freed.sort()

    def told(self) -> tuple[str, ...]:
        """Return it in words."""
        return (
            f"before, messages were read within {spread(self.calm)}",
            f"those of other conversations within {spread(self.read)}",
            f"and sent to within {spread(self.sent)}",
            f"{len(self.leased)} times a lane of the dead stood still: {spread(self.leased)}",
            f"and went on {max(self.freed, default=0):.2f} s after its lease at most",
        )


Outage = tuple[datetime, datetime]
"""From when to when a server was away."""


def went_on(stood: dict[LaneKind, list[Stood]], outages: Sequence[Outage]) -> list[float]:
    """Return how long after each outage what had something to do just then did it, in order.

    The time of later outages is not counted.
    """
    return sorted(
        (each.until - back).total_seconds() - sum(_shared(back, each.until, o) for o in outages)
        for _, back in outages
        for each in (*stood[LaneKind.IN], *stood[LaneKind.OUT])
        if each.since <= back < each.until
    )


def _shared(since: datetime, until: datetime, outage: Outage) -> float:
    away, back = outage
    return max(0.0, (min(until, back) - max(since, away)).total_seconds())


def spread(seconds: Sequence[float]) -> str:
    """Return the middle, the 99th of a hundred, and the most of a sorted list."""
    if not seconds:
        return "(none)"
    middle = seconds[len(seconds) // 2]
    return f"{middle:.2f} s (half), {most(seconds):.2f} s (99%), {seconds[-1]:.2f} s (all)"


def most(seconds: Sequence[float]) -> float:
    """Return what 99 of a hundred of a sorted list are within."""
    return seconds[-1 - len(seconds) // 100]


def _meets(stood: Stood, blow: Blow, dead: dict[Key, datetime]) -> bool:
    return stood.key in dead and stood.since < dead[stood.key] and stood.until > blow.at


def _gaps(rows: Iterable[tuple[Key, int, datetime, datetime]]) -> Iterator[Stood]:
    lanes: dict[Key, list[tuple[int, datetime, datetime]]] = defaultdict(list)
    for key, sequence, came, done in rows:
        lanes[key].append((sequence, came, done))
    for key, each in lanes.items():
        free: datetime | None = None
        for _, came, done in sorted(each):
            since = came if free is None else max(came, free)
            yield Stood(key, min(since, done), done)
            free = done


def _leased(session: Session) -> dict[Key, tuple[str, datetime]]:
    rows = session.exec(
        select(Lane.kind, Lane.key, Lane.token, Lane.lease_until).where(
            col(Lane.token).is_not(None)
        )
    )
    return {(kind, key): (token, until) for kind, key, token, until in rows if token and until}
