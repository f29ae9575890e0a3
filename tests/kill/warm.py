"""A warm process that forks the product within milliseconds, and the library that kills it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

SHIM = Path(__file__).with_name("shim.c")


@dataclass(frozen=True, slots=True)
class Kill:
    """Where the product dies: at which counted call, before or after it; or by a power cut.

    Point 0 is never reached.
    """

    point: int
    when: str = "before"
    power: bool = False


def compiled(folder: Path) -> Path:
    """Return the shim as a shared library.

    Raises:
        RuntimeError: there is no C compiler.
    """
    if shutil.which("gcc") is None:
        raise RuntimeError("the kill harness needs a C compiler: apt-get install gcc libc6-dev")
    library = folder / "shim.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Warm:
    """Forks one child after the other; all of them inherit one listening socket."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self._folder, self._listener = folder, listener
        self._process: asyncio.subprocess.Process | None = None
        self.child = 0

    async def __aenter__(self) -> Self:
        library = compiled(self._folder)
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.kill.zygote", str(self._listener.fileno()),
                str(self._folder / "tokens"),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                pass_fds=[self._listener.fileno()],
                env={
                    **os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1",
                    "PYTHONPATH": str(Path(__file__).parents[2]),
                },
            )  # fmt: skip
        await self._answer("ready")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.signal(signal.SIGKILL)
        self._process.stdin.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def start(
        self, config: dict[str, Any], kill: Kill | None, mutant: str | None, log: Path
    ) -> int:
        """Fork the product, to die where it is told; return its process id.

        Without a kill it is not forked: the warm process plays it itself, to learn.
        """
        told = None if kill is None else asdict(kill)
        order = {"config": config, "kill": told, "mutant": mutant, "ledger": str(log)}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self.child = await self._answer("pid")
        return self.child

    async def ended(self) -> int:
        """Return how the child ended: minus the signal, or its status."""
        status = os.waitstatus_to_exitcode(await self._answer("status"))
        self.child = 0
        return status

    def signal(self, number: int) -> None:
        """Send the child a signal, if it lives."""
        if self.child:
            with suppress(ProcessLookupError):
                os.kill(self.child, number)

    def words(self) -> str:
        """Return the end of what the children wrote."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:]

    async def _answer(self, key: str) -> Any:
        line = await self._process.stdout.readline()
        assert line, self.words()
        return json.loads(line)[key]
