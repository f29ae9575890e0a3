"""The product as a process of its own, for tests that kill it or take something away from it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from channels import registry
from channels.testing.server import keep_port

ADAPTERS = [f"channels.{name}.adapter" for name in registry.CHANNELS]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["bot.cli", "bot.app", "bot.protocol", "alembic.command", *ADAPTERS])
"""Loading the program is most of what a start takes, so one process of a run does it and is forked
for each of these; tests/bot/cli/test_run.py starts it from nothing."""


def be_the_product(arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    """Do what `yingda` does with these arguments, in a process of its own."""
    with log.open("ab") as written:
        os.dup2(written.fileno(), 1)
        os.dup2(written.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv[:] = ["yingda", *arguments]
    from bot.cli import main  # noqa: PLC0415 - whoever starts it need not load it

    main()


class Child:
    """A forked process, to be used as one of asyncio's."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        told = (arguments, log, dict(os.environ))
        self._process = FORKS.Process(target=be_the_product, args=told)

    async def start(self) -> None:
        await asyncio.to_thread(self._process.start)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait until it has ended; return its status, or the signal that ended it, negative."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        return self._process.exitcode


class Process:
    """The product as its own process, started again whenever it was killed."""

    def __init__(self, folder: Path, config: dict[str, object], role: str = "all") -> None:
        self.folder, self.url, self.role = folder, str(config["database_url"]), role
        self.kept = keep_port()
        self.port = self.kept.getsockname()[1]
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        self.child: Child | None = None

    async def start(self, client: httpx.AsyncClient) -> None:
        arguments = ["run", "--config", str(self.folder / "config.yaml")]
        arguments += ["--port", str(self.port), "--role", self.role]
        self.child = Child(arguments, self.folder / "log.txt")
        await self.child.start()
        await self.ready(client)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.kill()
        self.kept.close()

    async def ready(self, client):
        async with asyncio.timeout(240):
            while True:
                assert self.child.returncode is None, (self.folder / "log.txt").read_text()[-3000:]
                try:
                    answer = await client.get(f"http://127.0.0.1:{self.port}/readyz")
                    if answer.status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self.child is not None and self.child.returncode is None:
            self.child.send_signal(signal.SIGKILL)
            await self.child.wait()


FAQ: dict[str, Any] = {"encoder": "off", "budget_ms": 10_000, "learn": False}
"""On a busy machine no question may be too hard: its hand-over would look like a loss.

Nor may the matcher learn, as it does half a minute after its start: a slow test would go on with
another one.
"""
UNCOUNTED = {name: {"window_replies": 1000} for name in ("wechat", "qq")}
"""Settings of accounts whose customers write faster than any quota of replies is meant for."""
