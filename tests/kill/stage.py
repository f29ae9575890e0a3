"""Plays the script against a product that dies, with platforms that live."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from channels import registry
from channels.simulation import Push, Simulator
from channels.testing.server import serve
from tests.kill.judge import Talk, findings
from tests.kill.script import PLATFORMS, QUESTIONS, marks_in, moment, prepare, said_by

LATENCY = 0.03
"""Seconds a platform takes to answer a call: longer than the gap between two messages."""
SHIM = Path(__file__).with_name("shim.c")
SETTLED = """
SELECT (SELECT count(*) FROM inboundevent WHERE lane IS NOT NULL AND done_at IS NULL)
     + (SELECT count(*) FROM delivery WHERE status IN ('pending', 'sending'))
"""
SAID = """
SELECT m.parts FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE c.inbox = ? AND m.author = 'contact' ORDER BY c.thread, m.position
"""
REPLIED = """
SELECT m.parts, d.status FROM delivery d JOIN message m ON m.id = d.message_id
WHERE d.inbox = ? ORDER BY d.sequence
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """Where the product dies: at which counted call, before or after it; or by a power cut."""

    point: int
    when: str = "before"
    power: bool = False


@dataclass(slots=True)
class Result:
    """What became of one run."""

    findings: list[str]
    kills: int
    death: str = ""
    counted: int = 0
    ready: float = 0.0
    """Seconds from the death to the next answer of the product."""
    doubted: int = 0


def compiled(folder: Path) -> Path:
    """Return the shim as a shared library.

    Raises:
        RuntimeError: there is no C compiler.
    """
    if shutil.which("gcc") is None:
        raise RuntimeError("no gcc: apt-get install gcc libc6-dev")
    library = folder / "shim.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True)
    return library


