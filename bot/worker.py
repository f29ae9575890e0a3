"""Thinks: takes each lane's next message, asks the handlers, makes the outcome true."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session

from bot.attempts import is_plain
from bot.composing import Composing
from bot.inboxes import Inboxes
from bot.lane_loop import LEASE, LaneLoop, backoff
from bot.metrics import Metrics
from bot.settle import TRIES, Loaded, Next, Step, Thought, Wanted, advance, claim, load_all
from bot.signals import Room, Signals
from channels.base import ReplyWindow
from channels.message import Visibility
from handlers.apply import Decided, Stale, failed_turn
from handlers.base import Handler, Outcome, Turn
from handlers.chat.elsewhere import is_released
from handlers.chat.sheet import is_filed
from storage import lanes, transport
from storage.batches import Batches
from storage.database import Database
from storage.lanes import Fenced
from storage.models import Lane, LaneKind, Owner

log = structlog.get_logger(__name__)

THINKING_SECONDS = 10.0
LANES, LANES_ALONE = 64, 256
"""How many lanes are in hand at most, with a database that others share and without.

Lanes that others could work must not pile up here. Alone, whatever comes is soonest done when it
is taken at the door.
"""
WIDTH = 8
"""Thinking needs the processor: more at once would only keep platforms waiting for our answer."""
HANDLER_TRIES = 3
STALE_TRIES = 10
"""How often in a row a turn may be overtaken before that counts as a failure."""


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
        width = LANES if db.shared else LANES_ALONE
        super().__init__(db, clock, signals.inbound, width, at_once=LANES)
        self._chain, self._inboxes, self._signals = chain, inboxes, signals
        self._metrics, self._room = metrics, asyncio.Semaphore(WIDTH)
        self._composing = Composing(inboxes)
        self._done = metrics.turns.labels("done")
        self._steps: Batches[Step, Next] = Batches(
            db, partial(advance, queue_notice=queue_notice), size=LANES
        )
        self._loaded: dict[str, Next] = {}

    async def claim(self, free: int) -> list[str]:
        """Claim lanes that are ready, and load what each of them is to think about."""
        found = await self.db.run(claim, self._token, self.clock(), LEASE, limit=free)
        self._loaded |= {lane: one for lane, one in found.items() if lane not in self._in_hand}
        return list(found)

    async def run(self) -> None:
        """Work until `stop`; where no other process does, what comes in is taken at the door."""
        self._signals.host = None if self.db.shared else self
        try:
            await super().run()
        finally:
            self._signals.host = None

    def room(self) -> Room | None:
        """Return how many lanes can be taken at the door: none while others wait for longer."""
        free = self._width - len(self._busy)
        if free <= 0 or self._stopping or not self._caught_up:
            return None
        return Room(free, self._token, LEASE)

    def welcome(self, lanes: Mapping[str, Loaded | None]) -> None:
        """Take lanes that were leased as their messages were stored."""
        for lane, loaded in lanes.items():
            if lane in self._in_hand:
                self._claimed_again.add(lane)
                continue
            if loaded is not None:
                self._loaded[lane] = loaded
            self._begin(lane)

    async def work(self, lane: str, token: str) -> None:
        """Take the lane's messages one by one until none is left."""
        after = self._loaded.pop(lane, None)
        if after is None:
            after = await self._steps.add(Wanted(lane, self.clock()))
        stale, empty = 0, not after
        while after and not self._stopping:
            loaded = after if isinstance(after, Loaded) else await self._alone(lane)
            if loaded is None:
                after, empty = False, True
                break
            try:
                after, stale = await self._turn(lane, token, loaded), 0
            except Stale:
                self._metrics.turns.labels("stale").inc()
                after, stale = True, stale + 1
                if stale >= STALE_TRIES:
                    raise
        if empty:
            await self.db.write(_let_go, lane, token)
        elif after:
            await self.db.write(
                lanes.postpone, LaneKind.IN, lane, token, self.clock(), failed=False
            )

    async def _alone(self, lane: str) -> Loaded | None:
        (loaded,) = await self.db.run(load_all, [Wanted(lane, self.clock())])
        return loaded

    async def _turn(self, lane: str, token: str, loaded: Loaded) -> Next:
        if loaded.wait_until is not None:
            until = loaded.wait_until
            await self.db.write(lanes.postpone, LaneKind.IN, lane, token, until, failed=False)
            return False
        if loaded.turn is None:
            self._metrics.turns.labels("dead").inc()
            often = loaded.attempts >= TRIES
            problem = "failed too often" if often else "cannot be read any more"
            more = await self.db.write(
                transport.bury_event, loaded.event, token, problem, self.clock()
            )
            self._turned(lane, loaded.event.inbox)
            return more
        try:
            outcome = await self._think(loaded.turn)
        except Exception as problem:
            log.exception("a handler failed", lane_attempts=loaded.attempts)
            self._metrics.turns.labels("handler_failed").inc()
            if loaded.attempts + 1 < HANDLER_TRIES:
                until = self.clock() + backoff(loaded.attempts, random.random())  # noqa: S311
                await self.db.write(lanes.postpone, LaneKind.IN, lane, token, until, failed=True)
                return False
            outcome = failed_turn(loaded.turn, type(problem).__name__)
        heard_at = loaded.event.received_at
        at_once = self._stored_is_sent(loaded.event.inbox)
        decided = Decided(loaded.turn, outcome, self._window(loaded.turn), heard_at, at_once)
        holds = self._holds(loaded.event.inbox)
        forgets = self._forgets(loaded.event.inbox)
        thought = Thought(
            lane, loaded.event, decided, token, self.clock(), holds, loaded.others, forgets
        )
        after = await self._steps.add(thought)
        self._done.inc()
        if at_once and outcome is not None and outcome.reply:
            self._said(loaded.event.inbox)
        self._turned(lane, loaded.event.inbox)
        if not at_once:
            self._signals.outbound.set()
        return after

    def _turned(self, lane: str, name: str) -> None:
        inbox = self._inboxes.get(name)
        self._signals.turn_done(lane, awaited=inbox is not None and inbox.answering is not None)

    def _said(self, name: str) -> None:
        inbox = self._inboxes.get(name)
        if inbox is not None:
            self._inboxes.sent(inbox)
            self._metrics.deliveries.labels(name, "sent").inc()

    async def _think(self, turn: Turn) -> Outcome | None:
        for_us = is_filed(turn) or is_released(turn)
        if turn.conversation.owner is not Owner.BOT and not for_us:
            return None
        with self._composing.while_thinking(turn.message.address):
            async with self._room, asyncio.timeout(THINKING_SECONDS):
                return await self._chain(turn)

    def _stored_is_sent(self, name: str) -> bool:
        # Where there is a pace to keep, or others read along, the senders see to it.
        inbox = self._inboxes.get(name)
        able = None if inbox is None or not is_plain(inbox) else inbox.capabilities
        return able is not None and able.stored_is_sent and not able.public

    def _holds(self, name: str) -> bool:
        inbox = self._inboxes.get(name)
        return inbox is not None and inbox.answering is not None and inbox.passive is None

    def _forgets(self, name: str) -> bool:
        inbox = self._inboxes.get(name)
        return inbox is not None and inbox.capabilities.forgets_who_left

    def _window(self, turn: Turn) -> ReplyWindow | None:
        inbox = self._inboxes.get(turn.message.address.inbox)
        window = inbox.capabilities.reply_window if inbox else None
        is_public = turn.message.address.visibility is Visibility.PUBLIC
        return None if window and is_public and not window.in_public else window


def _let_go(session: Session, lane: str, token: str) -> None:
    row = session.get(Lane, (LaneKind.IN, lane))
    if row is None or row.token != token:
        raise Fenced(lane)
    row.lease_until = row.token = None
    if row.done >= row.last_in:
        row.ready_at = None
    session.add(row)
