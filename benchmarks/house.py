"""The durable core without a web server: the real intake, worker and database, a stub handler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter, process_time

from sqlmodel import Session, func, select

from benchmarks.raw import BODY, CONVERSATIONS, PRODUCERS
from bot.cli.options import utc_now
from bot.config import inbox
from bot.inboxes import Inboxes
from bot.intake import Intake
from bot.metrics import Metrics
from bot.signals import Signals, Tell
from bot.worker import Worker
from channels.base import Reception
from channels.message import Address, IncomingMessage, Text
from handlers.base import Outcome, Turn
from storage import schema
from storage.database import Database, Unavailable
from storage.models import Delivery, InboundEvent

REPLY = Outcome(reply=(Text(text="y" * len(BODY)),), why={"handler": "stub"})


@dataclass(frozen=True, slots=True)
class Figures:
    """How fast something went: messages a second, CPU microseconds a message."""

    rate: float
    cpu: float


async def stub(_turn: Turn) -> Outcome | None:
    """Answer at once: what is measured is all the rest."""
    return REPLY


def said(number: int) -> Reception:
    """Return what an adapter hands over for one message."""
    thread = f"t{number % CONVERSATIONS}"
    address = Address(inbox="bench", thread=thread, contact=thread)
    message = IncomingMessage(
        address=address, dedupe_key=f"{number}", platform_id=f"{number}", sent_at=utc_now(),
        parts=(Text(text=BODY),), contact_name="Lily",
    )  # fmt: skip
    return Reception((message,))


class House:
    """The parts of one process; `tell` carries its hints to the others."""

    def __init__(self, db: Database, tell: Tell | None = None) -> None:
        self.db, self.metrics = db, Metrics()
        self.signals = Signals() if tell is None else Signals(tell)
        metrics = self.metrics
        configs = {"bench": inbox("bench", {"channel": "terminal"})}
        self.inboxes = Inboxes(db, configs, utc_now, metrics)
        self.intake = Intake(db, self.inboxes, self.signals, utc_now, metrics, 4.0)

    async def produce(self, receptions: Iterable[Reception], producers: int = PRODUCERS) -> Figures:
        """Hand receptions in from many producers, each waiting until its message is stored."""
        todo, count = iter(receptions), 0

        async def one() -> None:
            nonlocal count
            for reception in todo:
                count += 1
                while not await self._taken(reception):
                    pass

        begun, used = perf_counter(), process_time()
        await asyncio.gather(*(one() for _ in range(producers)))
        return Figures(count / (perf_counter() - begun), (process_time() - used) / count * 1e6)

    async def _taken(self, reception: Reception) -> bool:
        """Hand one in; who is told to come again does, as platforms do."""
        try:
            await self.intake.bring("bench", reception, None)
        except Unavailable:
            return False
        return True

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run a worker."""
        worker = Worker(
            self.db, stub, self.inboxes, self.signals, utc_now, self.metrics,
            queue_notice=timedelta(minutes=5),
        )  # fmt: skip
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            await worker.stop(10)
            await task

    async def done(self, count: int) -> None:
        """Wait until so many messages are processed."""
        while self.processed() < count:  # noqa: ASYNC110 - asking costs nothing here
            await asyncio.sleep(0.02)

    def processed(self) -> int:
        """Return how many messages were processed by now."""
        (metric,) = self.metrics.turns.labels("done").collect()
        return int(metric.samples[0].value)

    async def drain(self, count: int, done: int) -> Figures:
        """Let the worker process what waits; `done` is how many there will be in all."""
        begun, used = perf_counter(), process_time()
        async with self.working():
            await self.done(done)
        return Figures(count / (perf_counter() - begun), (process_time() - used) / count * 1e6)

    async def through(self, receptions: list[Reception], done: int) -> Figures:
        """Take messages in and process them at once."""
        begun, used = perf_counter(), process_time()
        async with self.working():
            await self.produce(receptions)
            await self.done(done)
        count = len(receptions)
        return Figures(count / (perf_counter() - begun), (process_time() - used) / count * 1e6)

    async def steadily(self, receptions: list[Reception], rate: int, done: int) -> list[float]:
        """Hand in so many a second; return how many seconds each waited until it was stored."""
        waits: list[float] = []

        async def one(reception: Reception) -> None:
            begun = perf_counter()
            await self._taken(reception)
            waits.append(perf_counter() - begun)

        async with self.working(), asyncio.TaskGroup() as tasks:
            begun = perf_counter()
            for number, reception in enumerate(receptions):
                await asyncio.sleep(max(0.0, begun + number / rate - perf_counter()))
                tasks.create_task(one(reception))
            await self.done(done)
        return waits

    async def processing(self) -> list[float]:
        """Return how many seconds passed from each message's coming to its being processed."""
        return await self.db.read(_processing)

    async def rows(self) -> tuple[int, int]:
        """Return how many events and deliveries there are."""
        return await self.db.read(_rows)


def _rows(session: Session) -> tuple[int, int]:
    found = [
        session.exec(select(func.count()).select_from(model)).one()
        for model in (InboundEvent, Delivery)
    ]
    return found[0], found[1]


def _processing(session: Session) -> list[float]:
    found = session.exec(select(InboundEvent.received_at, InboundEvent.done_at))
    return [(done - came).total_seconds() for came, done in found if done is not None]


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    """Give a house on an empty database at `url`."""
    schema.upgrade(url)
    async with Database(url) as db:
        yield House(db)