@dataclass
class Stage:
    """The warm process, the platforms, and a database to begin each run with."""

    folder: Path
    mutant: str | None = None
    customers: int = 1
    simulators: dict[str, Simulator] = field(default_factory=dict)
    zygote: asyncio.subprocess.Process | None = None
    child: int = 0

    async def __aenter__(self) -> Self:
        self.stack = AsyncExitStack()
        self.template = self.folder / "template.db"
        await prepare(f"sqlite:///{self.template}")
        self.base = await self.stack.enter_async_context(serve(self._platforms))
        self.client = await self.stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, timeout=6, limits=httpx.Limits(max_connections=50))
        )
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        await self._warm_up()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self.child:
            with suppress(ProcessLookupError):
                os.kill(self.child, signal.SIGKILL)
        if self.zygote is not None:
            self.zygote.stdin.close()
            with suppress(ProcessLookupError):
                self.zygote.kill()
            await self.zygote.wait()
        self.listener.close()
        await self.stack.aclose()

    async def _warm_up(self) -> None:
        library = compiled(self.folder)
        self.log = (self.folder / "zygote.log").open("ab")
        self.stack.callback(self.log.close)
        self.zygote = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kill.zygote", str(self.listener.fileno()),
            str(self.folder / "tokens"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            pass_fds=[self.listener.fileno()],
            env={
                **os.environ, "LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1",
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
        )  # fmt: skip
        await self._answer("ready")

    async def _answer(self, key: str) -> Any:
        line = await self.zygote.stdout.readline()
        assert line, (self.folder / "zygote.log").read_text()[-3000:]
        return json.loads(line)[key]

    async def _platforms(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a call to its platform of this run, which takes its time."""
        name, _, path = scope["path"].lstrip("/").partition("/")
        app: ASGIApp = self.simulators[name].app
        if scope["type"] == "http":
            await asyncio.sleep(LATENCY)
        await app({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, receive, send)

    async def start(self, kill: Kill | None) -> None:
        """Fork the product, to die where it is told."""
        told = None if kill is None else {k: getattr(kill, k) for k in Kill.__slots__}
        inboxes = {
            f"shop_{name}": {
                "channel": name, "base_url": f"{self.base}/{name}", **simulator.settings,
            }
            for name, simulator in self.simulators.items()
        }  # fmt: skip
        config = {
            "database_url": f"sqlite:///{self.path}", "data_dir": str(self.folder),
            "port": self.port, "demo": False, "faq": {"encoder": "off"}, "inboxes": inboxes,
        }  # fmt: skip
        order = {
            "config": config, "kill": told, "mutant": self.mutant, "ledger": str(self.ledger),
        }  # fmt: skip
        self.zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self.child = await self._answer("pid")
        self.ended = asyncio.create_task(self._answer("status"))

    async def run(self, kill: Kill | None = None, random_kills: tuple[float, ...] = ()) -> Result:
        """Play the script once; return what was broken.

        The product dies at `kill`, or at the moments of `random_kills` (seconds between them), and
        is started again at once.
        """
        self._fresh()
        self.revived = 0.0
        await self.start(kill)
        keeper = asyncio.create_task(self._keep_alive(random_kills))
        try:
            async with asyncio.timeout(60):
                async with asyncio.TaskGroup() as talks:
                    for name, customer in self._everybody():
                        talks.create_task(self._talk(name, customer))
                await self._settle()
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        await self._see_webchat()
        counted = await self._end(counting=kill is not None and kill.point == 0)
        talks, integrity, doubted = self._truth()
        return Result(
            findings(talks, self.kills, integrity), self.kills, self._death(), counted,
            self.revived, doubted,
        )  # fmt: skip

    def _fresh(self) -> None:
        self.path, self.ledger = self.folder / "run.db", self.folder / "ledger"
        for old in (self.path, Path(f"{self.path}-wal"), Path(f"{self.path}-shm"), self.ledger):
            old.unlink(missing_ok=True)
        shutil.copy(self.template, self.path)
        self.kills = 0
        self.simulators.clear()
        for name in PLATFORMS:
            self.simulators[name] = registry.find(name).simulator(f"shop_{name}", moment)

    async def _keep_alive(self, pauses: tuple[float, ...]) -> None:
        """Start the product again whenever it has died."""
        moments = iter(pauses)
        while True:
            pause = next(moments, None)
            done, _ = await asyncio.wait({self.ended}, timeout=pause)
            if not done:
                os.kill(self.child, signal.SIGKILL)
                await self.ended
            died = perf_counter()
            self.kills += 1
            await self.start(None)
            await self._ready()
            self.revived = max(self.revived, perf_counter() - died)

    async def _ready(self) -> None:
        while True:
            with suppress(httpx.HTTPError):
                answer = await self.client.get(f"http://127.0.0.1:{self.port}/readyz")
                if answer.status_code == 200:
                    return
            await asyncio.sleep(0.02)

    def _everybody(self) -> list[tuple[str, int]]:
        return [(name, customer) for name in PLATFORMS for customer in range(self.customers)]

    async def _talk(self, name: str, customer: int) -> None:
        """Say one thing after the other; repeat each, as the platform does, until it is taken."""
        numbers = said_by(name, customer)
        for number in numbers:
            push = self.simulators[name].say(f"lily{customer}", QUESTIONS[number])
            await self._until_taken(name, push)
            if number == numbers[0]:
                await self._until_taken(name, push)

    async def _until_taken(self, name: str, push: Push) -> None:
        kind = "messages" if name == "webchat" else "webhook"
        hook = f"http://127.0.0.1:{self.port}/inboxes/shop_{name}/{kind}"
        while True:
            with suppress(httpx.HTTPError):
                answer = await self.client.request(
                    push.method, hook, params=dict(push.query), headers=dict(push.headers),
                    content=push.body,
                )  # fmt: skip
                if answer.status_code < 300:
                    self.simulators[name].answered(push, answer.content)
                    return
            await asyncio.sleep(0.02)

    async def _settle(self) -> None:
        """Wait until nothing is on its way any more."""
        while True:
            with sqlite3.connect(self.path) as connection:
                (waiting,) = connection.execute(SETTLED).fetchone()
            connection.close()
            if not waiting:
                return
            await asyncio.sleep(0.02)

    async def _see_webchat(self) -> None:
        await self._ready()
        root = f"http://127.0.0.1:{self.port}"
        for customer in range(self.customers):
            with suppress(httpx.HTTPError):
                await self.simulators["webchat"].poll(self.client, root, f"lily{customer}")

    async def _end(self, *, counting: bool) -> int:
        os.kill(self.child, signal.SIGTERM if counting else signal.SIGKILL)
        await self.ended
        self.child = 0
        return int(self.ledger.read_text().split()[1]) if counting else 0

    def _death(self) -> str:
        return self.ledger.read_text().strip() if self.ledger.exists() else ""

    def _truth(self) -> tuple[dict[str, Talk], str, int]:
        talks, doubted = {}, 0
        with sqlite3.connect(self.path) as connection:
            (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
            for name, customer in self._everybody():
                said = said_by(name, customer)
                inbox = [f"shop_{name}"]
                stored = [_number(parts) for (parts,) in connection.execute(SAID, inbox)]
                replies = {
                    number: status
                    for parts, status in connection.execute(REPLIED, inbox)
                    for number in marks_in(parts)
                    if number in said
                }
                doubted += list(replies.values()).count("uncertain")
                shown = [
                    number
                    for seen in self.simulators[name].seen_by(f"lily{customer}")
                    for number in marks_in(seen.text)
                ]
                mine = [number for number in stored if number in said]
                talks[f"{name}{customer}"] = Talk(said, mine, shown, replies, name == "webchat")
        connection.close()
        return talks, integrity, doubted


def _number(parts: str) -> int:
    text = json.loads(parts)[0]["text"]
    return QUESTIONS.index(text)
