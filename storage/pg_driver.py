"""How PostgreSQL is spoken to: what every connection promises, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.pool import NullPool

from storage.errors import BadUrl
from storage.pg_leader import Leader

if TYPE_CHECKING:
    from storage.pg_connection import Raw

ADDRESS = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://")
OVERTAKEN = frozenset({"40001", "40P01"})
"""Others changed the same rows, or it was one half of a deadlock: rolled back, to be run again."""
TAKEN = "23505"
"""A unique key is there already."""
LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "53300"})
"""The server is gone, starts, stops or has too many guests."""
DEMOTED = frozenset({"25006"})
"""The server does not lead its cluster any more."""
ROLLED_BACK = frozenset({"23", "40"})
"""Classes of errors with which COMMIT itself says that nothing was stored."""
PROMISES = {
    "connect_timeout": "2",
    "target_session_attrs": "read-write",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "yingda",
}
"""What a connection is asked for unless the address says otherwise."""

LIBPQ_16 = 160_000
"""From this version on hosts can be tried in any order: a frozen one, which takes connections and
answers nothing, does not stand in the way of every attempt for as long as one may take."""


def is_postgres(url: str) -> bool:
    """Say whether an address is one of PostgreSQL."""
    return ADDRESS.match(url) is not None


def target_of(url: str) -> dict[str, Any]:
    """Return what an address asks for; several hosts and libpq's own options are welcome.

    Raises:
        BadUrl: it cannot be read, or the driver is not installed.
    """
    try:
        from psycopg import ProgrammingError, conninfo, pq  # noqa: PLC0415 - an extra
    except ImportError:
        raise BadUrl(
            "database_url names PostgreSQL, whose driver is not installed; "
            "install the extra: pip install 'yingda[postgres]'"
        ) from None
    try:
        told = conninfo.conninfo_to_dict(ADDRESS.sub("postgresql://", url))
    except ProgrammingError:
        # Not chained: its words quote the address, which may hold a password.
        raise BadUrl(
            "database_url cannot be read; write it as postgresql://user:password@host/database, "
            "with special characters of the password as %XX"
        ) from None
    at_random = {"load_balance_hosts": "random"} if pq.version() >= LIBPQ_16 else {}
    return {**PROMISES, **at_random, **told}


def describe(url: str) -> str:
    """Return an address as it may be shown: without a password."""
    if not is_postgres(url):
        return url
    told = target_of(url)
    hosts = str(told.get("host", "")).split(",")
    ports = str(told.get("port", "")).split(",")
    pairs = [f"{h}:{p}" if p else h for h, p in zip(hosts, ports * len(hosts), strict=False)]
    return f"postgresql://{','.join(pairs)}/{quote(str(told.get('dbname', '')))}"


def leader_of(url: str) -> Leader:
    """Return what knows which of the servers of an address leads.

    Raises:
        BadUrl: the address cannot be read, or the driver is not installed.
    """
    target = target_of(url)
    from storage.pg_connection import Raw  # noqa: PLC0415 - needs the driver

    return Leader(target, lambda server: Raw.opened(server, read_only=True).close())


def make_engine(url: str, *, read_only: bool = False, leader: Leader | None = None) -> Engine:
    """Return an engine whose connections keep the house's promises; errors quote no data.

    With a `leader` they are made to the server that it knows.

    Raises:
        BadUrl: the address cannot be read, or the driver is not installed.
    """
    target = target_of(url)
    from storage.pg_connection import Raw  # noqa: PLC0415 - needs the driver
    from storage.pg_many import as_json, insert_at_once  # noqa: PLC0415 - likewise

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: Raw.opened(leader.target if leader else target, read_only=read_only),
        poolclass=NullPool,
        hide_parameters=True,
        json_serializer=as_json,
        json_deserializer=from_json,
    )
    event.listen(engine, "handle_error", _say_less)
    event.listen(engine, "do_executemany", insert_at_once)
    event.listen(engine, "before_cursor_execute", _flush_first)
    event.listen(engine, "rollback_savepoint", _drop)
    return engine


def fresh(
    connection: Connection,
    *,
    each_statement: bool = False,
    alone: bool = False,
    lasting: bool = True,
) -> Raw:
    """Make a connection ready for its next transaction; return the driver's own.

    A statement that is `alone` has none around it. Unless it is `lasting`, a dying server may
    forget it.

    Unless each statement is to see what others have committed before it, the transaction sees
    one moment, and is rolled back when it changes a row that others have changed since.
    """
    raw: Raw = connection.connection.driver_connection  # type: ignore[assignment]
    raw.begin_anew(each_statement=each_statement, alone=alone, lasting=lasting)
    return raw


def fetch_all(connection: Connection, sql: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement past SQLAlchemy, whose way costs as much again; return its rows."""
    raw = _raw(connection)
    try:
        return raw.fetch(sql, given)
    except Exception as problem:
        raise _told_of(connection, raw, problem, sql) from problem


