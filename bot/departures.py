"""Many sends at once: begun and ended in one transaction, where nothing about them is special.

A claim begins what is simple in its lanes, within its inbox's rates; ends gather for all. On a
database that no other process shares a plain lane's next message begins in the transaction that
ends the one before: there a commit is either known to be stored or known not to be. All else is
asked for alone, as `attempts` says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot import attempts
from bot.attempts import Begun, is_plain, is_simple, simple
from bot.inboxes import Inbox, Inboxes
from bot.lane_loop import LEASE
from bot.pace import Allowance, Slices, need_of, whole_rate
from channels.base import Rate, Sent
from storage import departures, lane_batches, leases, paces, shares
from storage.batches import Batches
from storage.database import Database, InDoubt
from storage.deliveries import Started
from storage.departures import Ended
from storage.jobs import FRESH, on_terms
from storage.lanes import CLAIM, Fenced
from storage.models import DeliveryStatus, LaneKind
from storage.paces import Leave, Slice
from storage.records import Connection

BEGIN = replace(FRESH, facts=False, sends=False)
CLAIM_AND_BEGIN = replace(CLAIM, prompt=True, lasting=True)
Keep = Callable[..., Awaitable[object]]
"""Writes what must not be forgotten, again and again."""
Next = Begun | bool
"""What a lane has next: begun, or True when it must be asked for alone, or False for nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which lanes are wanted: of each inbox so many, for a holder, at a time."""

    rooms: Mapping[str, int]
    token: str
    at: datetime
    in_hand: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A lane whose next message is to be begun; with a rate, once a slice of it was taken."""

    inbox: Inbox
    lane: str
    token: str
    rate: Rate | None


