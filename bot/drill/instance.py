"""The product as a process of its own, which can be killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

import bot
from channels.testing.server import keep_port

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
PAUSE = 0.05
LOG = "instance.log"
PRODUCT = ("-m", "bot")
"""What Python is told to run."""


class Unfit(Exception):
    """The instance does not start; the message holds the end of its log."""


class Instance:
    """`yingda run` in a folder of its own; leaving it ends the process."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        program: Sequence[str] = PRODUCT,
        role: str = "all",
    ) -> None:
        self._folder, self._program, self.role = folder, program, role
        self._process: asyncio.subprocess.Process | None = None
        self._kept = keep_port()
        self._port = self._kept.getsockname()[1]
        self.root = f"http://127.0.0.1:{self._port}"
        folder.mkdir(exist_ok=True)
        told = json.dumps({**settings, "data_dir": str(folder)})
        (folder / "config.yaml").write_text(told, encoding="utf-8")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.kill()
        self._kept.close()

    async def start(self, client: httpx.AsyncClient) -> None:
        """Start it and wait until it serves.

        Raises:
            Unfit: it ended, or did not become ready in time.
        """
        with (self._folder / LOG).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self._program, "run", "--config", "config.yaml"),
                *("--host", "127.0.0.1", "--port", str(self._port), "--role", self.role),
                cwd=self._folder,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(int(READY_SECONDS / PAUSE)):
            if await self._is_ready(client):
                return
            await asyncio.sleep(PAUSE)
        raise Unfit(f"the instance is not ready; its log ends: {self._end_of_log()}")

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> None:
        """End it in peace; what does not listen is killed."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise Unfit(f"the instance ended; its log ends: {self._end_of_log()}")
        try:
            answer = await client.get(f"{self.root}/readyz")
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _end_of_log(self) -> str:
        return (self._folder / LOG).read_text(encoding="utf-8", errors="replace")[-800:]


def _environment() -> dict[str, str]:
    """Return our environment without the settings of a real installation in it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("YINGDA_")}
    here = str(Path(bot.__file__).parents[1])
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, (here, own.get("PYTHONPATH"))))}
