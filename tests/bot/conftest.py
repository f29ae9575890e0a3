"""A house without a web server: real parts around a stranger's channel, a clock that is moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import func, select

from bot import config as configuration
from bot.app import compose
from bot.delivery import Sender
from bot.inboxes import Inboxes
from bot.intake import Answered, Intake
from bot.lane_loop import LEASE, LaneLoop
from bot.metrics import Metrics
from bot.service import Service
from bot.signals import Signals
from bot.worker import Worker
from channels.base import Reception, Request
from channels.message import Address, Text, text_of
from faq.config import FaqConfig
from handlers.base import Handler, Outcome, Turn
from storage import contacts, conversations, lanes, shares
from storage.database import Database
from storage.models import Author, Conversation, Delivery, InboundEvent, Lane, LaneKind, Message
from tests.patience import PATIENCE

STRANGERS = Path(__file__).parent / "strangers"
TOKEN = "token"


@dataclass
class Time:
    """A clock that a test moves."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


async def echo(turn: Turn) -> Outcome | None:
    return Outcome(reply=(Text(text=f"re: {turn.text}"),))


def said(text: str, thread: str = "lily", key: str | None = None, **headers: str) -> Request:
    """Return the call of the strange platform for a customer's text."""
    body = json.dumps({"text": text, "thread": thread, "key": key or f"{thread}:{text}"})
    return Request("POST", {}, headers, body.encode())


@dataclass
class House:
    """The parts of one process, driven step by step."""

    db: Database
    time: Time
    inboxes: Inboxes
    signals: Signals
    metrics: Metrics
    intake: Intake
    worker: Worker
    sender: Sender
    stack: AsyncExitStack = field(repr=False)

    def adapter(self, name: str = "shop") -> Any:
        return self.inboxes.by_name[name].adapter

    async def open(self) -> House:
        """Start the inboxes and wait until each is ready."""
        self.inboxes.start(self.intake.bring, self.intake.cursor)
        self.stack.push_async_callback(self.inboxes.stop)
        for inbox in self.inboxes.by_name.values():
            async with asyncio.timeout(60):
                await inbox.ready.wait()
        return self

    async def brings(
        self,
        text: str,
        thread: str = "lily",
        key: str | None = None,
        inbox: str = "shop",
        **how: Any,
    ) -> Reception:
        """Take a call whose answer nobody writes."""
        return await self.intake.receive(inbox, said(text, thread, key), **how)

    async def hears(
        self, text: str, thread: str = "lily", key: str | None = None, inbox: str = "shop"
    ) -> Reception:
        """Take a call and answer it, as the web server does."""
        answer = await self.brings(text, thread, key, inbox)
        if isinstance(answer, Answered):
            await self.intake.given(answer)
        return answer

    async def heard(self, count: int) -> None:
        """Wait until so many messages are stored: some platforms have to be asked for them."""

        def stored(session: Any) -> int:
            return session.exec(select(func.count()).select_from(InboundEvent)).one()

        async with asyncio.timeout(60):
            while True:
                self.signals.inbound.clear()
                if await self.db.read(stored) >= count:
                    return
                await self.signals.inbound.wait()

    async def think(self) -> None:
        now = self.time()
        await self._work(
            self.worker,
            await self.db.write(
                lanes.claim, LaneKind.IN, self.worker._token, now, LEASE, limit=100
            ),
        )

    async def send(self) -> None:
        """Send what is ready now, one after the other."""
        rooms, token = dict.fromkeys(self.sender.able(), 100), self.sender._token
        await self._work(
            self.sender, await self.db.write(shares.claim, token, self.time(), LEASE, rooms)
        )

    async def send_together(self) -> None:
        """Send what is ready now as the loop does, all at once."""
        claimed = await self.sender.claim(32)
        await asyncio.gather(*(self.sender._guarded(lane, self.sender._token) for lane in claimed))

    async def _work(self, loop: LaneLoop, claimed: list[str]) -> None:
        """Work what is ready at this moment, as the loop would, failures included."""
        for lane in claimed:
            await loop._guarded(lane, loop._token)

    async def says(self, *texts: str, thread: str = "lily", inbox: str = "shop") -> list[Message]:
        """Put messages of an agent on their way."""
        return [await self.db.write(_append, inbox, thread, text, self.time()) for text in texts]

    async def deliveries(self) -> list[Delivery]:
        return await self.db.read(
            lambda s: list(s.exec(select(Delivery).order_by(Delivery.lane, Delivery.sequence)))
        )

    async def statuses(self) -> list[str]:
        return [delivery.status.value for delivery in await self.deliveries()]

    async def conversation(self, thread: str = "lily") -> Conversation:
        return await self.db.read(
            lambda s: s.exec(select(Conversation).where(Conversation.thread == thread)).one()
        )

    async def spoken(self, thread: str = "lily") -> list[tuple[str, str]]:
        """Return who said what in a thread."""

        def messages(session: Any) -> list[Message]:
            found = select(Message).join(Conversation, Conversation.id == Message.conversation_id)
            return list(
                session.exec(found.where(Conversation.thread == thread).order_by(Message.position))
            )

        return [(m.author.value, text_of(m.parts)) for m in await self.db.read(messages)]

    async def lane(self, kind: LaneKind, key: str = "shop:lily") -> Lane:
        return await self.db.read(lambda s: s.get_one(Lane, (kind, key)))

    def texts(self, name: str = "shop") -> list[str]:
        """Return what arrived at the platform."""
        return [text_of(message.parts) for message in self.adapter(name).sent]

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def _append(session: Any, inbox: str, thread: str, text: str, now: datetime) -> Message:
    address = Address(inbox=inbox, thread=thread, contact=thread)
    contact, _ = contacts.find_or_make(session, inbox, thread, None, "zh", now)
    open_one = conversations.find_open(session, inbox, thread)
    conversation = open_one or conversations.open_for(session, address, contact, "zh", now)
    return conversations.append(session, conversation, Author.AGENT, (Text(text=text),), now)