class Departures:
    """Begins sends and ends them, a batch at a time."""

    def __init__(
        self, db: Database, inboxes: Inboxes, clock: Callable[[], datetime], keep: Keep
    ) -> None:
        self._inboxes = inboxes
        self._db, self._clock, self._keep = db, clock, keep
        self._slices = Slices()
        self._begins: Batches[_Asked, Next] = Batches(db, self._begin_all)
        self._ends: Batches[tuple[Ended, bool], Next] = Batches(db, self._end)
        self._begun, self._taken = dict[str, Begun](), dict[str, Slice]()

    async def claim(self, wish: Wish) -> dict[str, Next]:
        """Claim lanes that are ready; begin what is simple in them, in the same transaction."""
        simple_ones: dict[str, Inbox] = {}
        async with AsyncExitStack() as gates:
            for name in sorted(wish.rooms):
                inbox, gate = self._inboxes.by_name[name], self._slices.gate(name)
                if is_simple(inbox) and not gate.locked():
                    simple_ones[name] = inbox
                    if whole_rate(inbox) is not None:
                        await gates.enter_async_context(gate)
            return await self._claim(wish, simple_ones)

    async def _claim(self, wish: Wish, simple_ones: Mapping[str, Inbox]) -> dict[str, Next]:
        seen: list[_Claimed] = []
        left = self._slices.some(simple_ones)

        @on_terms(CLAIM_AND_BEGIN)
        def claim(connection: Connection) -> _Claimed:
            seen.append(_claim(connection, wish, simple_ones, Allowance(dict(left))))
            return seen[-1]

        try:
            claimed = await self._db.run(claim)
        except InDoubt:
            for lane, has in seen[-1].lanes.items():
                if lane not in wish.in_hand:
                    await self.take_back(lane, has, wish.token)
            raise
        for name, rest in claimed.slices.items():
            self._slices.keep(name, rest)
        return claimed.lanes

    async def take_back(self, lane: str, has: Next, token: str) -> None:
        """Take a claim back, which may be stored or not, with what it began in its lane.

        Else its message would look as if it had perhaps been sent, and the lane as if in hand.

        Raises:
            StorageError: it is not known whether that is stored, and we are asked to stop.
        """
        if not isinstance(has, Begun):
            await self._keep(leases.release, LaneKind.OUT, lane, token)
            return
        with suppress(Fenced):
            await self._keep(attempts.take_back_with_lane, has, token, self._clock())

    async def begin(self, inbox: Inbox, lane: str, token: str) -> Begun | None:
        """Begin the lane's next message, within its inbox's rate; None if there is none.

        Raises:
            Fenced: the lane went to another worker.
            StorageError: nothing was begun.
        """
        rate, name = whole_rate(inbox), inbox.name
        async with self._slices.gate(name):
            if rate is not None and not self._slices.spend(name, self._clock()):
                found = await self._together(inbox, lane, token, rate)
                if found is not True:
                    return found or None
                begun = await self._mark(inbox, lane, token, rate)
                self._keep_slice(name, begun)
                return begun
        found = await self._together(inbox, lane, token, None)
        begun = found or None if found is not True else await self._mark(inbox, lane, token, None)
        if begun is None or not begun.goes:
            self._slices.give_back(name)
        return begun

    async def _together(self, inbox: Inbox, lane: str, token: str, rate: Rate | None) -> Next:
        """Begin a lane's next message with those of other lanes, if nothing about it is special.

        With `rate` a slice of it is taken: only the holder of the inbox's gate asks for one.
        """
        if not is_simple(inbox):
            return True
        try:
            found = await self._begins.add(_Asked(inbox, lane, token, rate))
        except InDoubt:
            if (begun := self._begun.get(lane)) is not None:
                await self._keep(attempts.take_back, begun, token, self._clock())
            raise
        finally:
            self._begun.pop(lane, None)
        if rate is not None and (rest := self._taken.pop(inbox.name, None)) is not None:
            self._slices.keep(inbox.name, rest)
        return found

    @on_terms(BEGIN)
    def _begin_all(self, connection: Connection, asked: Sequence[_Asked]) -> list[Next | Exception]:
        lanes = {one.lane: one.inbox for one in asked}
        rates = {one.lane: one.rate for one in asked}
        for one in asked:  # It may be run again.
            self._begun.pop(one.lane, None)
            if one.rate is not None:
                self._taken.pop(one.inbox.name, None)
        allowance = Allowance({})
        begun = _begin(connection, lanes, asked[-1].token, self._clock(), rates, allowance)
        # If the commit is in doubt, it is here that each one's caller finds what to take back.
        self._begun |= {lane: one for lane, one in begun.items() if isinstance(one, Begun)}
        self._taken |= allowance.slices
        return [begun.get(lane, True) for lane in lanes]

    async def _mark(self, inbox: Inbox, lane: str, token: str, rate: Rate | None) -> Begun | None:
        seen: list[Begun | None] = []

        @on_terms(BEGIN)
        def begin_one(session: Session) -> Begun | None:
            seen.append(attempts.begin(session, inbox, lane, token, self._clock(), rate))
            return seen[-1]

        try:
            return await self._db.write(begin_one)
        except InDoubt:
            # If it was stored, the message would look as if it had perhaps been sent.
            if (begun := seen[-1]) is not None and begun.goes and not begun.started.again:
                await self._keep(attempts.take_back, begun, token, self._clock())
            raise

    def _keep_slice(self, name: str, begun: Begun | None) -> None:
        leave = begun.leave if begun is not None else None
        if leave is not None and leave.taken is not None:
            self._slices.keep(name, leave.taken)
            if leave.wait_until is None:
                self._slices.spend(name, self._clock())

    def ends(self, begun: Begun) -> bool:
        """Say whether this message's end may be stored together with others'."""
        return begun.back is None and not begun.started.others

    def _is_plain(self, inbox: Inbox) -> bool:
        return not self._db.shared and is_plain(inbox)

    async def sent(self, inbox: Inbox, begun: Begun, token: str, taken: Sent, *, on: bool) -> Next:
        """Store that the platform took a message; with `on` a plain lane's next one is begun.

        Raises:
            Fenced: the lane went to another worker.
            StorageError: it is not stored; try again.
        """
        one, left = begun.started.delivery, begun.started.conversation.replies_left
        counted = left is not None or inbox.capabilities.reply_window is not None
        ended = Ended(one.id, one.lane, one.sequence, token, taken, self._clock(), counted)
        return await self._ends.add((ended, on and self._is_plain(inbox)))

    @on_terms(replace(FRESH, prompt=True, sends=False))
    def _end(
        self, connection: Connection, ends: Sequence[tuple[Ended, bool]]
    ) -> list[Next | Exception]:
        ended = [one for one, _ in ends]
        more = departures.end(connection, ended)
        follow = {
            one.lane: self._inboxes.by_name[one.lane.partition(":")[0]]
            for (one, on), behind in zip(ends, more, strict=True)
            if on and behind
        }
        begun: Mapping[str, Next] = {}
        if follow:
            begun = _begin(connection, follow, ended[-1].token, ended[-1].at, {}, Allowance({}))
        return [
            behind and begun.get(one.lane, True) for one, behind in zip(ended, more, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What each claimed lane has next, and what is left of its inboxes' slices."""

    lanes: dict[str, Next]
    slices: Mapping[str, Slice]


def _claim(
    connection: Connection, wish: Wish, simple_ones: Mapping[str, Inbox], allowance: Allowance
) -> _Claimed:
    found = shares.claim_on(connection, wish.token, wish.at, LEASE, wish.rooms)
    # What is in hand may be about to be begun by who has it.
    new = {
        lane: simple_ones[name]
        for lane in found
        if lane not in wish.in_hand and (name := lane.partition(":")[0]) in simple_ones
    }
    begun: Mapping[str, Next] = {}
    if new:
        rates = {lane: whole_rate(inbox) for lane, inbox in new.items()}
        begun = _begin(connection, new, wish.token, wish.at, rates, allowance)
    if found and not any(begun.values()):
        departures.forget_if_lost(connection)
    return _Claimed({lane: begun.get(lane, True) for lane in found}, allowance.slices)


def _begin(
    connection: Connection,
    lanes: Mapping[str, Inbox],
    token: str,
    now: datetime,
    rates: Mapping[str, Rate | None],
    allowance: Allowance,
) -> dict[str, Next]:
    """Begin what is next in lanes of simple inboxes; leave out whatever is not simple about it.

    A lane whose chat must wait is given back until then, and has nothing now. A lane without a rate
    has its part of its inbox's.
    """
    easy = paces.at_ease(connection, {inbox.name for inbox in lanes.values()}, now)
    able = [lane for lane, inbox in lanes.items() if inbox.name in easy]
    starts: dict[str, Started] = {}
    needs = {}
    for lane, waiting in departures.waiting(connection, able, token).items():
        started = simple(lanes[lane], waiting, now)
        if started is not None:
            starts[lane] = started
            needs[lane] = need_of(lanes[lane], started.conversation, rates.get(lane))
    allowed = allowance.allow(connection, needs, now)
    lane_batches.postpone_all(connection, LaneKind.OUT, allowed.late, token)
    tries = departures.begin(connection, [starts[lane].delivery.id for lane in allowed.going])
    begun: dict[str, Next] = dict.fromkeys(allowed.late, False)
    for lane in allowed.going:
        delivery = starts[lane].delivery
        if delivery.id in tries:
            delivery.status = DeliveryStatus.SENDING
            delivery.attempts = tries[delivery.id]
            begun[lane] = Begun(starts[lane], leave=Leave())
    return begun
