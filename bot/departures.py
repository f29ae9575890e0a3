"""Many sends at once: begun and ended in one transaction, where nothing about them is special.

Only inboxes without rates, reply windows and quotas are served like this, on a database that no
other process shares: there a commit is either known to be stored or known not to be, so that what
was begun is sent for sure. All others ask for each message alone, as `attempts` says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot import attempts
from bot.attempts import Begun, is_plain, plain
from bot.inboxes import Inbox, Inboxes
from bot.lane_loop import LEASE
from bot.pace import Slices, whole_rate
from channels.base import Rate, Sent
from storage import departures, paces, shares
from storage.batches import Batches
from storage.database import Database, InDoubt
from storage.departures import Ended
from storage.jobs import FRESH, on_terms
from storage.lanes import CLAIM
from storage.models import DeliveryStatus
from storage.paces import Leave
from storage.records import Connection

BEGIN = replace(FRESH, facts=False, sends=False)
Keep = Callable[..., Awaitable[None]]
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


class Departures:
    """Begins and ends the sends of plain inboxes, a batch at a time."""

    def __init__(
        self, db: Database, inboxes: Inboxes, clock: Callable[[], datetime], keep: Keep
    ) -> None:
        self._inboxes = inboxes
        self._db, self._clock, self._keep = db, clock, keep
        self._slices = Slices()
        self._ends: Batches[tuple[Ended, bool], Next] = Batches(db, self._end)

    async def claim(self, wish: Wish) -> dict[str, Next]:
        """Claim lanes that are ready; begin what is plain in them, in the same transaction."""
        plain_ones = [name for name in wish.rooms if self._is_plain(self._inboxes.by_name[name])]
        return await self._db.run(_claim, wish, plain_ones)

    async def begin(self, inbox: Inbox, lane: str, token: str) -> Begun | None:
        """Begin the lane's next message alone, within its inbox's rate; None if there is none.

        Raises:
            Fenced: the lane went to another worker.
            StorageError: nothing was begun.
        """
        rate, name = whole_rate(inbox), inbox.name
        async with self._slices.gate(name):
            if rate is not None and not self._slices.spend(name, self._clock()):
                begun = await self._mark(inbox, lane, token, rate)
                self._keep_slice(name, begun)
                return begun
        begun = await self._mark(inbox, lane, token, None)
        if begun is None or not begun.goes:
            self._slices.give_back(name)
        return begun

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

    def ends(self, inbox: Inbox, begun: Begun) -> bool:
        """Say whether this message's end may be stored together with others'."""
        counted = begun.started.conversation.replies_left is not None
        return self._is_plain(inbox) and begun.back is None and not counted

    def _is_plain(self, inbox: Inbox) -> bool:
        return not self._db.shared and is_plain(inbox)

    async def sent(self, begun: Begun, token: str, taken: Sent, *, on: bool) -> Next:
        """Store that the platform took a message; with `on` the lane's next one is begun.

        Raises:
            Fenced: the lane went to another worker.
            StorageError: it is not stored; try again.
        """
        one = begun.started.delivery
        ended = Ended(one.id, one.lane, one.sequence, token, taken, self._clock())
        return await self._ends.add((ended, on))

    @on_terms(replace(FRESH, prompt=True, sends=False))
    def _end(
        self, connection: Connection, ends: Sequence[tuple[Ended, bool]]
    ) -> list[Next | Exception]:
        ended = [one for one, _ in ends]
        more = departures.end(connection, ended)
        follow = [one.lane for (one, on), behind in zip(ends, more, strict=True) if on and behind]
        begun = _begin(connection, follow, ended[-1].token, ended[-1].at) if follow else {}
        return [
            behind and begun.get(one.lane, True) for one, behind in zip(ended, more, strict=True)
        ]


@on_terms(replace(CLAIM, prompt=True))
def _claim(connection: Connection, wish: Wish, plain_ones: Collection[str]) -> dict[str, Next]:
    found = shares.claim_on(connection, wish.token, wish.at, LEASE, wish.rooms)
    # What is in hand may be about to be begun by who has it.
    new = [
        lane for lane in found if lane not in wish.in_hand and lane.partition(":")[0] in plain_ones
    ]
    begun = _begin(connection, new, wish.token, wish.at) if new else {}
    return {lane: begun.get(lane, True) for lane in found}


def _begin(
    connection: Connection, lanes: Sequence[str], token: str, now: datetime
) -> dict[str, Begun]:
    """Begin what is next in lanes of plain inboxes; leave out whatever is not plain about it."""
    easy = paces.at_ease(connection, {lane.partition(":")[0] for lane in lanes}, now)
    able = [lane for lane in lanes if lane.partition(":")[0] in easy]
    waiting = departures.waiting(connection, able, token)
    starts = {lane: plain(one, now) for lane, one in waiting.items()}
    tries = departures.begin(
        connection, [one.delivery.id for one in starts.values() if one is not None]
    )
    begun = {}
    for lane, started in starts.items():
        if started is None or started.delivery.id not in tries:
            continue
        started.delivery.status = DeliveryStatus.SENDING
        started.delivery.attempts = tries[started.delivery.id]
        begun[lane] = Begun(started, leave=Leave())
    return begun
