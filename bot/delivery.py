"""The one way out of the house: sends what is due, in order, and tells the truth about it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from bot import attempts
from bot.attempts import Begun, may_repeat
from bot.departures import Departures, Next, Wish
from bot.inboxes import Inbox, Inboxes
from bot.lane_loop import IDLE_SECONDS, SHARED_FROM, LaneLoop, backoff
from bot.metrics import Metrics
from bot.pace import need_of
from bot.signals import Signals
from channels.base import Sent
from channels.errors import (
    ChannelError,
    RateLimited,
    Refused,
    Retryable,
    Unauthorized,
    Uncertain,
)
from channels.message import Part
from storage import bounces, deliveries, lanes, paces, shares
from storage.database import Database, StorageError
from storage.deliveries import Started
from storage.media import has_media
from storage.models import LaneKind

log = structlog.get_logger(__name__)

TRIES = 8
OUTDATED = timedelta(days=1)
"""How old a message may become while its platform says "too fast": then it is news to nobody."""
SEND_SECONDS = 30.0
FILES_SECONDS = 150.0
"""How long a message with files may take: they are uploaded first."""
FEWEST_SECONDS = 0.01
"""The shortest rest between two looks for work."""
LOOK_AGAIN = timedelta(seconds=5)
"""How long a process believes that an inbox is held, before it looks at the row again."""
SENDERS, SHARE = 32, 10
"""How many threads are served at once, and how many of one inbox where there are others.

