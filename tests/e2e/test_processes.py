"""Two webs and two workers on one PostgreSQL: killed and cut off, they lose and double nothing."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.routing import Mount

from channels import registry
from channels.testing.server import serve
from faq.demo import publish_demo
from storage import schema
from storage.database import Database
from storage.models import Lane
from tests.e2e.conftest import moment
from tests.e2e.process import FAQ, UNCOUNTED, Process
from tests.e2e.test_kill import check_replies, stored, talk
from tests.postgres import Server

PLATFORMS = ("telegram", "slack")
CUSTOMERS = 2
KILLS, RESTARTS = 4, 2


@pytest.mark.long
@pytest.mark.timeout(500)
async def test_a_killed_worker_and_a_restarted_server_lose_and_double_nothing(tmp_path: Path):
    server = Server(durable=True)
    simulators = {n: registry.find(n).simulator(f"shop_{n}", moment) for n in PLATFORMS}
    platforms = Starlette(routes=[Mount(f"/{n}", app=s.app) for n, s in simulators.items()])
    schema.upgrade(server.url())
    async with Database(server.url()) as db:
        await publish_demo(db, moment())
    statuses: Counter[int] = Counter()

    async def count(answer: httpx.Response) -> None:
        if "/webhook" in answer.request.url.path:
            statuses[answer.status_code] += 1

    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(serve(platforms))
        client = await stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, event_hooks={"response": [count]})
        )
        webs, workers = [], []
        for role, made in (("web", webs), ("worker", workers)):
            for number in range(2):
                folder = tmp_path / f"{role}{number}"
                folder.mkdir()
                config = {
                    "database_url": server.url(),
                    "data_dir": str(folder),
                    "faq": FAQ,
                    "inboxes": {
                        f"shop_{n}": {
                            "channel": n,
                            "base_url": f"{base}/{n}",
                            **s.settings,
                            **UNCOUNTED.get(n, {}),
                        }
                        for n, s in simulators.items()
                    },
                }
                made.append(await stack.enter_async_context(Process(folder, config, role)))
        await asyncio.gather(*(process.start(client) for process in webs + workers))
        acknowledged = await traffic(simulators, webs, workers, server, client)
        await settle(server.url())
    total = doubt = 0
    async with Database(server.url()) as db:
        for (platform, name), said in acknowledged.items():
            texts, deliveries = await db.read(stored, f"shop_{platform}", name)
            assert texts == said, (platform, name)
            shown = [seen.text for seen in simulators[platform].seen_by(name)]
            doubt += check_replies(shown, deliveries)
            total += len(said)
    server.close()
    print(f"\n{total} acknowledged, {doubt} uncertain; webhooks answered {dict(statuses)}")  # noqa: T201
    assert total > len(acknowledged)
    assert statuses[503] > 0
    assert set(statuses) <= {200, 503}


async def settle(url):
    """Wait until every lane has nothing left, either way."""

    def busy(session):
        return session.exec(select(Lane).where(Lane.ready_at.is_not(None)).limit(1)).first()

    async with Database(url) as db:
        try:
            async with asyncio.timeout(90):
                while await db.read(busy) is not None:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"still there: {await db.read(busy)!r}")


async def traffic(simulators, webs, workers, server, client):
    """Kill workers and end the server while customers talk; return what was acknowledged."""
    over = asyncio.Event()
    acknowledged = {}
    dice = random.Random(4)
    async with asyncio.TaskGroup() as talks:
        for platform, simulator in simulators.items():
            for number in range(CUSTOMERS):
                port = webs[number % len(webs)].port
                hook = f"http://127.0.0.1:{port}/inboxes/shop_{platform}/webhook"
                name = f"customer{number}"
                taken = acknowledged[platform, name] = []
                talks.create_task(talk(simulator, name, hook, client, over, taken))
        for number in range(KILLS):
            await asyncio.sleep(dice.uniform(1, 3))
            worker = workers[number % len(workers)]
            await worker.kill()
            await worker.start(client)
        for _ in range(RESTARTS):
            await asyncio.sleep(dice.uniform(1, 3))
            server.stop()
            await asyncio.sleep(3)
            await asyncio.to_thread(server.start)
            for process in webs + workers:
                await process.ready(client)
        over.set()
    return acknowledged
