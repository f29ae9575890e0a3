"""Words from process to process through PostgreSQL: hints that there is something to look at.

They are sent outside every transaction of the business, many in one, at most once in `QUIET`
seconds; losing one costs only time, since everybody also looks by themselves now and then.
Importing this needs the extra `postgres`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from storage.pg_driver import target_of

log = logging.getLogger(__name__)

CHANNEL = "yingda"
QUIET = 0.03
PAUSE = 1.0
"""How long to wait before a broken connection is made anew."""
LONGEST = 7000
"""Bytes of one notice; PostgreSQL takes fewer than 8,000."""
EVERYTHING = "*"
"""The word that stands for all words: some were lost, or there were too many."""


class Hints:
    """Tells the other processes of a database, and hears them; `hear` is called in the loop."""

    def __init__(self, url: str, hear: Callable[[str], None]) -> None:
        self._target, self._hear = target_of(url), hear
        self._words: set[str] = set()
        self._said = asyncio.Event()
        self._own: int | None = None
        self._later: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.listening = asyncio.Event()

    def tell(self, word: str, patience: float = 0) -> None:
        """Let the others know, soon; for the loop's own thread.

        A word with `patience` waits so many seconds for others that it can go along with.
        """
        self._words.add(word)
        if not patience:
            self._said.set()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(patience, self._said.set)

    async def start(self) -> None:
        """Begin to listen and to tell; a server that is away is waited for."""
        self._tasks = [
            asyncio.create_task(self._again(self._listen), name="hints in"),
            asyncio.create_task(self._again(self._speak), name="hints out"),
        ]

    async def stop(self) -> None:
        """Stop both."""
        self._wait_no_more()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _wait_no_more(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    async def _again(self, work: Callable[[psycopg.AsyncConnection[Any]], Any]) -> None:
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    connection = await psycopg.AsyncConnection.connect(
                        **self._target, autocommit=True
                    )
                    stack.push_async_callback(connection.close)
                    await work(connection)
            except (psycopg.Error, OSError) as problem:
                log.warning("hints between processes are interrupted: %s", type(problem).__name__)
            self.listening.clear()
            await asyncio.sleep(PAUSE)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        self.listening.set()
        self._hear(EVERYTHING)
        while True:
            async for notice in connection.notifies(timeout=0):
                if notice.pid != self._own:
                    for word in json.loads(notice.payload):
                        self._hear(word)
            await _readable(connection.fileno())

    async def _speak(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._own = connection.info.backend_pid
        while True:
            await self._said.wait()
            self._said.clear()
            self._wait_no_more()
            words, self._words = self._words, set()
            try:
                await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, _payload(words)))
            except BaseException:
                self._words |= words
                self._said.set()
                raise
            await asyncio.sleep(QUIET)


async def _readable(handle: int) -> None:
    """Wait until there is something to read; the driver would wake up ten times a second."""
    loop, something = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, something.set)
    try:
        await something.wait()
    finally:
        loop.remove_reader(handle)


def _payload(words: Iterable[str]) -> str:
    payload = json.dumps(sorted(words))
    return payload if len(payload) <= LONGEST else json.dumps([EVERYTHING])
