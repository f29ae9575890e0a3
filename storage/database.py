"""The only place that commits: `await db.write(fn, ...)`, `await db.read(fn, ...)`.

`fn(session, ...)` is a plain synchronous function, the same on every database. On SQLite writes
go to one writer thread that commits many of them at once (group commit, a savepoint each,
`synchronous=FULL`); on PostgreSQL each is a transaction of its own in a bounded pool of threads.
What `write` returned is on disk. A reader never waits for a writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from storage.engine import is_given_up, rolled_back, session_on
from storage.errors import BadUrl, DatabaseInUse, InDoubt, StorageError, Unavailable
from storage.jobs import Job, terms_of
from storage.postgres import PostgresEngine, is_postgres
from storage.sqlite import SqliteEngine, sqlite_path

__all__ = [
    "BadUrl",
    "Database",
    "DatabaseInUse",
    "InDoubt",
    "StorageError",
    "Unavailable",
]

P = ParamSpec("P")
T = TypeVar("T")
WRITERS = 8
"""How many transactions of a process PostgreSQL works on at once, unless told otherwise."""
_LOST = "the transaction was rolled back by the database"


class Engine(Protocol):
    """What runs jobs on one kind of database."""

    shared: bool
    """Whether several processes may serve this database."""

    async def open(self) -> None:
        """Start the threads."""

    async def close(self) -> None:
        """Finish what was handed in, then stop."""

    def write(self, job: Job) -> None:
        """Take a job that may write."""

    def read(self, job: Job) -> None:
        """Take a job that only reads."""


@dataclass
class Database:
    """One SQLite file, or one PostgreSQL database that many processes share.

    The process that serves a file opens it as its owner; a short-lived command opens it as a
    `guest`, whose writes the owner notices by reading. On PostgreSQL everybody is alike.
    """

    url: str = field(repr=False)
    guest: bool = False
    writers: int = WRITERS
    _listeners: list[Callable[[], None]] = field(default_factory=list, repr=False)
    _senders: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._opened = False
        self._engine: Engine = (
            PostgresEngine(self.url, self.writers, commit=_commit_alone, told=self._told)
            if is_postgres(self.url)
            else SqliteEngine(
                sqlite_path(self.url), guest=self.guest, commit=_commit_together, told=self._told
            )
        )

    @property
    def shared(self) -> bool:
        """Whether several processes may serve this database."""
        return self._engine.shared

    async def __aenter__(self) -> Self:
        """Open the database and start the threads.

        Raises:
            DatabaseInUse: another process serves this file.
            Unavailable: it cannot be reached, or its folder cannot be written.
        """
        await self._engine.open()
        self._opened = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Finish what was handed in, then close."""
        if self._opened:
            self._opened = False
            await self._engine.close()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the event loop after commits of facts; it must be quick."""
        self._listeners.append(listener)

    def on_outgoing(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the event loop after commits that may put something on its way."""
        self._senders.append(listener)

    async def write(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, ...)` in a transaction; when this returns, it is on disk.

        `fn` may be run more than once, until one run is stored: it must change nothing but the
        session.

        Raises:
            Unavailable: the disk is full, the server is down, or it took longer than its terms.
            InDoubt: an `Unavailable` where it may have been stored; repeat it under the same key.
            Exception: whatever `fn` raised; then nothing of it was stored.
        """
        job = self._job(fn, partial(_with_session, lambda session: fn(session, *args, **kwargs)))
        self._engine.write(job)
        result: T = await job.future
        return result

    async def run(
        self,
        fn: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(connection, ...)` just like `write`, without the cost of a session."""
        job = self._job(fn, lambda connection: fn(connection, *args, **kwargs))
        self._engine.write(job)
        result: T = await job.future
        return result

    async def read(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, ...)` on one snapshot, read-only; `Unavailable` when that fails."""
        job = self._job(fn, partial(_looking, lambda session: fn(session, *args, **kwargs)))
        self._engine.read(job)
        result: T = await job.future
        return result

    def _job(self, fn: Callable[..., object], run: Callable[[Connection], object]) -> Job:
        if not self._opened:
            raise Unavailable("the database is closed")
        loop = asyncio.get_running_loop()
        return Job(run, loop, loop.create_future(), terms_of(fn))

    def _told(self, done: list[Job]) -> None:
        for job in done:
            job.settle()
        told = self._listeners if any(job.facts for job in done) else []
        sends = self._senders if any(job.terms.sends for job in done) else []
        for listener in (*told, *sends):
            listener()


def _with_session(fn: Callable[[Session], T], connection: Connection) -> T:
    with session_on(connection) as session:
        result = fn(session)
        session.flush()
    return result


def _looking(fn: Callable[[Session], T], connection: Connection) -> T:
    with Session(connection, expire_on_commit=False, autoflush=False) as session:
        return fn(session)


def _commit_together(connection: Connection, batch: list[Job]) -> None:
    """Run a batch in one transaction of SQLite, each job behind a savepoint of its own."""
    if len(batch) == 1:
        _commit_single(connection, batch[0])
        return
    with connection.begin():
        for job in batch:
            try:
                with connection.begin_nested():
                    job.result = job.run(connection)
            except Exception as problem:  # noqa: BLE001 - the caller gets it
                job.error, job.result = problem, None
            if rolled_back(connection) or is_given_up(job.error):
                raise StorageError(_LOST)


def _commit_single(connection: Connection, job: Job) -> None:
    """Do the same for one job, which needs no savepoint: when it fails, nothing of it is kept."""
    lost = False
    try:
        with connection.begin():
            try:
                job.result = job.run(connection)
            finally:
                lost = rolled_back(connection)
    except OperationalError as problem:
        # Whoever catches the first error may be told another: that a savepoint is gone.
        if lost or is_given_up(problem):
            raise
        job.error, job.result = problem, None
    except Exception as problem:  # noqa: BLE001 - the caller gets it
        job.error, job.result = problem, None
    else:
        if lost:
            raise StorageError(_LOST)


def _commit_alone(
    connection: Connection, run: Callable[[Connection], Any], closing: Callable[[], None]
) -> Any:  # noqa: ANN401 - whatever the function returned
    """Run one function in a transaction of its own; `closing` is called before it is committed."""
    with connection.begin():
        result = run(connection)
        closing()
    return result
