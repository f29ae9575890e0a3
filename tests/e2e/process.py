"""The product as a process of its own, for tests that kill it or take something away from it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import httpx

from channels.testing.server import keep_port


class Process:
    """The product as its own process, started again whenever it was killed."""

    def __init__(self, folder: Path, config: dict[str, object], role: str = "all") -> None:
        self.folder, self.url, self.role = folder, str(config["database_url"]), role
        self.kept = keep_port()
        self.port = self.kept.getsockname()[1]
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        self.child: asyncio.subprocess.Process | None = None

    async def start(self, client: httpx.AsyncClient) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            self.child = await self.spawn(log)
        await self.ready(client)

    async def spawn(self, log):
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            "--config",
            str(self.folder / "config.yaml"),
            "--port",
            str(self.port),
            "--role",
            self.role,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

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


UNCOUNTED = {name: {"window_replies": 1000} for name in ("wechat", "qq")}
"""Settings of accounts whose customers write faster than any quota of replies is meant for."""
