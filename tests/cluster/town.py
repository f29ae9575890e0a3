"""Two webs and two workers on one PostgreSQL, customers who talk, and what became of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import httpx
from sqlmodel import select
from starlette.applications import Starlette
from starlette.routing import Mount

from channels import registry
from channels.testing.server import serve
from faq.demo import publish_demo
from storage import lanes, schema
from storage.database import Database
from storage.models import Delivery, DeliveryStatus, InboundEvent, LaneKind
from tests.cluster.caller import Caller
from tests.cluster.pauses import Leases, Outage, Pauses, stood_still, went_on
from tests.e2e.conftest import moment
from tests.e2e.process import UNCOUNTED, Process
from tests.e2e.test_kill import QUESTIONS, check_replies, stored

QUIET_SECONDS = 600
PLATFORMS = ("wechat", "weibo", "telegram", "slack")
ROLES = ("web0", "web1", "worker0", "worker1")
RATE = 10.0
"""Messages a second, unless a test wants another load."""
EACH = 1.25
"""Seconds between two messages of a customer: a platform lets us answer one once a second."""
OPEN = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
Said = list[tuple[float, str]]


class Town:
    """Simulated platforms with customers, and the product as four processes."""

    def __init__(self, url: str, folder: Path, rate: float = RATE) -> None:
        self.url, self.folder = url, folder
        self.customers = max(1, round(rate * EACH / len(PLATFORMS)))
        self.simulators = {n: registry.find(n).simulator(f"shop_{n}", moment) for n in PLATFORMS}
        self.parts: dict[str, Process] = {}
        self.said: dict[tuple[str, str], Said] = {}
        self.statuses: Counter[int] = Counter()
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        await asyncio.to_thread(schema.upgrade, self.url)
        async with Database(self.url) as db:
            await publish_demo(db, moment())
        app = Starlette(routes=[Mount(f"/{n}", app=s.app) for n, s in self.simulators.items()])
        base = await self._stack.enter_async_context(serve(app))
        self.asking = httpx.AsyncClient(trust_env=False, timeout=6)
        await self._stack.enter_async_context(self.asking)
        config: dict[str, object] = {
            "database_url": self.url,
            "faq": {"encoder": "off"},
            "inboxes": {
                f"shop_{n}": {
                    "channel": n,
                    "base_url": f"{base}/{n}",
                    "messages_per_second": 1000,
                    **s.settings,
                    **UNCOUNTED.get(n, {}),
                }
                for n, s in self.simulators.items()
            },
        }
        for name in ROLES:
            folder = self.folder / name
            folder.mkdir()
            part = Process(folder, {**config, "data_dir": str(folder)}, name.rstrip("0123456789"))
            self.parts[name] = await self._stack.enter_async_context(part)
        await self.all_ready(start=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def all_ready(self, *, start: bool = False) -> None:
        """Start every process, or wait until each can serve again."""
        parts = self.parts.values()
        await asyncio.gather(*((p.start if start else p.ready)(self.asking) for p in parts))

    @asynccontextmanager
    async def talking(self):
        """Let customers talk until the end of the block, and answers reach them."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as talks:
            for platform in PLATFORMS:
                for number in range(self.customers):
                    name, web = f"customer{number:03}", self.parts[ROLES[number % 2]]
                    hook = f"http://127.0.0.1:{web.port}/inboxes/shop_{platform}/webhook"
                    said = self.said[platform, name] = []
                    talks.create_task(self._talk(platform, name, hook, over, said))
            try:
                yield self
            finally:
                over.set()
        await self.quiet()

    async def _talk(self, platform, name, hook, over, said) -> None:
        """Say something every so often, whether or not the last answer took its time."""
        dice, number, caller = random.Random(f"{platform}{name}"), 0, Caller(hook)
        due = time.monotonic()
        try:
            while not over.is_set():
                words = QUESTIONS[number % len(QUESTIONS)] if number else f"{name} {QUESTIONS[0]}"
                push = self.simulators[platform].say(name, words)
                while not await self._taken(caller, push):
                    await asyncio.sleep(0.05)
                said.append((time.monotonic(), words))
                number += 1
                due += dice.uniform(0.4 * EACH, 1.6 * EACH)
                # What an outage kept from being said is not said afterwards.
                due = max(due, time.monotonic() - EACH)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            caller.close()

    async def _taken(self, caller: Caller, push) -> bool:
        status = await caller.call(
            push.method, dict(push.query), dict(push.headers), push.body or b""
        )
        if status is None:
            return False
        self.statuses[status] += 1
        return status < 300

    async def quiet(self) -> None:
        """Wait until nothing waits or is on its way."""

        def waiting(session) -> bool:
            pending = select(Delivery.id).where(Delivery.status.in_(OPEN)).limit(1)
            backlogs = [lanes.backlog(session, kind)[0] for kind in LaneKind]
            return any(backlogs) or session.exec(pending).first() is not None

        async with Database(self.url) as db, asyncio.timeout(QUIET_SECONDS):
            while await db.read(waiting):
                await asyncio.sleep(0.2)

    async def check(self) -> str:
        """Everything acknowledged is there once and in order, and so are the answers."""
        total = doubt = 0
        async with Database(self.url) as db:
            for (platform, name), said in self.said.items():
                words, deliveries = await db.read(stored, f"shop_{platform}", name)
                taken = [text for _, text in said]
                lost, more = Counter(taken) - Counter(words), Counter(words) - Counter(taken)
                assert words == taken, f"{platform}, {name}: lost {lost}, doubled {more}"
                shown = [seen.text for seen in self.simulators[platform].seen_by(name)]
                doubt += check_replies(shown, deliveries)
                total += len(said)
            waits = await db.read(_waits)
        assert set(self.statuses) <= {200, 503}, self.statuses
        assert total > len(self.said)
        return (
            f"{total} acknowledged, 0 lost, 0 doubled, {doubt} uncertain, "
            f"{self.statuses[503]} times 503; processed within "
            f"{waits[len(waits) // 2]:.2f} s (half), {waits[-1 - len(waits) // 100]:.1f} s (99%), "
            f"{waits[-1]:.1f} s (all)"
        )

    async def pauses(self, watched: Leases) -> Pauses:
        """Return how long conversations stood still, by what the dead had of them."""
        async with Database(self.url) as db:
            return Pauses(await db.read(stood_still), watched)

    async def went_on(self, outages: list[Outage]) -> list[float]:
        """Return how long after an outage each conversation that waited went on."""
        async with Database(self.url) as db:
            return went_on(await db.read(stood_still), outages)

    def reached(self) -> float:
        """Return how many messages a second were acknowledged."""
        times = sorted(at for said in self.said.values() for at, _ in said)
        return len(times) / (times[-1] - times[0])

    def outage(self, since: float, until: float) -> float:
        """Return the longest time between two acknowledgements in a span of time."""
        all_times = sorted(at for said in self.said.values() for at, _ in said)
        times = [since, *(at for at in all_times if since < at < until)]
        return max((later - one for one, later in pairwise(times)), default=0.0)


def _waits(session) -> list[float]:
    events = session.exec(select(InboundEvent.received_at, InboundEvent.done_at))
    return sorted((done - received).total_seconds() for received, done in events if done)
