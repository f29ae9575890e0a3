"""The whole product with simulated platforms around it, and people who use it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.app import compose
from bot.config import Config, inbox
from bot.service import Service
from channels import registry
from channels.simulation import Push, Seen, Simulator
from channels.testing.server import serve
from console.auth import hash_password
from faq.config import FaqConfig
from faq.demo import publish_demo
from storage import people
from storage.database import Database
from storage.models import Role
from tests.e2e.process import FAQ
from tests.patience import PATIENCE

PLATFORMS = ("wechat", "weibo", "telegram", "slack", "webchat")
MORE: dict[str, dict[str, Any]] = {"webchat": {"attachments": True}}
ROW = re.compile(r'data-id="([0-9a-f-]{36})"')
ALONE = {"hx-request": "true"}
"""Asks for a conversation without the list beside it."""
PASSWORD = "correct horse battery"


def moment() -> datetime:
    return datetime.now(UTC)


def plain_client(**more: Any) -> httpx.AsyncClient:
    """Return a client for what is on this machine; reading whom TLS trusts takes 30 ms a client."""
    return httpx.AsyncClient(trust_env=False, verify=False, timeout=60, **more)


@dataclass
class Clock:
    """The time that the product goes by; a test may put it forward."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return moment() + self.ahead


@dataclass
class Product:
    """A running product and its surroundings."""

    url: str
    service: Service
    simulators: dict[str, Simulator]
    client: httpx.AsyncClient
    clock: Clock
    people: dict[str, Person] = field(default_factory=dict)

    def customer(self, platform: str, name: str = "lily") -> Customer:
        return Customer(self, self.simulators[platform], name)


@dataclass
class Customer:
    """Somebody with a phone."""

    product: Product
    simulator: Simulator
    name: str
    read: int = 0

    @property
    def hook(self) -> str:
        kind = "messages" if self.simulator.channel == "webchat" else "webhook"
        return f"{self.product.url}/inboxes/{self.simulator.inbox}/{kind}"

    async def says(self, text: str) -> int:
        return await self.push(self.simulator.say(self.name, text))

    async def push(self, push: Push) -> int:
        self.read = len(self.simulator.screen)
        return await self.simulator.deliver(self.product.client, self.hook, push)

    async def taps(self, seen: Seen, label: str) -> int:
        labels = [shown for _, shown in seen.options]
        if not labels:
            number = re.search(rf"(\d+)[.、] ?{re.escape(label)}", seen.text)
            assert number, f"no {label!r} in {seen.text!r}"
            return await self.says(number[1])
        return await self.push(self.simulator.tap(seen, labels.index(label)))

    async def hears(self, words: str) -> Seen:
        try:
            async with asyncio.timeout(PATIENCE):
                if self.simulator.channel != "webchat":
                    return await self.simulator.waits_for(self.name, words, self.read)
                while True:
                    await self.simulator.poll(self.product.client, self.product.url, self.name)
                    for seen in self.simulator.seen_by(self.name, self.read):
                        if words in seen.text:
                            return seen
                    await asyncio.sleep(0.02)
        except TimeoutError:
            shown = [seen.text for seen in self.simulator.seen_by(self.name)]
            raise AssertionError(f"{self.name} never read {words!r}, but {shown}") from None


class Person:
    """Somebody of the firm, at the desk's real pages."""

    def __init__(self, product: Product, name: str) -> None:
        self.name = name
        self.client = plain_client(base_url=product.url, follow_redirects=True)
        self.csrf = ""

    async def logs_in(self) -> None:
        answer = await self.client.post(
            "/login",
            data={"name": self.name, "password": PASSWORD, "next": "/"},
            headers={"origin": str(self.client.base_url).rstrip("/")},
        )
        assert answer.status_code == 200, answer.text
        found = re.search(
            r"X-CSRF-Token&#34;: &#34;([^&]+)|X-CSRF-Token\": \"([^\"]+)", answer.text
        )
        assert found, "no token on the page"
        self.csrf = found[1] or found[2]

    async def looks_at(self, path: str, **headers: str) -> str:
        answer = await self.client.get(path, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return unescape(answer.text)

    async def does(self, path: str, **fields: Any) -> httpx.Response:
        return await self.client.post(
            path,
            data=fields,
            headers={
                "x-csrf-token": self.csrf,
                "origin": str(self.client.base_url).rstrip("/"),
            },
        )

    async def finds(self, words: str, view: str = "queue") -> str:
        """Return the id of the listed conversation whose thread has `words` in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                page = await self.looks_at(f"/inbox?view={view}")
                for found in ROW.finditer(page):
                    if words in await self.looks_at(f"/inbox/{found[1]}", **ALONE):
                        return found[1]
                await asyncio.sleep(0.05)


@pytest.fixture
async def product(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Product]:
    # A busy machine may take its time: a platform that is told to come again is no news.
    monkeypatch.setattr("bot.intake.STORE_SECONDS", PATIENCE)
    monkeypatch.setattr("bot.worker.THINKING_SECONDS", PATIENCE)
    clock = Clock()
    simulators = {name: registry.find(name).simulator(f"shop_{name}", clock) for name in PLATFORMS}
    platforms = Starlette(routes=[Mount(f"/{n}", app=s.app) for n, s in simulators.items()])
    async with AsyncExitStack() as stack:
        async with Database(url) as db:
            await publish_demo(db, moment())
            await db.write(_staff)
        base = await stack.enter_async_context(serve(platforms))
        config = Config(
            database_url=url,
            data_dir=tmp_path,
            demo=False,
            faq=FaqConfig(**FAQ),
            inboxes={
                f"shop_{name}": inbox(
                    f"shop_{name}",
                    {
                        "channel": name,
                        "base_url": f"{base}/{name}",
                        **simulator.settings,
                        **MORE.get(name, {}),
                    },
                )
                for name, simulator in simulators.items()
            },
        )
        app = compose(config, clock)
        service = await stack.enter_async_context(app.state.service)
        root = await stack.enter_async_context(serve(app))
        stack.callback(service.begin_stop)
        client = await stack.enter_async_context(plain_client())
        made = Product(root, service, simulators, client, clock)
        for name in STAFF:
            person = made.people[name] = Person(made, name)
            stack.push_async_callback(person.client.aclose)
            await person.logs_in()
        yield made


STAFF = {
    "ann": Role.AGENT,
    "dora": Role.HANDLER,
    "sue": Role.SUPERVISOR,
    "admin": Role.ADMIN,
}


def _staff(session: Any) -> None:
    hashed = hash_password(PASSWORD, time_cost=1, memory_cost=8192)
    for name, role in STAFF.items():
        people.create_agent(session, name, hashed, role, moment(), display_name=name.title())
