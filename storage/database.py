"""The only place that commits: `await db.write(fn, ...)`, `await db.read(fn, ...)`.

`fn(session, ...)` is a plain synchronous function. Writes go to one writer thread that commits
many of them at once (group commit, a savepoint each, `synchronous=FULL`): what `write` returned
is on disk. Reads run on read-only connections in a few threads and never wait for a writer.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlmodel import Session

from storage.engine import make_engine, rolled_back, session_on

P = ParamSpec("P")
T = TypeVar("T")

GROUP = 64
"""How many writes share one commit at most."""
READERS = 4


class StorageError(Exception):
    """The database cannot do this now."""


class DatabaseInUse(StorageError):
    """Another process serves this file."""


class Unavailable(StorageError):
    """The database does not take writes; nothing of this call was stored."""


class BadUrl(StorageError):
    """The address names no database that this version speaks."""


@dataclass(slots=True)
class _Job:
    """One function on its way to the writer."""

    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


def sqlite_path(url: str) -> Path:
    """Return the file of a `sqlite:///` address.

    Raises:
        BadUrl: it is another database, or no address at all.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise BadUrl(
            "database_url is not an address; write it as sqlite:///data/yingda.db"
        ) from problem
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise BadUrl(
            f"database_url starts with {parsed.drivername!r}; this version runs on SQLite, "
            "write it as sqlite:///data/yingda.db"
        )
    return Path(parsed.database)


def make_folder(path: Path) -> None:
    """Make the folder of a database, if it is not there.

    Raises:
        Unavailable: it cannot be made, or nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise Unavailable(
            f"{path} cannot be opened ({problem.strerror}); make its folder writable, "
            "or choose another database_url"
        ) from problem


@dataclass
class Database:
    """One SQLite file.

    The serving process opens it as its owner; a short-lived command opens it as a `guest`,
    whose writes the owner notices by reading.
    """

    url: str
    guest: bool = False
    _listeners: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.path = sqlite_path(self.url)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._reading: list[Connection] = []
        self._lock: int | None = None

    async def __aenter__(self) -> Self:
        """Open the file and start the threads.

        Raises:
            DatabaseInUse: another process serves this file.
            Unavailable: its folder cannot be written.
        """
        make_folder(self.path)
        if not self.guest:
            self._lock = _lock(self.path)
        self._engine = make_engine(self.path)
        self._read_engine = make_engine(self.path, read_only=True)
        self._writer = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(READERS, "reader")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Finish what was handed in, then close."""
        if self._writer is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._writer.join)
            self._writer = None
        if self._readers is not None:
            self._readers.shutdown(wait=True)
            self._readers = None
        for connection in self._reading:
            connection.close()
        self._reading.clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the event loop after each commit; it must be quick."""
        self._listeners.append(listener)

    async def write(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, ...)` in a transaction; when this returns, it is on disk.

        Raises:
            Unavailable: the disk is full, or the file cannot be written.
            Exception: whatever `fn` raised; then nothing of it was stored.
        """
        return await self.run(_with_session, lambda session: fn(session, *args, **kwargs))

    async def run(
        self,
        fn: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(connection, ...)` just like `write`, without the cost of a session."""
        if self._writer is None:
            raise Unavailable("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(lambda connection: fn(connection, *args, **kwargs), loop, future))
        return await future

    async def read(
        self,
        fn: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `fn(session, ...)` on one snapshot, read-only; `Unavailable` when that fails."""
        if self._readers is None:
            raise Unavailable("the database is closed")
        job = partial(self._read, lambda session: fn(session, *args, **kwargs))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, job)
        except DBAPIError as problem:
            raise Unavailable(f"the database cannot be read: {problem.orig}") from problem

    def _read(self, fn: Callable[[Session], T]) -> T:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._read_engine.connect()
            self._reading.append(connection)
        try:
            with Session(connection, expire_on_commit=False, autoflush=False) as session:
                return fn(session)
        finally:
            connection.rollback()

    def _write_all(self) -> None:
        connection: Connection | None = None
        while (batch := self._take()) is not None:
            try:
                connection = connection or self._engine.connect()
                _commit(connection, batch)
            except Exception as problem:  # noqa: BLE001 - without its writer the service would hang
                _fail(batch, problem)
                if connection is not None:
                    connection.invalidate()
                    connection.close()
                    connection = None
            self._tell(batch)
        if connection is not None:
            connection.close()

    def _take(self) -> list[_Job] | None:
        first = self._jobs.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < GROUP and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    def _tell(self, batch: list[_Job]) -> None:
        for loop in {id(job.loop): job.loop for job in batch}.values():
            done = [job for job in batch if job.loop is loop]
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._resolve, done)

    def _resolve(self, done: list[_Job]) -> None:
        for job in done:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        for listener in self._listeners:
            listener()


def _with_session(connection: Connection, fn: Callable[[Session], T]) -> T:
    with session_on(connection) as session:
        result = fn(session)
        session.flush()
    return result


def _commit(connection: Connection, batch: list[_Job]) -> None:
    with connection.begin():
        for job in batch:
            try:
                with connection.begin_nested():
                    job.result = job.run(connection)
            except Exception as problem:  # noqa: BLE001 - the caller gets it
                job.error, job.result = problem, None
            if rolled_back(connection):
                raise StorageError("the transaction was rolled back by the database")


def _fail(batch: list[_Job], problem: Exception) -> None:
    for job in batch:
        job.result = None
        if job.error is None or isinstance(job.error, SQLAlchemyError):
            job.error = Unavailable(f"the database takes no writes: {type(problem).__name__}")
            job.error.__cause__ = problem


def _lock(path: Path) -> int:
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        owner = os.pread(handle, 32, 0).decode(errors="replace").strip()
        os.close(handle)
        raise DatabaseInUse(
            f"another process (pid {owner or 'unknown'}) serves {path}; one SQLite file has one "
            "service. Stop it first, or give each its own database_url"
        ) from problem
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle
