"""Thousands of timers due at once, several processes, one of them killed in the middle."""

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from storage import schema, timers
from storage.database import Database
from storage.models import Timer
from storage.models.activity import Activity
from storage.upsert import insert
from tests.cluster.servers import Server
from tests.cluster.test_product import database, tell
from tests.e2e.conftest import moment

pytestmark = [pytest.mark.cluster, pytest.mark.long, pytest.mark.timeout(600)]
TIMERS, PROCESSES = 5000, 4


@asynccontextmanager
async def ticking(url: str, folder: Path):
    """Run a process that minds the clock."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("ticking.py")), url, str(folder),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        assert await child.stdout.readline() == b"ticking\n"
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.wait()


def plan(session, first) -> None:
    rows = [
        {
            "key": f"timer:{n}",
            "kind": "note",
            "due_at": first + timedelta(seconds=n / TIMERS),
            "payload": {},
        }
        for n in range(TIMERS)
    ]
    session.connection().execute(insert(session, Timer), rows)


def fired(session) -> list[dict]:
    facts = session.exec(select(Activity))
    return [fact.data for fact in facts if "timer" in fact.data]


async def test_each_of_five_thousand_fires_once_though_a_process_dies(
    single: Server, tmp_path: Path
):
    database(single.url(), "timers")
    url = single.url("timers")
    await asyncio.to_thread(schema.upgrade, url)
    async with Database(url) as db, AsyncExitStack() as stack:
        children = [
            await stack.enter_async_context(ticking(url, tmp_path / str(number)))
            for number in range(PROCESSES)
        ]
        first = moment() + timedelta(seconds=5)
        await db.write(plan, first)
        # Killed once it is known to be in the middle of it: neither before nor after.
        while not await db.read(lambda s: len(fired(s))):
            await asyncio.sleep(0.01)
        children[0].send_signal(signal.SIGKILL)
        while await db.read(timers.any_due, first + timedelta(seconds=2)):
            await asyncio.sleep(0.1)
        done = await db.read(fired)
    times = Counter(each["timer"] for each in done)
    assert times == {f"timer:{number}": 1 for number in range(TIMERS)}
    assert len({each["process"] for each in done}) > 1
    late = sorted(each["late"] for each in done)
    tell(
        f"{len(done)} timers due within a second, {PROCESSES} processes, one killed",
        f"half fired within {late[TIMERS // 2]:.2f} s, 99% within {late[TIMERS * 99 // 100]:.2f} s",
        f"all within {late[-1]:.2f} s; load {os.getloadavg()[0]:.0f}",
    )
