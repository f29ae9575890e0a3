"""Plays the script against a product that dies, with platforms that live."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.simulation import Push, Simulator
from channels.testing.server import serve
from tests.kill import truth
from tests.kill.judge import findings
from tests.kill.script import PLATFORMS, QUESTIONS, prepare, said_by, simulators
from tests.kill.warm import Kill, Warm

LATENCY = 0.03
"""Seconds a platform takes to answer a call: longer than the gap between two messages."""
PATIENCE = 300.0
"""Seconds after which a run that has not come to rest is a failure of its own.

What is stuck is so for ever; a run of twenty conversations on a crowded machine is only slow.
"""
LOOK, LOOKS = 0.02, 10
"""Seconds between two looks at the product, and how often it must be at rest to be so for sure."""
UNHARMED = Kill(0)
REHEARSAL = None
Life = Kill | float | None
"""How a life of the product ends: at a call of its own, or after so many seconds.

The warm process begins with a rehearsal, which ends in peace.
"""


@dataclass(slots=True)
class Result:
    """What became of one run."""

    findings: list[str]
    kills: int
    deaths: list[str]
    """The call and the file of each death at a call."""
    counted: int
    """How many calls the last life made, if it came to its end."""
    ready: list[float]
    """Seconds from each death until the next life was ready."""
    doubted: int


@dataclass
class Stage:
    """The warm process, the platforms, and a database to begin each run with."""

    folder: Path
    mutant: str | None = None
    customers: int = 1
    simulators: dict[str, Simulator] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.stack = AsyncExitStack()
        self.template = self.folder / "template.db"
        await prepare(f"sqlite:///{self.template}")
        self.base = await self.stack.enter_async_context(serve(self._platforms))
        self.client = await self.stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, timeout=6, limits=httpx.Limits(max_connections=50))
        )
        listener = self.stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self.root = f"http://127.0.0.1:{self.port}"
        self.warm = await self.stack.enter_async_context(Warm(self.folder, listener))
        rehearsal = await self.run(REHEARSAL)
        assert rehearsal.findings == []
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stack.aclose()

    async def _platforms(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a call to its platform of this run, which takes its time."""
        name, _, path = scope["path"].lstrip("/").partition("/")
        app: ASGIApp = self.simulators[name].app
        if scope["type"] == "http":
            await asyncio.sleep(LATENCY)
        await app({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, receive, send)

    async def run(self, *lives: Life) -> Result:
        """Play the script once; return what was broken.

        Each of `lives` ends as it says, and the next begins at once. A life that is left when the
        script is over is asked to stop, and may still reach its call; one that was only there to
        recover is cut short.
        """
        self._fresh()
        keeper = asyncio.create_task(self._keep_alive(lives))
        play = asyncio.create_task(self._play())
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait({keeper, play}, return_when=asyncio.FIRST_COMPLETED)
                if not keeper.done():
                    await play
                self._stop(signal.SIGTERM if self.counts else signal.SIGKILL)
                await asyncio.wait({keeper})
        except TimeoutError:
            left = truth.unfinished(self.path) or "nothing in the database"
            self.broken.append(f"stuck: not at rest after {PATIENCE} s, {left} on its way")
        finally:
            play.cancel()
            await asyncio.gather(play, return_exceptions=True)
            if not keeper.done():
                self._stop(signal.SIGKILL)
            await keeper
        return self._result()

    def _stop(self, number: signal.Signals) -> None:
        """End the life there is, and one that is only just beginning."""
        self.stopping = number
        self.warm.signal(number)

    def _fresh(self) -> None:
        self.path, self.ledger = self.folder / "run.db", self.folder / "ledger"
        for old in self.folder.glob("run.db*"):
            old.unlink()
        self.ledger.write_text("", encoding="utf-8")
        shutil.copy(self.template, self.path)
        self.kills, self.counts = 0, True
        self.stopping: signal.Signals | None = None
        self.ready: list[float] = []
        self.broken: list[str] = []
        self.simulators = simulators()

    async def _play(self) -> None:
        async with asyncio.TaskGroup() as talks:
            for name, customer in self._everybody():
                talks.create_task(self._talk(name, customer))
        # A mutant may have thanked for what it stores a moment later.
        for _ in range(LOOKS if self.mutant else 1):
            while not truth.is_settled(self.path):
                await asyncio.sleep(LOOK)
            await asyncio.sleep(LOOK if self.mutant else 0)
        for customer in range(self.customers):
            await self._read_webchat(f"lily{customer}")

    async def _keep_alive(self, lives: Sequence[Life]) -> None:
        """Begin one life after the other, each as soon as the one before has ended."""
        died, watch = 0.0, None
        for number, life in enumerate(chain(lives, repeat(UNHARMED))):
            self.counts = number < max(len(lives), 1)
            kill = UNHARMED if isinstance(life, float) else life
            await self.warm.start(self._config(), kill, self.mutant, self.ledger)
            if self.stopping:
                self.warm.signal(self.stopping)
            if died:
                watch = asyncio.create_task(self._watch(died))
            status = await self._end_of(life)
            if watch is not None:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
            died = perf_counter()
            if status == -signal.SIGKILL:
                self.kills += self.counts or not self.stopping
            elif status not in {0, -signal.SIGTERM} or not self.stopping:
                last = self.warm.words().strip().rpartition("\n")[2]
                self.broken.append(f"crash: the product ended by itself with {status}, {last}")
                return
            if self.stopping:
                return

    async def _end_of(self, life: Life) -> int:
        ended = asyncio.create_task(self.warm.ended())
        if isinstance(life, float):
            await asyncio.wait({ended}, timeout=life)
            self.warm.signal(signal.SIGKILL)
        return await ended

    async def _watch(self, died: float) -> None:
        while not await self._is_ready():
            await asyncio.sleep(LOOK)
        self.ready.append(perf_counter() - died)

    async def _is_ready(self) -> bool:
        """Ask by hand: an HTTP client that is cancelled may leave a connection open."""
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
        return False

    def _config(self) -> dict[str, Any]:
        inboxes = {
            f"shop_{name}": {
                "channel": name,
                "base_url": f"{self.base}/{name}",
                **simulator.settings,
            }
            for name, simulator in self.simulators.items()
        }
        return {
            "database_url": f"sqlite:///{self.path}",
            "data_dir": str(self.folder),
            "port": self.port,
            "demo": False,
            # On a busy machine no question may be too hard: its hand-over would look like a loss.
            "faq": {"encoder": "off", "budget_ms": 10_000},
            "inboxes": inboxes,
        }

    def _everybody(self) -> list[tuple[str, int]]:
        return [(name, customer) for name in PLATFORMS for customer in range(self.customers)]

    async def _talk(self, name: str, customer: int) -> None:
        """Say one thing after the other; the platform brings the first one twice."""
        numbers = said_by(name, customer)
        for number in numbers:
            push = self.simulators[name].say(f"lily{customer}", QUESTIONS[number])
            answer = await self._until_taken(name, push)
            self.simulators[name].answered(push, answer)
            if number == numbers[0]:
                await self._until_taken(name, push)

    async def _until_taken(self, name: str, push: Push) -> bytes:
        """Repeat a push, as the platform does, until it is acknowledged; return what was said."""
        kind = "messages" if name == "webchat" else "webhook"
        hook = f"{self.root}/inboxes/shop_{name}/{kind}"
        while True:
            with suppress(httpx.HTTPError):
                answer = await self.client.request(
                    push.method,
                    hook,
                    params=dict(push.query),
                    headers=dict(push.headers),
                    content=push.body,
                )
                if answer.status_code < 300:
                    return answer.content
            await asyncio.sleep(LOOK)

    async def _read_webchat(self, contact: str) -> None:
        while True:
            with suppress(httpx.HTTPError):
                await self.simulators["webchat"].poll(self.client, self.root, contact)
                return
            await asyncio.sleep(LOOK)

    def _result(self) -> Result:
        if self.broken:
            return Result(self.broken, self.kills, [], 0, self.ready, 0)
        talks = truth.talks(self.path, self.simulators, self._everybody())
        lines = self.ledger.read_text(encoding="utf-8").splitlines()
        counted = [int(line.split()[1]) for line in lines if line.startswith("counted")]
        found = findings(talks, self.kills)
        if any(line.startswith("doubt") for line in found):
            found += truth.doubts(self.path)
        return Result(
            findings=truth.damage(self.path) + found,
            kills=self.kills,
            deaths=[line for line in lines if not line.startswith("counted")],
            counted=counted[-1] if counted else 0,
            ready=self.ready,
            doubted=sum(list(talk.replies.values()).count("uncertain") for talk in talks.values()),
        )
