"""One SQLite file: a writer thread with group commit, readers beside it, one owner."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from storage.engine import make_engine
from storage.errors import BadUrl, DatabaseInUse, Unavailable
from storage.jobs import Job, Tell, tell

GROUP, PATIENT = 64, 16
"""How many writes that are prompt share one commit at most, and how many of the others."""
READERS = 4


def sqlite_path(url: str) -> Path:
    """Return the file of a `sqlite:///` address.

    Raises:
        BadUrl: it is another database, or no address at all.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Not chained: its words quote the address, which may hold a password.
        raise BadUrl(
            "database_url is not an address; write it as sqlite:///data/yingda.db, "
            "or as postgresql://user@host/database"
        ) from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise BadUrl(
            f"database_url starts with {parsed.drivername!r}; this version runs on SQLite and "
            "PostgreSQL, write it as sqlite:///data/yingda.db or postgresql://user@host/database"
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


class _Queue:
    """The jobs that wait to be written: who can wait lets the others go first."""

    def __init__(self) -> None:
        self._prompt: deque[Job] = deque()
        self._patient: deque[Job] = deque()
        self._changed, self._ended = threading.Condition(), False

    def put(self, job: Job) -> None:
        """Let a job wait for its turn."""
        with self._changed:
            (self._prompt if job.terms.prompt else self._patient).append(job)
            self._changed.notify()

    def end(self) -> None:
        """Let `take` return nothing once nothing waits."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self) -> list[Job]:
        """Return the next commit's jobs, waiting for them; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._prompt or self._patient or self._ended)
            return [*_first(self._prompt, GROUP), *_first(self._patient, PATIENT)]


def _first(jobs: deque[Job], most: int) -> Iterator[Job]:
    for _ in range(min(most, len(jobs))):
        yield jobs.popleft()


class SqliteEngine:
    """Runs jobs on one file; `commit` makes a batch of them true together."""

    shared = False

    def __init__(
        self,
        path: Path,
        *,
        guest: bool,
        commit: Callable[[Connection, list[Job]], None],
        told: Tell,
    ) -> None:
        self.path, self._guest, self._commit, self._told = path, guest, commit, told
        self._jobs = _Queue()
        self._local = threading.local()
        self._reading: list[Connection] = []
        self._lock: int | None = None

    async def open(self) -> None:
        """Take the file and start the threads.

        Raises:
            DatabaseInUse: another process serves this file.
            Unavailable: its folder cannot be written.
        """
        make_folder(self.path)
        if not self._guest:
            self._lock = _lock(self.path)
        self._engine = make_engine(self.path)
        self._read_engine = make_engine(self.path, read_only=True)
        self._jobs = _Queue()
        self._writer = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(READERS, "reader")

    async def close(self) -> None:
        """Finish what was handed in, then let the file go."""
        self._jobs.end()
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        for connection in self._reading:
            connection.close()
        self._reading.clear()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write(self, job: Job) -> None:
        """Take a job that may write."""
        self._jobs.put(job)

    def read(self, job: Job) -> None:
        """Take a job that only reads."""
        self._readers.submit(self._read, job)

    def _read(self, job: Job) -> None:
        try:
            job.result = self._look(job)
        except DBAPIError as problem:
            job.error = Unavailable(f"the database cannot be read: {problem.orig}")
            job.error.__cause__ = problem
        except Exception as problem:  # noqa: BLE001 - the caller gets it
            job.error = problem
        tell([job], _settle)

    def _look(self, job: Job) -> object:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._read_engine.connect()
            self._reading.append(connection)
        try:
            return job.run(connection)
        finally:
            connection.rollback()

    def _write_all(self) -> None:
        connection: Connection | None = None
        while batch := self._jobs.take():
            try:
                connection = connection or self._engine.connect()
                self._commit(connection, batch)
            except Exception as problem:  # noqa: BLE001 - without its writer the service would hang
                _fail(batch, problem)
                if connection is not None:
                    connection.invalidate()
                    connection.close()
                    connection = None
            tell(batch, self._told)
        if connection is not None:
            connection.close()


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()


def _fail(batch: list[Job], problem: Exception) -> None:
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
            "service. Stop it first, or give each its own database_url; several processes can "
            "share a PostgreSQL database"
        ) from problem
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle
