"""One PostgreSQL database: a bounded pool of threads, deadlines kept by closing the socket.

A cancelled COMMIT that waits for its standby reports success, so nothing is ever cancelled here:
when a transaction's time is over, its connection is shut. An error before COMMIT was sent means
that nothing was stored, and the function is run again on a new connection while there is time;
an error afterwards is `InDoubt`.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
)

from storage.errors import InDoubt, Unavailable
from storage.jobs import Job, Tell, tell
from storage.leash import Leash
from storage.pg_driver import (
    OVERTAKEN,
    ROLLED_BACK,
    TAKEN,
    check,
    fresh,
    is_away,
    is_lost,
    is_postgres,
    is_vain,
    leader_of,
    make_engine,
    state_of,
)

if TYPE_CHECKING:
    from storage.pg_connection import Raw

__all__ = ["PostgresEngine", "is_postgres", "make_engine"]

READERS_PER_WRITER = 0.5
LONGEST = 0.2
"""Seconds that who is overtaken again and again waits at most before the next run."""
TAKEN_RERUNS = 2
"""How often a key that is there already is taken for a race; then it is the caller's matter."""
PAUSE = 0.1
"""Seconds between two tries to reach the server."""
SLOW = 2.0
"""After how many seconds without an end it is asked whether another server leads by now."""
Attempt = Callable[[Job, Leash], Any]
Commit = Callable[[Connection, Callable[[Connection], Any], Callable[[], None]], Any]


