"""How long the customers of three platforms wait while the fourth hangs, or answers 500.

Every platform is simulated and the handler answers at once; what is measured is the time from a
message's coming to its answer's having been taken by the platform.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.process import as_http, fire, free_port, served
from benchmarks.raw import BODY
from bot.cli.options import utc_now
from channels import registry
from channels.simulation import Simulator
from channels.testing.server import serve

PLATFORMS = ("telegram", "slack", "weibo", "wechat")
SICK = PLATFORMS[0]
CHATS, RATE, SECONDS = 20, 20, 15
"""Chats of each inbox; calls a second to all of them, and for how long."""
MOODS = ("well", "hangs", "500", "hangs", "500", "well")
ANSWERED = (
    "SELECT count(*) - count(d.sent_at) FROM inboundevent e LEFT JOIN delivery d"
    " ON d.lane = e.lane AND d.sequence = e.sequence WHERE e.inbox <> ?"
)
WAITS = (
    "SELECT (julianday(d.sent_at) - julianday(e.received_at)) * 86400000.0 FROM inboundevent e"
    " JOIN delivery d ON d.lane = e.lane AND d.sequence = e.sequence"
    " WHERE e.inbox <> ? AND e.sequence > 1"
)
PATIENCE = 60.0
"""Seconds after which an answer that has not left is none."""


class Moody:
    """A platform that can be made to hang, or to fail."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.mood = app, "well"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the mood is."""
        if self.mood == "hangs":
            await asyncio.Event().wait()
        elif self.mood == "500":
            await Response(status_code=500)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def others(mood: str) -> list[float]:
    """Return how many milliseconds the customers of the well platforms waited."""
    simulators = {n: registry.find(n).simulator(f"shop_{n}", utc_now) for n in PLATFORMS}
    sick = Moody(simulators[SICK].app)
    apps = {n: sick if n == SICK else each.app for n, each in simulators.items()}
    platforms = Starlette(routes=[Mount(f"/{n}", app=app) for n, app in apps.items()])
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with serve(platforms) as base:
            config = _config(folder, base, simulators)
            async with served(config, "stub"):
                calls = _calls(simulators)
                warm = list(islice(calls, CHATS * len(PLATFORMS)))
                await fire(config["port"], warm, folder, 64, RATE)
                sick.mood = mood
                await fire(config["port"], list(islice(calls, RATE * SECONDS)), folder, 64, RATE)
                await _answered(folder)
        return [wait for (wait,) in _rows(folder, WAITS)]


async def main() -> None:
    """Print how much longer they wait than while all are well."""
    print(f"faulty: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {RATE} calls a second")
    waits: dict[str, list[float]] = {mood: [] for mood in MOODS}
    for mood in MOODS:
        waits[mood] += await others(mood)
    calm = quantiles(waits["well"], n=100)
    for mood, found in waits.items():
        cuts = quantiles(found, n=100)
        print(
            f"one platform {mood:<9} others answered p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms,"
            f" longest {max(found):.0f} ms: p99 {cuts[98] / calm[98]:.2f} x"
        )


def _config(folder: Path, base: str, simulators: dict[str, Simulator]) -> dict[str, Any]:
    uncounted = {"wechat": {"window_replies": 1000}}
    return {
        "database_url": f"sqlite:///{folder}/bench.db",
        "data_dir": str(folder),
        "port": free_port(),
        "faq": {"encoder": "off"},
        "inboxes": {
            f"shop_{n}": {
                "channel": n,
                "base_url": f"{base}/{n}",
                **simulator.settings,
                **uncounted.get(n, {}),
            }
            for n, simulator in simulators.items()
        },
    }


def _calls(simulators: dict[str, Simulator]) -> Iterator[bytes]:
    for number in count():
        for name, simulator in simulators.items():
            push = simulator.say(f"customer{number % CHATS}", BODY)
            path = f"/inboxes/shop_{name}/webhook"
            yield as_http(f"{path}?{urlencode(push.query)}" if push.query else path, push)


async def _answered(folder: Path) -> None:
    begun = perf_counter()
    while _rows(folder, ANSWERED)[0][0] and perf_counter() < begun + PATIENCE:  # noqa: ASYNC110 - another process works
        await asyncio.sleep(0.1)


def _rows(folder: Path, query: str) -> list[tuple[float]]:
    connection = sqlite3.connect(f"file:{folder}/bench.db?mode=ro", uri=True)
    try:
        return connection.execute(query, (f"shop_{SICK}",)).fetchall()
    finally:
        connection.close()