def fetch_each(
    connection: Connection, sql: str, given: Sequence[Mapping[str, Any]]
) -> list[list[tuple[Any, ...]]]:
    """Run a statement with each of the values; return the rows of each."""
    raw = _raw(connection)
    try:
        return raw.fetch_each(sql, given)
    except Exception as problem:
        raise _told_of(connection, raw, problem, sql) from problem


def store_all(
    connection: Connection, sql: str, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[Any, ...]]:
    """Run an INSERT at once for all of the rows; return what it returns."""
    from storage.pg_many import rows_at_once  # noqa: PLC0415 - needs the driver

    return fetch_all(connection, *rows_at_once(sql, rows))


def execute_all(connection: Connection, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each of the rows, or at once for all, just so.

    It goes along with the next one that returns something; what is wrong with it is told then.
    Behind a savepoint it is told at once: there it may be taken back alone.
    """
    _raw(connection).later(sql, rows)
    if connection.in_nested_transaction():
        flush(connection)


def flush(connection: Connection) -> None:
    """Run what was put off, before somebody else speaks on this connection."""
    raw = _raw(connection)
    try:
        raw.flush()
    except Exception as problem:
        raise _told_of(connection, raw, problem, "statements that were put off") from problem


def forget_if_lost(connection: Connection) -> None:
    """Let a dying server forget this transaction."""
    _raw(connection).forget_if_lost()


def check(connection: Connection) -> None:
    """Run what was put off; refuse if a statement has failed and somebody went on all the same.

    Raises:
        PendingRollbackError: there is nothing that could be committed.
    """
    flush(connection)
    if _raw(connection).is_broken:
        raise PendingRollbackError("a statement of this transaction has failed")


def _flush_first(connection: Connection, *_: object) -> None:
    raw: Raw = connection.connection.driver_connection  # type: ignore[assignment]
    if raw.has_waiting:
        flush(connection)


def _drop(connection: Connection, *_: object) -> None:
    _raw(connection).drop()


def _raw(connection: Connection) -> Raw:
    if not connection.in_transaction():
        connection.begin()
    raw: Raw = connection.connection.driver_connection  # type: ignore[assignment]
    return raw


def _told_of(connection: Connection, raw: Raw, problem: Exception, sql: str) -> BaseException:
    """Return an error of the driver as SQLAlchemy would raise it; it quotes no data."""
    errors = connection.dialect.loaded_dbapi.Error
    if not isinstance(problem, errors):
        return problem
    _quote_nothing(problem)
    if raw.closed and not connection.invalidated:
        connection.invalidate(problem)
    return DBAPIError.instance(
        sql,
        None,
        problem,
        errors,
        hide_parameters=True,
        connection_invalidated=connection.invalidated,
        dialect=connection.dialect,
    )


def is_vain(raw: Raw) -> bool:
    """Say whether the last commit was warned of: then its standby may not have it."""
    return raw.warned


def state_of(problem: DBAPIError) -> str:
    """Return the SQLSTATE of an error, "" where there is none: the server did not answer."""
    return getattr(problem.orig, "sqlstate", None) or ""


def is_overtaken(problem: Exception) -> bool:
    """Say whether others changed what a transaction saw: it is to be run again as a whole."""
    return isinstance(problem, DBAPIError) and state_of(problem) in OVERTAKEN


def is_lost(problem: DBAPIError) -> bool:
    """Say whether the server could not be asked at all."""
    state = state_of(problem)
    silent = not state and isinstance(problem, OperationalError | InterfaceError)
    return problem.connection_invalidated or silent or state in LOST or state[:2] == "08"


def is_away(problem: DBAPIError) -> bool:
    """Say whether this server cannot be written to, and another one, or it later, perhaps can."""
    return is_lost(problem) or state_of(problem) in DEMOTED


def _say_less(context: ExceptionContext) -> None:
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    primary = _quote_nothing(original)
    if primary and wrapped is not None:
        wrapped.args = (f"({type(original).__name__}) {primary}",)


def _quote_nothing(problem: BaseException) -> str | None:
    """Leave only an error's first line: the server's detail quotes rows, that is, customers."""
    primary: str | None = getattr(getattr(problem, "diag", None), "message_primary", None)
    if primary:
        problem.args = (primary,)
    return primary
