"""What the disk and the driver alone can do: the references that the core is held against.

One transaction of five statements, with what any durable answer must write: the message under
its unique key, the conversation read and moved on, the reply, its way out.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from pathlib import Path
from time import perf_counter, process_time, sleep

BODY = ("Where is my parcel? It should have come on Monday. " * 12)[:600]
CONVERSATIONS = 1000
PRODUCERS = 64
GROUP = 64
Job = tuple[int, asyncio.Future[None]]
_TABLES = """
CREATE TABLE inbound (id INTEGER PRIMARY KEY, key TEXT UNIQUE, conversation INTEGER, body TEXT);
CREATE TABLE conversation (id INTEGER PRIMARY KEY, position INTEGER, version INTEGER);
CREATE TABLE message (id INTEGER PRIMARY KEY, conversation INTEGER, position INTEGER, body TEXT,
                      UNIQUE (conversation, position));
CREATE TABLE delivery (id INTEGER PRIMARY KEY, key TEXT UNIQUE, conversation INTEGER, body TEXT);
"""


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_TABLES)
    rows = [(n, 0, 0) for n in range(CONVERSATIONS)]
    connection.executemany("INSERT INTO conversation VALUES (?, ?, ?)", rows)
    return connection


def _five(connection: sqlite3.Connection, number: int) -> None:
    talk = number % CONVERSATIONS
    run = connection.execute
    run("INSERT INTO inbound (key, conversation, body) VALUES (?, ?, ?)", (f"{number}", talk, BODY))
    ((position,),) = run("SELECT position FROM conversation WHERE id = ?", (talk,))
    run(
        "UPDATE conversation SET position = ?, version = version + 1 WHERE id = ?",
        (position + 1, talk),
    )
    run(
        "INSERT INTO message (conversation, position, body) VALUES (?, ?, ?)",
        (talk, position + 1, BODY),
    )
    run(
        "INSERT INTO delivery (key, conversation, body) VALUES (?, ?, ?)",
        (f"{number}:0", talk, BODY),
    )


def each(path: Path, count: int, flush: float = 0) -> tuple[float, float]:
    """Commit each transaction by itself; return transactions a second, CPU microseconds each.

    The disk is made to take `flush` seconds longer for each commit.
    """
    connection = _open(path)
    begun, used = perf_counter(), process_time()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        _five(connection, number)
        sleep(flush)
        connection.execute("COMMIT")
    figures = _rate(count, begun, used)
    connection.close()
    return figures


class _Group:
    """A writer thread that commits what waits together."""

    def __init__(self, connection: sqlite3.Connection, flush: float) -> None:
        self._connection, self._flush = connection, flush
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._write)

    async def store(self, number: int) -> None:
        future = self._loop.create_future()
        self._jobs.put((number, future))
        await future

    def end(self) -> None:
        self._jobs.put(None)
        self.thread.join()

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < GROUP and not self._jobs.empty():
                if (more := self._jobs.get()) is not None:
                    batch.append(more)
            self._connection.execute("BEGIN IMMEDIATE")
            for number, _ in batch:
                _five(self._connection, number)
            sleep(self._flush)
            self._connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_resolve, batch)


def _resolve(batch: list[Job]) -> None:
    for _, future in batch:
        future.set_result(None)


async def together(path: Path, count: int, flush: float = 0) -> tuple[float, float]:
    """Commit many at once for 64 producers that wait for theirs; return as `each` does."""
    connection = _open(path)
    group, numbers = _Group(connection, flush), iter(range(count))

    async def produce() -> None:
        for number in numbers:
            await group.store(number)

    group.thread.start()
    begun, used = perf_counter(), process_time()
    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    figures = _rate(count, begun, used)
    group.end()
    connection.close()
    return figures


def _rate(count: int, begun: float, used: float) -> tuple[float, float]:
    return count / (perf_counter() - begun), (process_time() - used) / count * 1e6