Build = Callable[..., House]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time to store and to think: that it may give up is no news."""
    monkeypatch.setattr("bot.intake.STORE_SECONDS", PATIENCE)
    monkeypatch.setattr("bot.worker.THINKING_SECONDS", PATIENCE)


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a stranger's channel package."""
    monkeypatch.syspath_prepend(str(STRANGERS))


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
async def build(db: Database, time: Time, strangers: None) -> AsyncIterator[Build]:
    """Build a house; its inboxes are of the strange channel unless they say otherwise."""
    async with AsyncExitStack() as stack:

        def make(
            chain: Handler = echo, passive_wait: float = 30, **settings: Mapping[str, Any]
        ) -> House:
            configs = {
                name: configuration.inbox(name, {"channel": "strange", **told})
                for name, told in (settings or {"shop": {}}).items()
            }
            metrics, signals = Metrics(), Signals()
            inboxes = Inboxes(db, configs, time, metrics)
            intake = Intake(db, inboxes, signals, time, metrics, passive_wait)
            worker = Worker(
                db, chain, inboxes, signals, time, metrics, queue_notice=timedelta(minutes=5)
            )
            sender = Sender(db, inboxes, signals, time, metrics)
            return House(db, time, inboxes, signals, metrics, intake, worker, sender, stack)

        yield make


@dataclass
class Served:
    """A whole product in this process, and somebody who calls it over HTTP."""

    app: FastAPI
    service: Service
    client: httpx.AsyncClient

    def adapter(self, name: str = "shop") -> Any:
        return self.service.inboxes.by_name[name].adapter


def moment() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def run(
    url: str, tmp_path: Path, strangers: None
) -> AsyncIterator[Callable[..., Awaitable[Served]]]:
    """Start products, each with its settings; stop them at the end."""
    async with AsyncExitStack() as stack:

        async def start(inboxes: Mapping[str, Any] | None = None, **settings: Any) -> Served:
            told = {"shop": {}} if inboxes is None else inboxes
            config = configuration.Config(
                database_url=url,
                data_dir=tmp_path,
                faq=FaqConfig(encoder="off", budget_ms=10_000, learn=False),
                inboxes={
                    name: configuration.inbox(name, {"channel": "strange", **some})
                    for name, some in told.items()
                },
                **{"demo": False, **settings},
            )
            # No platform would wait so long for the answer in its call; a test may have to.
            app = compose(config.model_copy(update={"passive_wait": PATIENCE}), moment)
            service = await stack.enter_async_context(app.state.service)
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(transport=transport, base_url="http://shop.test")
            served = Served(app, service, await stack.enter_async_context(client))
            for inbox in service.inboxes.by_name.values() if service.demo is None else ():
                async with asyncio.timeout(60):
                    await inbox.ready.wait()
            return served

        yield start
