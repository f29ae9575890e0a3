"""The way in: verify, store, acknowledge. No matching and no sending happens here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlmodel import Session

from bot.arrivals import Arrived, arrive
from bot.inboxes import CURSOR, Inbox, Inboxes
from bot.metrics import Metrics
from bot.signals import Signals, wait_for
from channels.base import Passive, Reception, Request
from channels.errors import BadRequest
from channels.message import OutgoingMessage
from storage import adapter_memory, bounces, passive, slots, transport
from storage.batches import TOO_MUCH, Batches
from storage.database import Database, StorageError, Unavailable
from storage.jobs import Terms, on_terms
from storage.lanes import Fenced

log = structlog.get_logger(__name__)

HasLeft = Callable[[], Awaitable[bool]]
GLANCE_SECONDS = 0.1
"""How often a held call looks whether another process has thought about its message."""


STORE_SECONDS = 2.0
"""How long a platform waits for the disk before it is told to come again."""
WAITING = 512
"""How many calls may wait to be stored; who comes then is told at once to try again.

Fewer than are stored in half of `STORE_SECONDS`, also while many are turned away: a call that
waits in vain costs as much as one that is stored.
"""


class NoSuchInbox(LookupError):
    """There is no such inbox, or it is disabled, or its platform does not call."""


@on_terms(Terms(prompt=True, seconds=STORE_SECONDS))
def _store(
    session: Session,
    inbox: str,
    reception: Reception,
    cursor: str | None,
    now: datetime,
    held_until: datetime | None,
) -> list[transport.Accepted]:
    if cursor is not None:
        adapter_memory.remember(session, inbox, CURSOR, cursor, None)
    stored = transport.accept(session, inbox, reception, now)
    for gone in reception.bounced:
        if bounces.bounce(session, inbox, gone, now):
            log.warning("a message did not arrive after all", inbox=inbox, problem=gone.error)
    if held_until is not None:
        for item in stored:
            if item.lane is not None:
                slots.open_slot(session, item.event_id, held_until, now)
    return stored


def _hand_on(arrived: Sequence[Arrived | Exception]) -> None:
    # Also what came with calls that nobody waits for any more.
    for one in arrived:
        if isinstance(one, Arrived):
            one.hand_on()


async def _stays() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Answered(Reception):
    """A reply rides in it: tell `Intake.given` once it was written to the platform."""

    inbox: str = ""
    event_id: UUID | None = None


class Intake:
    """Takes what platforms bring and makes it durable."""

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        signals: Signals,
        clock: Callable[[], datetime],
        metrics: Metrics,
        passive_wait: float,
    ) -> None:
        self._db, self._inboxes, self._signals = db, inboxes, signals
        self._clock, self._metrics, self._passive_wait = clock, metrics, passive_wait
        self._arrivals: Batches[transport.Arrival, Arrived] = Batches(
            db,
            partial(arrive, host=lambda: self._signals.host),
            most=WAITING,
            patience=STORE_SECONDS,
            only_awaited=True,
            stored=_hand_on,
        )

    async def receive(self, name: str, request: Request, has_left: HasLeft = _stays) -> Reception:
        """Return how to answer a platform's call, once its content is on disk.

        `has_left` says whether the caller has hung up: then no reply rides in this answer.

        Raises:
            NoSuchInbox: answer 404.
            BadRequest: forged, stale or too large; answer with its status.
            storage.database.Unavailable: nothing was stored; answer 503 so that it comes again.
        """
        inbox = self._inboxes.get(name)
        if inbox is None or inbox.webhook is None:
            raise NoSuchInbox(name)
        if self._arrivals.full:
            # Before it is read: what cannot be stored must not cost what could be.
            raise Unavailable(TOO_MUCH)
        try:
            reception = await inbox.webhook.receive(request)
        except BadRequest as problem:
            self._metrics.accepted.labels(name, "refused").inc()
            log.warning("call refused", inbox=name, status=problem.status, problem=problem)
            raise
        stored = await self._keep(inbox, reception, None)
        event = next((item for item in stored if item.lane is not None), None)
        if inbox.answering is None or event is None or event.lane is None:
            return reception
        await self._wait(event.event_id, event.lane)
        if await has_left():
            return reception
        message = await self._take(inbox.answering, event.event_id)
        if message is None:
            self._signals.outbound.set()
            return reception
        answer = inbox.answering.answer(request, message)
        return Answered(
            status=answer.status,
            body=answer.body,
            headers=answer.headers,
            inbox=name,
            event_id=event.event_id,
        )

    async def given(self, answered: Answered) -> None:
        """Note that the platform was given an answer; the replies in it are sent."""
        inbox = self._inboxes.get(answered.inbox)
        if inbox is None or answered.event_id is None:
            return
        now = self._clock()
        try:
            ended = await self._db.write(slots.given, answered.event_id, now)
        except StorageError:
            log.exception("an answer was given and could not be noted", inbox=inbox.name)
            return
        inbox.last_out = now
        self._metrics.deliveries.labels(inbox.name, "sent").inc(ended)

    async def bring(self, name: str, reception: Reception, cursor: str | None) -> None:
        """Store what a polling or listening adapter brought, with the cursor after it."""
        inbox = self._inboxes.get(name)
        if inbox is not None:
            await self._keep(inbox, reception, cursor)

    async def cursor(self, name: str) -> str | None:
        """Return where a polling adapter left off."""
        return await self._db.read(adapter_memory.recall, name, CURSOR, self._clock())

    async def _keep(
        self, inbox: Inbox, reception: Reception, cursor: str | None
    ) -> list[transport.Accepted]:
        told = reception.messages or reception.quarantined or reception.bounced
        if not told and cursor is None:
            return []
        now = self._clock()
        arrived = await self._store(inbox, reception, cursor, now)
        inbox.last_in = now if told else inbox.last_in
        self._note(inbox, arrived)
        return arrived.accepted

    async def _store(
        self, inbox: Inbox, reception: Reception, cursor: str | None, now: datetime
    ) -> Arrived:
        until = now + timedelta(seconds=self._passive_wait) if inbox.answering else None
        try:
            if cursor is None and until is None and not reception.bounced:
                return await self._arrivals.add(transport.Arrival(inbox.name, reception, now))
            async with asyncio.timeout(STORE_SECONDS):
                return Arrived(
                    await self._db.write(_store, inbox.name, reception, cursor, now, until)
                )
        except TimeoutError:
            raise Unavailable(
                "the database took too long; what it stores after all counts once"
            ) from None

    def _note(self, inbox: Inbox, arrived: Arrived) -> None:
        """Count what came in, and wake who thinks about it, unless they have it already."""
        for item in arrived.accepted:
            result = "duplicate" if not item.new else "message" if item.lane else "quarantined"
            self._metrics.accepted.labels(inbox.name, result).inc()
        lanes = {item.lane for item in arrived.accepted if item.new and item.lane}
        if lanes.difference(arrived.handed):
            self._signals.inbound.set()

    async def _wait(self, event_id: UUID, lane: str) -> None:
        try:
            async with asyncio.timeout(self._passive_wait):
                with self._signals.turn_of(lane) as done:
                    while not await self._db.read(slots.is_decided, event_id):
                        await wait_for(done, GLANCE_SECONDS)
        except TimeoutError:
            log.info("no answer in time for the platform's call", lane=lane)

    async def _take(self, adapter: Passive, event_id: UUID) -> OutgoingMessage | None:
        try:
            return await self._db.write(
                passive.take, event_id, adapter.fit, self._clock(), only_way=adapter.passive
            )
        except Fenced:
            return None
