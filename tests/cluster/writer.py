"""Plain writers with no product in between: how long a cluster is away, and what it remembers."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Self

import psycopg

PATIENCE = 3.0
"""After how long a write that got no answer is given up by closing its socket."""
TABLE = "CREATE TABLE IF NOT EXISTS written (key text PRIMARY KEY, thread int, number int)"
INSERT = "INSERT INTO written VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


class InDoubt(Exception):
    """The row may be stored or not."""


class Writers:
    """A few threads that store numbered rows and repeat each until it is acknowledged."""

    def __init__(self, url: str, threads: int = 4, pause: float = 0.02) -> None:
        self.url, self.pause = url, pause
        self.acknowledged: list[tuple[float, str]] = []
        self.repeated = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number,), daemon=True)
            for number in range(threads)
        ]

    def __enter__(self) -> Self:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(TABLE)
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(30)
        assert not any(each.is_alive() for each in self._threads), "a writer hangs"

    def outage(self, since: float) -> float:
        """Return the longest time without an acknowledgement after a moment."""
        times = [since, *sorted(when for when, _ in self.acknowledged if when > since)]
        return max((later - one for one, later in pairwise(times)), default=0.0)

    def back(self, since: float) -> float | None:
        """Return how long after a moment writes were taken again for good; None if not yet.

        An acknowledgement that was on its way when the fault struck is not the return.
        """
        times = [since, *sorted(when for when, _ in self.acknowledged if when > since)]
        gaps = [(b - a, b) for a, b in pairwise(times)]
        return max(gaps)[1] - since if gaps else None

    def _write(self, thread: int) -> None:
        connection: psycopg.Connection | None = None
        for number in self._numbers():
            key = f"{thread}:{number}"
            while not self._over.is_set():
                try:
                    connection = connection or _connect(self.url)
                    _store(connection, key, thread, number)
                    break
                except (psycopg.Error, InDoubt, OSError):
                    self.repeated += 1
                    if connection is not None:
                        connection.close()
                    connection = None
                    time.sleep(0.1)
            else:
                break
            self.acknowledged.append((time.monotonic(), key))
        if connection is not None:
            connection.close()

    def _numbers(self) -> Iterator[int]:
        number = 0
        while not self._over.wait(self.pause):
            yield number
            number += 1


def rows(url: str) -> list[str]:
    """Return the keys that a server remembers."""
    with psycopg.connect(url) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM written")]


def _connect(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url, autocommit=True, connect_timeout=2)
    # Being cancelled while it waits for the standby, a commit claims success, with a notice.
    connection.add_notice_handler(lambda notice: _doubts(connection, notice))
    return connection


def _doubts(connection: psycopg.Connection, notice: psycopg.errors.Diagnostic) -> None:
    if "synchronous replication" in (notice.message_primary or ""):
        connection.close()


def _store(connection: psycopg.Connection, key: str, thread: int, number: int) -> None:
    # A frozen server answers nothing, while its kernel keeps the connection: only closing helps.
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(PATIENCE, _hang_up, (handle,))
    timer.daemon = True
    timer.start()
    try:
        connection.execute(INSERT, (key, thread, number))
        if connection.closed:
            raise InDoubt
    finally:
        timer.cancel()
        handle.close()


def _hang_up(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
