"""A signal in the middle of everything: the process ends in time, and the next one goes on."""

import asyncio
import signal
import socket
from time import monotonic

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
from storage.models import Delivery, InboundEvent
from tests.e2e.conftest import moment
from tests.e2e.process import FAQ, Process
from tests.e2e.test_kill import settle

IN_TIME = 20.0
"""Seconds that the unit in docs/how-to/run-as-service.md leaves it."""


class Slow:
    """A platform that takes a message and does not answer until it is let go."""

    def __init__(self, app):
        self.app, self.asked, self.let_go = app, asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["path"].endswith("/sendMessage"):
            self.asked.set()
            await self.let_go.wait()
        await self.app(scope, receive, send)


@pytest.fixture
async def street(tmp_path):
    """A slow Telegram beside our process, which is not started yet."""
    simulator = registry.find("telegram").simulator("shop_telegram", moment)
    slow = Slow(simulator.app)
    url = f"sqlite:///{tmp_path}/yingda.db"
    schema.upgrade(url)
    async with Database(url) as db:
        await publish_demo(db, moment())
    async with serve(Starlette(routes=[Mount("/telegram", app=slow)])) as base:
        inboxes = {
            "shop_telegram": {
                "channel": "telegram",
                "base_url": f"{base}/telegram",
                "timeout": 60,
                **simulator.settings,
            },
            "web": {"channel": "webchat"},
        }
        config = {
            "database_url": url,
            "data_dir": str(tmp_path),
            "faq": FAQ,
            "inboxes": inboxes,
        }
        async with (
            Process(tmp_path, config) as process,
            httpx.AsyncClient(trust_env=False, timeout=60) as web,
        ):
            yield simulator, slow, process, web
        slow.let_go.set()


async def is_taken(web, simulator, hook, text):
    """Say something, and repeat it as the platform does where that is asked for."""
    push = simulator.say("lily", text)
    async with asyncio.timeout(60):
        while await simulator.deliver(web, hook, push) != 200:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
async def test_a_signal_ends_streams_and_slow_sends_in_time_and_loses_nothing(street, number):
    simulator, slow, process, web = street
    await process.start(web)
    root = f"http://127.0.0.1:{process.port}"
    visitor = (await web.post(f"{root}/inboxes/web/visitors")).json()["token"]
    headers = {"authorization": f"Bearer {visitor}"}
    hook = f"{root}/inboxes/shop_telegram/webhook"
    async with web.stream("GET", f"{root}/inboxes/web/stream", headers=headers) as stream:
        chunks = stream.aiter_bytes()
        assert await anext(chunks)
        await is_taken(web, simulator, hook, "如何申请退货")
        await slow.asked.wait()
        await is_taken(web, simulator, hook, "退款多久到账")
        begun = monotonic()
        process.child.send_signal(number)
        async with asyncio.timeout(IN_TIME):
            async for _ in chunks:
                pass
            assert await process.child.wait() == 0
    assert monotonic() - begun < IN_TIME
    slow.let_go.set()
    await process.start(web)
    await settle(process.url)
    async with Database(process.url, guest=True) as db:
        events = await db.read(lambda s: list(s.exec(select(InboundEvent))))
        found = await db.read(lambda s: list(s.exec(select(Delivery).order_by(Delivery.sequence))))
    assert [event.done_at is not None for event in events] == [True, True]
    assert [delivery.status.value for delivery in found] == ["uncertain", "sent"]


async def test_an_idle_connection_does_not_hold_up_the_end(street):
    _, _, process, web = street
    await process.start(web)
    with socket.create_connection(("127.0.0.1", process.port)) as idle:
        idle.sendall(b"POST /login HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nname=")
        process.child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(IN_TIME):
            assert await process.child.wait() == 0
