"""The one way out of the house: sends what is due, in order, and tells the truth about it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel import Session

from bot.inboxes import Inbox, Inboxes
from bot.lane_loop import LEASE, LaneLoop, backoff
from bot.metrics import Metrics
from bot.signals import Signals
from channels.base import Sent
from channels.errors import (
    ChannelError,
    QuotaUsed,
    RateLimited,
    Refused,
    Retryable,
    Unauthorized,
    WindowClosed,
)
from storage import deliveries, lanes, windows
from storage.database import Database
from storage.deliveries import Started
from storage.models import LaneKind

log = structlog.get_logger(__name__)

TRIES = 8
_OF_THE_WINDOW = {WindowClosed: windows.CLOSED, QuotaUsed: windows.USED}
"""What a platform says of its own reply window."""
SEND_SECONDS = 30.0


class Sender(LaneLoop):
    """Works outbound lanes: one message in flight a thread."""

    kind = LaneKind.OUT

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        signals: Signals,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        super().__init__(db, clock, signals.outbound)
        self._inboxes, self._metrics = inboxes, metrics

    def only(self) -> Sequence[str]:
        """Return the inboxes that can send now."""
        return self._inboxes.able()

    async def work(self, lane: str, token: str) -> None:
        """Send the lane's messages one by one until one must wait or none is left."""
        more, name = True, lane.partition(":")[0]
        while more and not self._stopping and name in self._inboxes.able():
            more = await self._next(lane, token)
        if more:
            await self.db.write(
                lanes.postpone, LaneKind.OUT, lane, token, self.clock(), failed=False
            )

    async def _next(self, lane: str, token: str) -> bool:
        started = await self.db.write(deliveries.start, lane, token, self.clock(), LEASE)
        if started is None:
            return False
        inbox = self._inboxes.get(started.delivery.inbox)
        assert inbox is not None  # noqa: S101 - lanes of other inboxes are not claimed
        if started.again and not _may_repeat(inbox):
            return await self._uncertain(started.ids, token, "stopped while sending", lane)
        refusal = windows.refusal(
            started.conversation, self.clock(), person=started.person, kept=_keeps_one(inbox)
        )
        if refusal is not None:
            return await self._failed(started.ids, token, refusal, lane)
        return await self._send(inbox, started, lane, token)

    async def _send(self, inbox: Inbox, started: Started, lane: str, token: str) -> bool:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                taken = await inbox.adapter.send(started.message)
        except Refused as problem:
            return await self._refused(inbox, started, lane, token, problem)
        except (Retryable, Unauthorized) as problem:
            return await self._again(inbox, started, lane, token, problem)
        except (ChannelError, TimeoutError) as problem:
            return await self._doubt(inbox, started, lane, token, problem)
        except Exception as problem:
            log.exception("an adapter broke while sending", inbox=inbox.name)
            return await self._doubt(inbox, started, lane, token, problem)
        return await self._sent(inbox, started.ids, taken, lane, token)

    async def _sent(
        self, inbox: Inbox, delivery_ids: Sequence[UUID], taken: Sent, lane: str, token: str
    ) -> bool:
        inbox.last_out = self.clock()
        self._count(lane, "sent")
        back = inbox.name if inbox.troubled else None
        inbox.troubled = False
        return await self.keep(deliveries.sent, delivery_ids, token, taken, self.clock(), back=back)

    async def _again(
        self, inbox: Inbox, started: Started, lane: str, token: str, problem: ChannelError
    ) -> bool:
        # Being one of many who wait is no failure: in a long queue it happens any number of times.
        delivery, limited = started.delivery, isinstance(problem, RateLimited)
        if delivery.attempts >= TRIES and not limited:
            return await self._failed(started.ids, token, f"gave up: {problem}", lane)
        wait = _patience(delivery.attempts)
        inbox.troubled = inbox.troubled or not limited
        if isinstance(problem, RateLimited):
            wait = timedelta(seconds=problem.retry_after)
            inbox.paused_until = self.clock() + wait
        log.info("will send again", inbox=inbox.name, problem=problem, seconds=wait.seconds)
        self._count(lane, "again")
        until = self.clock() + wait
        await self.keep(
            _postpone, started.ids, f"{problem}", lane, token, until, counts=not limited
        )
        return False

    async def _doubt(
        self, inbox: Inbox, started: Started, lane: str, token: str, problem: Exception
    ) -> bool:
        words = f"{type(problem).__name__}: {problem}"
        if _may_repeat(inbox) and started.delivery.attempts < TRIES:
            until = self.clock() + _patience(started.delivery.attempts)
            await self.keep(_postpone, started.ids, words, lane, token, until)
            return False
        return await self._uncertain(started.ids, token, words, lane)

    async def _refused(
        self, inbox: Inbox, started: Started, lane: str, token: str, problem: Refused
    ) -> bool:
        windowed = inbox.capabilities.reply_window is not None
        reason = _OF_THE_WINDOW.get(type(problem)) if windowed else None
        if reason is None:
            return await self._failed(started.ids, token, f"{problem}", lane)
        self._count(lane, "failed")
        log.warning("a message was not delivered", problem=problem)
        return await self.keep(deliveries.refused, started.ids, token, reason, self.clock())

    async def _failed(
        self, delivery_ids: Sequence[UUID], token: str, problem: str, lane: str
    ) -> bool:
        self._count(lane, "failed")
        log.warning("a message was not delivered", problem=problem)
        return await self.keep(deliveries.failed, delivery_ids, token, problem, self.clock())

    async def _uncertain(
        self, delivery_ids: Sequence[UUID], token: str, problem: str, lane: str
    ) -> bool:
        self._count(lane, "uncertain")
        log.warning("nobody knows whether a message arrived", problem=problem)
        return await self.keep(deliveries.uncertain, delivery_ids, token, problem, self.clock())

    def _count(self, lane: str, result: str) -> None:
        self._metrics.deliveries.labels(lane.partition(":")[0], result).inc()


def _patience(attempts: int) -> timedelta:
    # 8 tries last about an hour; once the platform takes a message, all that wait are hastened.
    return backoff(attempts, random.random(), base=4, longest=1200)  # noqa: S311 - jitter


def _keeps_one(inbox: Inbox) -> bool:
    # Where a platform counts our replies, the last one is a person's.
    window = inbox.capabilities.reply_window
    return window is not None and window.messages is not None and window.messages > 1


def _may_repeat(inbox: Inbox) -> bool:
    return inbox.capabilities.idempotent_send or inbox.config.on_uncertain == "resend"


def _postpone(
    session: Session,
    delivery_ids: Sequence[UUID],
    problem: str,
    lane: str,
    token: str,
    until: datetime,
    *,
    counts: bool = True,
) -> None:
    deliveries.retry_later(session, delivery_ids, problem, counts=counts)
    lanes.postpone(session, LaneKind.OUT, lane, token, until, failed=True)
