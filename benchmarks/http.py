"""How soon a call is answered and its message processed, and what becomes of too many calls.

Through the website chat, whose replies need no platform, with a handler that answers at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx

from benchmarks.process import as_http, fire, free_port, rss_of, served
from benchmarks.raw import BODY
from channels.simulation import Push

VISITORS = 200
STEADY, SECONDS = 400, 10
"""Calls a second, and for how long."""
FLOOD = 4000
"""Connections of who calls too much: many more than may wait, so that some must be refused."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A served website chat, with visitors who have their tokens."""

    pid: int
    port: int
    folder: Path
    tokens: list[str]

    def calls(self, count: int, first: int = 0) -> list[bytes]:
        """Return the calls of so many new messages."""
        return [
            as_http(
                "/inboxes/bench/messages",
                Push(
                    "",
                    headers={
                        "authorization": f"Bearer {self.tokens[number % VISITORS]}",
                        "content-type": "application/json",
                    },
                    body=json.dumps({"text": BODY, "echo_id": f"e{number}"}).encode(),
                ),
            )
            for number in range(first, first + count)
        ]

    def waiting(self) -> int:
        """Return how many messages are acknowledged and not processed."""
        query = "SELECT count(*) FROM inboundevent WHERE done_at IS NULL"
        (count,) = self._rows(query)[0]
        return int(count)

    def stored(self) -> int:
        """Return how many messages were taken in."""
        return int(self._rows("SELECT count(*) FROM inboundevent")[0][0])

    def waits(self) -> list[float]:
        """Return how many milliseconds passed from each message's coming to its being processed."""
        query = (
            "SELECT (julianday(done_at) - julianday(received_at)) * 86400000.0"
            " FROM inboundevent WHERE done_at IS NOT NULL"
        )
        return [float(row[0]) for row in self._rows(query)]

    async def drained(self) -> float:
        """Wait until nothing waits; return the seconds that took."""
        begun = perf_counter()
        while await asyncio.to_thread(self.waiting):  # noqa: ASYNC110 - another process works
            await asyncio.sleep(0.1)
        return perf_counter() - begun

    def _rows(self, query: str) -> list[tuple[float, ...]]:
        connection = sqlite3.connect(f"file:{self.folder}/bench.db?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


@asynccontextmanager
async def chat() -> AsyncIterator[Chat]:
    """Serve a website chat in a process of its own."""
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = {
            "database_url": f"sqlite:///{folder}/bench.db", "data_dir": name, "port": port,
            "demo": False, "faq": {"encoder": "off"},
            "inboxes": {"bench": {"channel": "webchat"}},
        }  # fmt: skip
        async with served(config, "stub") as pid:
            base = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(trust_env=False, base_url=base) as client:
                issued = [await client.post("/inboxes/bench/visitors") for _ in range(VISITORS)]
            yield Chat(pid, port, folder, [answer.json()["token"] for answer in issued])


async def steady() -> None:
    """Print how long calls and messages wait at a steady 400 a second."""
    print(f"steady: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {STEADY} calls a second")
    async with chat() as served_chat:
        calls = served_chat.calls(STEADY * SECONDS)
        fired = await fire(served_chat.port, calls, served_chat.folder, 64, STEADY)
        await served_chat.drained()
        cuts, waits = quantiles(served_chat.waits(), n=100), served_chat.waits()
    print(
        f"acknowledged           p50 {fired['p50']:.1f} ms, p99 {fired['p99']:.1f} ms,"
        f" longest {fired['longest']:.0f} ms; {fired['statuses']}"
    )
    print(f"received to processed  p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms,"
          f" longest {max(waits):.0f} ms")  # fmt: skip


async def overload(seconds: int = 20) -> None:
    """Print what becomes of twice the calls that can be processed."""
    print(f"overload: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    async with chat() as flooded:
        probe = 4000
        begun = perf_counter()
        await fire(flooded.port, flooded.calls(probe), flooded.folder, 64)
        await flooded.drained()
        able = probe / (perf_counter() - begun)
        before, count = rss_of(flooded.pid), int(able * 2 * seconds)
        calls = flooded.calls(count, first=probe)
        begun = perf_counter()
        firing = asyncio.create_task(fire(flooded.port, calls, flooded.folder, FLOOD, able * 2))
        most = before
        while not firing.done():
            await asyncio.sleep(0.5)
            most = max(most, rss_of(flooded.pid))
        fired, lasted = await firing, perf_counter() - begun
        left, drain = flooded.waiting(), await flooded.drained()
        most = max(most, rss_of(flooded.pid))
        taken = fired["statuses"].get("200", 0)
        lost = taken + probe - flooded.stored()
    print(f"offered                {fired['offered']:.0f} /s, {able:.0f} /s can be processed:"
          f" {fired['offered'] / able:.2f} x")  # fmt: skip
    print(f"answers                {fired['statuses']}, p50 {fired['p50']:.0f} ms,"
          f" longest {fired['longest']:.0f} ms")  # fmt: skip
    print(f"acknowledged           {taken / lasted:.0f} /s")
    print(f"acknowledged and lost  {max(lost, 0)} of {taken}")
    print(f"drained                {left} left after {lasted:.0f} s, {drain:.1f} s more:"
          f" {drain / lasted:.2f} x the flood")  # fmt: skip
    print(f"memory                 {before:.0f} MB before, {most:.0f} MB at most")


async def long_overload() -> None:
    """Print the same for two minutes."""
    await overload(120)
