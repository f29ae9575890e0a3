"""How SQLite is spoken to: what every connection promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

BUSY_SECONDS = 10
CACHE_KIB = 16 * 1024
"""What the writer keeps of the file in memory, instead of SQLite's two MiB."""
_FATAL = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
    }
)
"""The errors on which SQLite may give a whole transaction up."""


def make_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Return an engine whose connections keep the house's promises; errors quote no data."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=NullPool,
        hide_parameters=True,
        json_serializer=as_json,
        json_deserializer=from_json,
    )

    def connect(raw: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
        raw.isolation_level = None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        else:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        cursor.close()

    def begin(connection: Connection) -> None:
        # Its own way costs more than the database does.
        words = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        try:
            connection.connection.cursor().execute(words)
        except sqlite3.Error as problem:
            raise told_of(problem, words, connection.dialect) from problem

    _let_savepoints_be_quick(engine.dialect)
    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    return engine


def _let_savepoints_be_quick(dialect: Dialect) -> None:
    # Each write stands behind one, and SQLAlchemy compiles each anew: that costs more than most do.
    def run(words: str) -> Callable[[Connection, str], None]:
        def savepoint(connection: Connection, name: str) -> None:
            try:
                connection.connection.cursor().execute(f"{words} {name}")
            except sqlite3.Error as problem:
                raise told_of(problem, words, connection.dialect) from problem

        return savepoint

    for name, words in (
        ("do_savepoint", "SAVEPOINT"),
        ("do_release_savepoint", "RELEASE SAVEPOINT"),
        ("do_rollback_to_savepoint", "ROLLBACK TO SAVEPOINT"),
    ):
        setattr(dialect, name, run(words))


def told_of(problem: sqlite3.Error, sql: str, dialect: Dialect) -> BaseException:
    """Return the error as SQLAlchemy would raise it: it quotes no data."""
    return DBAPIError.instance(
        sql, None, problem, sqlite3.Error, hide_parameters=True, dialect=dialect
    )


def as_json(value: object) -> str:
    """Return a value as the text of a JSON column."""
    # Escaped like `json.dumps`: what looks into JSON columns looks for that.
    return to_json(value, ensure_ascii=True).decode()


def session_on(connection: Connection) -> Session:
    """Return a session inside the connection's own transaction: flush it, never commit it."""
    return Session(connection, join_transaction_mode="rollback_only", expire_on_commit=False)


@contextmanager
def only_reading(connection: Connection) -> Iterator[None]:
    """Let queries fail without harm to what was written before them in the same transaction."""
    # On PostgreSQL one that failed would take the transaction along; on SQLite it does not. The
    # savepoint ends with the transaction: to release it would be one more round trip.
    if connection.dialect.name == "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection
    raw.mark()
    try:
        yield
    except Exception:
        raw.back_to_mark()
        raise


def rolled_back(connection: Connection) -> bool:
    """Say whether the database has given the transaction up by itself."""
    # A full disk makes SQLite roll back by itself; the next savepoint would then be a transaction
    # of its own, stored although its caller is told that nothing was.
    return not getattr(connection.connection.driver_connection, "in_transaction", True)


def is_given_up(problem: BaseException | None) -> bool:
    """Say whether SQLite itself is in trouble, not the statement it was asked to run."""
    if not isinstance(problem, OperationalError):
        return False
    code: int = getattr(problem.orig, "sqlite_errorcode", 0)
    return code & 0xFF in _FATAL
