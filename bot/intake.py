"""The way in: verify, store, acknowledge. No matching and no sending happens here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import Session

from bot.inboxes import CURSOR, Inbox, Inboxes
from bot.metrics import Metrics
from bot.signals import Signals
from channels.base import Passive, Reception, Request, Webhook
from channels.errors import BadRequest
from storage import adapter_memory, deliveries, transport
from storage.database import Database, Unavailable
from storage.models import InboundEvent

log = structlog.get_logger(__name__)


STORE_SECONDS = 2.0
"""How long a platform waits for the disk before it is told to come again."""


class NoSuchInbox(LookupError):
    """There is no such inbox, or it is disabled, or its platform does not call."""


def _store(
    session: Session, inbox: str, reception: Reception, cursor: str | None, now: datetime
) -> list[transport.Accepted]:
    if cursor is not None:
        adapter_memory.remember(session, inbox, CURSOR, cursor, None)
    return transport.accept(session, inbox, reception, now)


def _is_done(session: Session, event_id: UUID) -> bool:
    event = session.get(InboundEvent, event_id)
    return event is None or event.done_at is not None


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

    async def receive(self, name: str, request: Request) -> Reception:
        """Return how to answer a platform's call, once its content is on disk.

        Raises:
            NoSuchInbox: answer 404.
            BadRequest: forged, stale or too large; answer with its status.
            storage.database.Unavailable: nothing was stored; answer 503 so that it comes again.
        """
        inbox = self._inboxes.get(name)
        if inbox is None or not isinstance(inbox.adapter, Webhook):
            raise NoSuchInbox(name)
        try:
            reception = await inbox.adapter.receive(request)
        except BadRequest as problem:
            self._metrics.accepted.labels(name, "refused").inc()
            log.warning("call refused", inbox=name, status=problem.status, problem=problem)
            raise
        stored = await self._keep(inbox, reception, None)
        if inbox.passive is not None:
            return await self._answer(inbox.passive, request, reception, stored)
        return reception

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
        if not reception.messages and not reception.quarantined and cursor is None:
            return []
        now = self._clock()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                stored = await self._db.write(_store, inbox.name, reception, cursor, now)
        except TimeoutError:
            raise Unavailable(
                "the database took too long; what it stores later counts once"
            ) from None
        inbox.last_in = now
        for item in stored:
            result = "duplicate" if not item.new else "message" if item.lane else "quarantined"
            self._metrics.accepted.labels(inbox.name, result).inc()
        if any(item.new and item.lane for item in stored):
            self._signals.inbound.set()
        return stored

    async def _answer(
        self,
        passive: Passive,
        request: Request,
        reception: Reception,
        stored: list[transport.Accepted],
    ) -> Reception:
        event = next((item for item in stored if item.lane is not None), None)
        if event is None or event.lane is None:
            return reception
        await self._wait(event.event_id, event.lane)
        message = await self._db.write(
            deliveries.take_passive, event.event_id, passive.fit, self._clock()
        )
        return reception if message is None else passive.answer(request, message)

    async def _wait(self, event_id: UUID, lane: str) -> None:
        try:
            async with asyncio.timeout(self._passive_wait):
                with self._signals.turn_of(lane) as done:
                    while not await self._db.read(_is_done, event_id):
                        await done.wait()
                        done.clear()
        except TimeoutError:
            log.info("no answer in time for the platform's call", lane=lane)