class PostgresEngine:
    """Runs jobs on one database; `commit` makes one of them true."""

    shared = True

    def __init__(self, url: str, writers: int, *, commit: Commit, told: Tell) -> None:
        self._leader = leader_of(url)
        self._leader.moved = self._leave
        self._writing: Engine = make_engine(url, leader=self._leader)
        self._reading: Engine = make_engine(url, read_only=True, leader=self._leader)
        self._count, self._commit, self._told = writers, commit, told
        self._local = threading.local()
        self._lock, self._connections = threading.Lock(), set[Connection]()
        self._running, self._silent_since = set[Leash](), 0.0

    async def open(self) -> None:
        """Start the threads; each connects when it has something to do."""
        readers = max(1, round(self._count * READERS_PER_WRITER))
        self._writers = ThreadPoolExecutor(self._count, "writer")
        self._readers = ThreadPoolExecutor(readers, "reader")

    async def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        for pool in (self._writers, self._readers):
            await asyncio.to_thread(pool.shutdown)
        self._leader.close()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def write(self, job: Job) -> None:
        """Take a job that may write."""
        self._hand(self._writers, self._write, job, self._told)

    def read(self, job: Job) -> None:
        """Take a job that only reads."""
        self._hand(self._readers, self._read, job, _settle)

    def _hand(self, pool: ThreadPoolExecutor, attempt: Attempt, job: Job, told: Tell) -> None:
        leash = Leash()
        timers = [job.loop.call_later(job.terms.seconds, self._too_late, job, leash)]
        if self._leader.may_move:
            timers.append(job.loop.call_later(SLOW, self._leader.suspect))
        pool.submit(self._run, attempt, job, leash, partial(_finish, timers, told))

    def _too_late(self, job: Job, leash: Leash) -> None:
        if (since := leash.since) is not None:
            # What got no answer speaks for all that is idle since: each would be found out alone.
            self._silent_since = max(self._silent_since, since)
            self._leader.suspect()
        if not leash.cut():
            job.error = _late(job)
            job.settle()

    def _leave(self) -> None:
        """Shut what is under way on servers that do not lead any more: its end is not worth it."""
        with self._lock:
            running = list(self._running)
        for leash in running:
            leash.leave()

    def _run(self, attempt: Attempt, job: Job, leash: Leash, told: Tell) -> None:
        with self._lock:
            self._running.add(leash)
        try:
            job.result = self._persist(attempt, job, leash)
        except Exception as problem:  # noqa: BLE001 - the caller gets it
            job.error = problem
        with self._lock:
            self._running.discard(leash)
        tell([job], told)

    def _persist(self, attempt: Attempt, job: Job, leash: Leash) -> Any:  # noqa: ANN401 - the caller's
        runs, pause = 0, PAUSE
        last: Exception | None = None
        while not leash.over:
            try:
                return attempt(job, leash)
            except PendingRollbackError as problem:
                # The function went on though its connection was lost: COMMIT was never sent.
                runs, pause, last = runs + 1, PAUSE, problem
            except DBAPIError as problem:
                runs, last = runs + 1, problem
                if is_away(problem):
                    self._leader.doubt(self._local.term)
                wait = _pause(problem, runs)
                if wait is None:
                    raise _told_of(problem) from problem
                pause = wait
            leash.ended.wait(pause)
        raise _late(job) from last

    def _write(self, job: Job, leash: Leash) -> Any:  # noqa: ANN401 - the caller's
        connection = self._connected(self._writing, leash)
        raw = fresh(connection, each_statement=job.terms.fresh, lasting=job.terms.lasting)
        closing = False

        def close_to() -> None:
            nonlocal closing
            closing = raw.closing = True

        self._hold(leash, raw)
        try:
            result = self._commit(connection, partial(_checked, job), close_to)
        except DBAPIError as problem:
            if closing and state_of(problem)[:2] not in ROLLED_BACK:
                raise _doubt() from problem
            raise
        finally:
            leash.let_go(may_be_stored=closing)
            self._keep_or_drop(connection)
        if is_vain(raw):
            raise _doubt()
        return result

    def _read(self, job: Job, leash: Leash) -> Any:  # noqa: ANN401 - the caller's
        connection = self._connected(self._reading, leash)
        self._hold(leash, fresh(connection, alone=job.terms.alone))
        try:
            return job.run(connection)
        except DBAPIError as problem:
            if is_lost(problem) or state_of(problem) in OVERTAKEN:
                raise
            raise Unavailable(f"the database cannot be read: {problem.orig}") from problem
        finally:
            connection.rollback()
            leash.let_go()
            self._keep_or_drop(connection)

    def _connected(self, engine: Engine, leash: Leash) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and not self._is_trusted():
            self._drop(connection)
            connection = None
        if connection is None:
            self._local.term = self._leader.wait(leash.ended)
            connection = self._local.connection = engine.connect()
            self._local.answered = monotonic()
            with self._lock:
                self._connections.add(connection)
        return connection

    def _is_trusted(self) -> bool:
        """Say whether this thread's connection is to the leader, and not to a silent server."""
        is_silent = self._local.answered < self._silent_since
        return self._local.term == self._leader.term and not is_silent

    def _hold(self, leash: Leash, raw: Raw) -> None:
        leash.hold(raw)
        if self._local.term != self._leader.term:
            leash.leave()  # Another one began to lead just before it could be told of this.

    def _keep_or_drop(self, connection: Connection) -> None:
        raw = None if connection.invalidated else connection.connection.driver_connection
        if raw is None or raw.closed or raw.info.transaction_status != 0:
            self._drop(connection)
        else:
            self._local.answered = monotonic()

    def _drop(self, connection: Connection) -> None:
        self._local.connection = None
        with self._lock:
            self._connections.discard(connection)
        if not connection.invalidated:
            connection.invalidate()
        connection.close()


def _checked(job: Job, connection: Connection) -> Any:  # noqa: ANN401 - the caller's
    result = job.run(connection)
    check(connection)
    return result


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


def _finish(timers: Sequence[asyncio.TimerHandle], told: Tell, jobs: list[Job]) -> None:
    for timer in timers:
        timer.cancel()
    told(jobs)


def _pause(problem: DBAPIError, runs: int) -> float | None:
    """Return how long to wait before the function is run again, None if it must not be."""
    state = state_of(problem)
    if state in OVERTAKEN:
        return random.random() * min(0.001 * 2.0**runs, LONGEST)  # noqa: S311 - jitter
    if state == TAKEN and runs <= TAKEN_RERUNS:
        return 0
    return PAUSE if is_away(problem) else None


def _told_of(problem: DBAPIError) -> Exception:
    if isinstance(problem, OperationalError | InterfaceError | InternalError):
        return Unavailable(f"the database takes no writes: {problem.orig}")
    return problem


def _late(job: Job) -> Unavailable:
    return Unavailable(
        f"the database did not answer within {job.terms.seconds:g} seconds; nothing was stored. "
        "Look whether the server runs and is not overloaded"
    )


def _doubt() -> InDoubt:
    return InDoubt(
        "the connection to the database broke while it committed: whether this was stored is "
        "not known; repeat it under the same key"
    )
