"""Thinks: takes each lane's next message, asks the handlers, makes the outcome true."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError
from sqlmodel import Session

from bot.inboxes import Inboxes
from bot.lane_loop import LaneLoop, backoff
from bot.metrics import Metrics
from bot.signals import Signals
from channels.base import ReplyWindow
from channels.message import IncomingMessage
from handlers import turn as turns
from handlers.apply import Applied, Stale, apply, failed_turn
from handlers.base import Handler, Outcome, Turn
from handlers.desk import notices
from storage import lanes, slots, transport
from storage.database import Database
from storage.lanes import Fenced
from storage.models import Conversation, InboundEvent, Lane, LaneKind, Owner

log = structlog.get_logger(__name__)

THINKING_SECONDS = 10.0
WIDTH = 8
"""Thinking needs the processor: more at once would only keep platforms waiting for our answer."""
HANDLER_TRIES = 3
TRIES = 5
STALE_TRIES = 10
"""How often in a row a turn may be overtaken before that counts as a failure."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A lane's next event and what it means; `turn` is None when it is to be given up."""

    event: InboundEvent
    turn: Turn | None
    attempts: int


def load(session: Session, lane: str, now: datetime) -> Loaded | None:
    """Return the lane's next event with its turn, or None when nothing waits."""
    row = session.get(Lane, (LaneKind.IN, lane))
    event = transport.next_event(session, lane)
    if row is None or event is None:
        return None
    attempts = row.attempts
    if attempts >= TRIES:
        return Loaded(event, None, attempts)
    try:
        message = IncomingMessage.model_validate(event.payload)
    except ValidationError:
        return Loaded(event, None, attempts)
    turn = turns.build(session, message, f"{lane}:{event.sequence}", now)
    return Loaded(event, turn, attempts)


class Worker(LaneLoop):
    """Works inbound lanes, each in order, all in parallel."""

    kind = LaneKind.IN

    def __init__(
        self,
        db: Database,
        chain: Handler,
        inboxes: Inboxes,
        signals: Signals,
        clock: Callable[[], datetime],
        metrics: Metrics,
        *,
        queue_notice: timedelta,
    ) -> None:
        super().__init__(db, clock, signals.inbound, WIDTH)
        self._chain, self._inboxes, self._signals = chain, inboxes, signals
        self._metrics, self._queue_notice = metrics, queue_notice

    async def work(self, lane: str, token: str) -> None:
        """Take the lane's messages one by one until none is left."""
        more, stale = True, 0
        while more and not self._stopping:
            loaded = await self.db.read(load, lane, self.clock())
            if loaded is None:
                await self.db.write(_let_go, lane, token)
                return
            try:
                more, stale = await self._turn(lane, token, loaded), 0
            except Stale:
                self._metrics.turns.labels("stale").inc()
                stale += 1
                if stale >= STALE_TRIES:
                    raise
        if more:
            await self.db.write(
                lanes.postpone, LaneKind.IN, lane, token, self.clock(), failed=False
            )

    async def _turn(self, lane: str, token: str, loaded: Loaded) -> bool:
        if loaded.turn is None:
            self._metrics.turns.labels("dead").inc()
            often = loaded.attempts >= TRIES
            problem = "failed too often" if often else "cannot be read any more"
            more = await self.db.write(
                transport.bury_event, loaded.event, token, problem, self.clock()
            )
            self._signals.turn_done(lane)
            return more
        try:
            outcome = await self._think(loaded.turn, loaded.attempts)
        except Exception as problem:
            log.exception("a handler failed", lane_attempts=loaded.attempts)
            self._metrics.turns.labels("handler_failed").inc()
            if loaded.attempts + 1 < HANDLER_TRIES:
                until = self.clock() + backoff(loaded.attempts, random.random())  # noqa: S311
                await self.db.write(lanes.postpone, LaneKind.IN, lane, token, until, failed=True)
                return False
            outcome = failed_turn(loaded.turn, type(problem).__name__)
        more = await self.db.write(self._apply, loaded, outcome, token, self.clock())
        self._metrics.turns.labels("done").inc()
        self._signals.turn_done(lane)
        self._signals.outbound.set()
        return more

    async def _think(self, turn: Turn, attempts: int) -> Outcome | None:
        if turn.conversation.owner is not Owner.BOT:
            return None
        log.debug("thinking", attempts=attempts)
        async with asyncio.timeout(THINKING_SECONDS):
            return await self._chain(turn)

    def _apply(
        self,
        session: Session,
        loaded: Loaded,
        outcome: Outcome | None,
        token: str,
        now: datetime,
    ) -> bool:
        assert loaded.turn is not None  # noqa: S101 - such an event is buried
        applied = apply(session, loaded.turn, outcome, now)
        self._open_window(session, applied, loaded.turn)
        if applied.conversation.owner is Owner.QUEUE:
            notices.plan(session, applied.conversation, now + self._queue_notice)
        inbox = self._inboxes.get(loaded.event.inbox)
        if inbox is not None and inbox.answering is not None and inbox.passive is None:
            slots.hold(session, loaded.event, now)
        return transport.finish_event(session, loaded.event, token, now)

    def _open_window(self, session: Session, applied: Applied, turn: Turn) -> None:
        inbox = self._inboxes.get(turn.message.address.inbox)
        window: ReplyWindow | None = inbox.capabilities.reply_window if inbox else None
        if window is not None:
            applied.conversation.replies_left = _refilled(applied.conversation, window, turn.now)
            applied.conversation.reply_until = turn.now + window.length
            session.add(applied.conversation)


def _refilled(conversation: Conversation, window: ReplyWindow, now: datetime) -> int | None:
    # Each message of the customer grants its own replies: several quick ones must not starve
    # the answers that still wait. What the platform counts otherwise, it refuses itself.
    if window.messages is None:
        return None
    until = conversation.reply_until
    unused = conversation.replies_left or 0 if until is not None and until >= now else 0
    return unused + window.messages


def _let_go(session: Session, lane: str, token: str) -> None:
    row = session.get(Lane, (LaneKind.IN, lane))
    if row is None or row.token != token:
        raise Fenced(lane)
    row.lease_until = row.token = None
    if row.done >= row.last_in:
        row.ready_at = None
    session.add(row)
