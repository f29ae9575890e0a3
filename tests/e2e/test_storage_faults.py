"""A full disk, a locked database: the platform is told to come again, and nothing is lost."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from channels import registry
from channels.simulation import Push, Simulator
from channels.testing.server import serve
from faq.demo import publish_demo
from storage import schema
from storage.database import Database
from tests.e2e.conftest import moment
from tests.e2e.process import FAQ, Process

PATIENCE = 9.0
"""Less than SQLite itself waits for a lock, and enough for a busy machine to say no in."""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@dataclass
class Shop:
    """A running product with one platform."""

    process: Process
    simulator: Simulator
    client: httpx.AsyncClient
    path: Path

    async def push(self, push: Push) -> int:
        hook = f"http://127.0.0.1:{self.process.port}/inboxes/shop/webhook"
        answer = await self.client.request(
            push.method, hook, params=dict(push.query), headers=dict(push.headers),
            content=push.body, timeout=PATIENCE,
        )  # fmt: skip
        return answer.status_code

    async def ready(self) -> bool:
        answer = await self.client.get(f"http://127.0.0.1:{self.process.port}/readyz")
        return answer.status_code == 200

    async def until_taken(self, push: Push) -> None:
        """Repeat a push as its platform does."""
        async with asyncio.timeout(60):
            while await self.push(push) != 200:
                await asyncio.sleep(0.1)

    async def until_answered(self, customer: str, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.simulator.seen_by(customer)) < number:
                await asyncio.sleep(0.05)

    def limit_files(self, limits: tuple[int, int]) -> None:
        """Let the process's files grow no further, as on a full disk."""
        resource.prlimit(self.process.child.pid, resource.RLIMIT_FSIZE, limits)

    def stored(self) -> list[str]:
        with sqlite3.connect(self.path) as connection:
            found = connection.execute("SELECT dedupe_key FROM inboundevent ORDER BY sequence")
            keys = [key for (key,) in found]
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        return keys


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    simulator = registry.find("telegram").simulator("shop", moment)
    url = f"sqlite:///{folder}/yingda.db"
    schema.upgrade(url)
    async with Database(url) as db:
        await publish_demo(db, moment())
    async with serve(simulator.app) as base, httpx.AsyncClient(trust_env=False, timeout=60) as c:
        settings = {"channel": "telegram", "base_url": base, **simulator.settings}
        config = {
            "database_url": url,
            "data_dir": str(folder),
            "faq": FAQ,
            "inboxes": {"shop": settings},
        }
        async with Process(folder, config) as process:
            await process.start(c)
            yield Shop(process, simulator, c, folder / "yingda.db")


async def test_a_full_disk_acknowledges_nothing_and_heals_by_itself(tmp_path: Path):
    async with shop(tmp_path) as there:
        await there.until_taken(there.simulator.say("lily", "如何申请退货"))
        await there.until_answered("lily", 1)
        there.limit_files((0, resource.RLIM_INFINITY))
        waiting = [there.simulator.say("lily", text) for text in ("退款多久到账", "怎么开发票")]
        assert [await there.push(push) for push in waiting] == [503, 503]
        assert not await there.ready()
        there.limit_files(UNLIMITED)
        for push in waiting:
            await there.until_taken(push)
        await there.until_answered("lily", 3)
        assert await there.ready()
        assert len(there.stored()) == 3
        shown = [seen.text for seen in there.simulator.seen_by("lily")]
        assert "退款" in shown[1]
        assert "发票" in shown[2]


async def test_a_locked_database_lets_no_platform_wait_for_it(tmp_path: Path):
    async with shop(tmp_path) as there:
        await there.until_taken(there.simulator.say("lily", "如何申请退货"))
        await there.until_answered("lily", 1)
        locker = sqlite3.connect(there.path, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        push = there.simulator.say("lily", "退款多久到账")
        assert await there.push(push) == 503
        assert not await there.ready()
        locker.execute("ROLLBACK")
        locker.close()
        await there.until_taken(push)
        await there.until_answered("lily", 2)
        assert await there.ready()
        assert len(there.stored()) == 2
        assert len(there.simulator.seen_by("lily")) == 2


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_is_stored_after_the_platform_gave_up_still_counts_once(tmp_path: Path, when):
    async with shop(tmp_path) as there:
        locker = sqlite3.connect(there.path, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        push = there.simulator.say("lily", "退款多久到账")
        assert await there.push(push) == 503
        if when == "before":
            assert await there.push(push) == 503
        locker.execute("ROLLBACK")
        locker.close()
        await there.until_taken(push)
        await there.until_answered("lily", 1)
        assert await there.push(push) == 200
        assert len(there.stored()) == 1