There is a share for each: however many platforms hang, none of the others waits for a sender.
"""


class Sender(LaneLoop):
    """Works outbound lanes: one message in flight a thread, and a share of them an inbox."""

    kind = LaneKind.OUT

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        signals: Signals,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        width = max(SENDERS, SHARE * len(inboxes.by_name))
        super().__init__(db, clock, signals.outbound, width, help_from=SENDERS // SHARED_FROM)
        self._inboxes, self._metrics = inboxes, metrics
        self._departures = Departures(db, inboxes, clock, self.keep)
        self._begun: dict[str, Next] = {}
        self._full = set[str]()

    def able(self) -> Sequence[str]:
        """Return the inboxes that can send now."""
        return self._inboxes.able()

    def rooms(self) -> Mapping[str, int]:
        """Return how many more lanes of each inbox that can send may be worked."""
        alone = len(self._inboxes.by_name) == 1
        share = self._width if alone else SHARE
        busy = Counter(_inbox_of(lane) for lane in self._in_hand)
        rooms = {name: 1 if self._inboxes.by_name[name].on_trial else share for name in self.able()}
        return {name: most - busy[name] for name, most in rooms.items() if busy[name] < most}

    async def none_ready(self) -> bool:
        """Return whether the inboxes that can send have nothing to claim."""
        return await self.db.read(shares.none_ready, self.clock(), self.rooms())

    async def claim(self, free: int) -> list[str]:
        """Claim lanes that are ready, of each inbox no more than its share."""
        rooms = {name: min(room, free) for name, room in self.rooms().items()}
        self._full = set(self.able()).difference(rooms)
        if not rooms:
            return []
        in_hand = frozenset(self._in_hand)
        found = await self._departures.claim(Wish(rooms, self._token, self.clock(), in_hand))
        took = Counter(map(_inbox_of, found))
        self._full |= {name for name, room in rooms.items() if took[name] >= room}
        self._begun |= {lane: begun for lane, begun in found.items() if lane not in in_hand}
        return list(found)

    async def decline(self, lane: str) -> None:
        """Give back a lane that was claimed too late, and take back what was begun in it."""
        try:
            await self._departures.take_back(lane, self._begun.pop(lane, True), self._token)
        except StorageError:
            log.warning("a message that was not sent looks as if it perhaps was")

    def patience(self) -> float:
        """Return for how many seconds to wait for a hint: no longer than until a pause ends."""
        now = self.clock()
        pauses = [inbox.paused_until for inbox in self._inboxes.by_name.values()]
        waits = [(until - now).total_seconds() for until in pauses if until and until > now]
        return max(FEWEST_SECONDS, min([IDLE_SECONDS, *waits]))

    async def work(self, lane: str, token: str) -> None:
        """Send the lane's messages one by one until one must wait or none is left."""
        after, name = self._begun.pop(lane, True), _inbox_of(lane)
        while after and (
            isinstance(after, Begun) or (not self._stopping and name in self._inboxes.able())
        ):
            after = await self._next(lane, token, after)
        if after:
            await self.db.write(
                lanes.postpone, LaneKind.OUT, lane, token, self.clock(), failed=False
            )
        if name in self._full:
            self._hint.hear()  # There is room for another one of its inbox.

    async def _next(self, lane: str, token: str, after: Next) -> Next:
        inbox = self._inboxes.get(_inbox_of(lane))
        assert inbox is not None  # noqa: S101 - lanes of other inboxes are not claimed
        begun = (
            after if isinstance(after, Begun) else await self._departures.begin(inbox, lane, token)
        )
        if begun is None:
            return False
        leave = begun.leave
        if begun.doubtful:
            return await self._uncertain(begun.started.ids, token, "stopped while sending", lane)
        if begun.refusal is not None:
            return await self._failed(begun.started, token, begun.refusal, lane)
        if leave is not None and leave.wait_until is not None:
            if leave.everybody:
                self._leave_alone(inbox, leave.wait_until)
            return False
        return await self._send(inbox, begun, lane, token)

    async def _send(self, inbox: Inbox, begun: Begun, lane: str, token: str) -> Next:
        try:
            async with asyncio.timeout(_seconds(begun.started.message.parts)):
                taken = await inbox.adapter.send(begun.started.message)
        except Refused as problem:
            return await self._refused(inbox, begun, lane, token, problem)
        except RateLimited as problem:
            return await self._too_fast(inbox, begun, lane, token, problem)
        except (Retryable, Unauthorized) as problem:
            return await self._again(inbox, begun.started, lane, token, problem)
        except (ChannelError, TimeoutError) as problem:
            return await self._doubt(inbox, begun.started, lane, token, problem)
        except Exception as problem:
            log.exception("an adapter broke while sending", inbox=inbox.name)
            return await self._doubt(inbox, begun.started, lane, token, problem)
        return await self._sent(inbox, begun, taken, lane, token)

    async def _sent(self, inbox: Inbox, begun: Begun, taken: Sent, lane: str, token: str) -> Next:
        self._inboxes.sent(inbox)
        if begun.back is not None:
            inbox.paused_until = None
            self._hint.set()
        self._count(lane, "sent")
        if self._departures.ends(begun):
            return await self.insist(
                lambda: self._departures.sent(inbox, begun, token, taken, on=not self._stopping)
            )
        return await self.keep(
            deliveries.sent, begun.started.ids, token, taken, self.clock(), back=begun.back
        )

    async def _too_fast(
        self, inbox: Inbox, begun: Begun, lane: str, token: str, problem: RateLimited
    ) -> bool:
        # Being one of many who wait is no failure: in a long queue it happens any number of times.
        log.info("too fast for the platform", inbox=inbox.name, seconds=problem.retry_after)
        now = self.clock()
        inbox.on_trial = False
        if now - begun.started.delivery.created_at > OUTDATED:
            return await self._failed(begun.started, token, f"gave up: {problem}", lane)
        self._count(lane, "again")
        only_here = problem.here or inbox.capabilities.rates.limits_chats
        chat = need_of(inbox, begun.started.conversation, None).chat if only_here else paces.WHOLE
        if await self.keep(attempts.pause, begun, token, problem, now, chat):
            inbox.paused_until = now + timedelta(seconds=problem.retry_after)
        return False

    async def _again(
        self, inbox: Inbox, started: Started, lane: str, token: str, problem: ChannelError
    ) -> bool:
        delivery = started.delivery
        until = self.clock() + _patience(delivery.attempts)
        await self._stumble(inbox, problem, until)
        if delivery.attempts >= TRIES:
            return await self._failed(started, token, f"gave up: {problem}", lane)
        log.info("will send again", inbox=inbox.name, problem=problem, until=until)
        self._count(lane, "again")
        await self.keep(attempts.again, started, f"{problem}", token, until)
        return False

    async def _doubt(
        self, inbox: Inbox, started: Started, lane: str, token: str, problem: Exception
    ) -> bool:
        words = f"{type(problem).__name__}: {problem}"
        until = self.clock() + _patience(started.delivery.attempts)
        if isinstance(problem, (Uncertain, TimeoutError)):
            await self._stumble(inbox, problem, until)
        if may_repeat(inbox) and started.delivery.attempts < TRIES:
            await self.keep(attempts.again, replace(started, again=True), words, token, until)
            return False
        return await self._uncertain(started.ids, token, words, lane)

    async def _stumble(self, inbox: Inbox, problem: Exception, again: datetime) -> None:
        """Count a failure of the inbox: after too many in a row only one message tries it.

        An account that needs a human is held at once.
        """
        words = f"{problem}" or type(problem).__name__
        hopeless = isinstance(problem, Unauthorized)
        if isinstance(problem, Unauthorized):
            self._inboxes.refused(inbox, problem)
        until = await self.keep(
            paces.stumbled, inbox.name, words, self.clock(), again, hopeless=hopeless
        )
        if until is not None:
            log.warning("inbox is held", inbox=inbox.name, problem=problem, until=until)
            inbox.on_trial = True
            self._leave_alone(inbox, until)

    def _leave_alone(self, inbox: Inbox, until: datetime) -> None:
        # Another process may find it well again before: only its row knows.
        inbox.paused_until = min(until, self.clock() + LOOK_AGAIN)

    async def _refused(
        self, inbox: Inbox, begun: Begun, lane: str, token: str, problem: Refused
    ) -> bool:
        if begun.back is not None:
            inbox.paused_until, inbox.on_trial = None, False
        windowed = inbox.capabilities.reply_window is not None
        reason = bounces.OF_THE_WINDOW.get(type(problem)) if windowed else None
        doubtful = begun.started.again or problem.after > 0
        self._count(lane, "uncertain" if doubtful else "failed")
        log.warning("a message was not delivered", problem=problem)
        end = deliveries.failed if reason is None else deliveries.refused
        return await self.keep(
            end,
            begun.started.ids,
            token,
            reason or f"{problem}",
            self.clock(),
            back=begun.back,
            doubtful=doubtful,
        )

    async def _failed(self, started: Started, token: str, problem: str, lane: str) -> bool:
        if started.again:
            return await self._uncertain(started.ids, token, problem, lane)
        self._count(lane, "failed")
        log.warning("a message was not delivered", problem=problem)
        return await self.keep(deliveries.failed, started.ids, token, problem, self.clock())

    async def _uncertain(
        self, delivery_ids: Sequence[UUID], token: str, problem: str, lane: str
    ) -> bool:
        self._count(lane, "uncertain")
        log.warning("nobody knows whether a message arrived", problem=problem)
        return await self.keep(deliveries.uncertain, delivery_ids, token, problem, self.clock())

    def _count(self, lane: str, result: str) -> None:
        self._metrics.deliveries.labels(_inbox_of(lane), result).inc()


def _seconds(parts: tuple[Part, ...]) -> float:
    return FILES_SECONDS if has_media(parts) else SEND_SECONDS


def _inbox_of(lane: str) -> str:
    return lane.partition(":")[0]


def _patience(attempts: int) -> timedelta:
    # 8 tries last about an hour; once the platform takes a message, all that wait are hastened.
    return backoff(attempts, random.random(), base=4, longest=1200)  # noqa: S311 - jitter
