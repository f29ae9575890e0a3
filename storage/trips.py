"""Several statements in one round trip to a server; on SQLite there is none to be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.sql.expression import Insert

from storage import pg_driver
from storage.rows import find_all, planned
from storage.statements import Row, recoded

SQLITE = "sqlite"


def find_each(
    connection: Connection, query: Select[Any], given: Sequence[Mapping[str, Any]]
) -> list[Sequence[Row]]:
    """Return the rows of a query with each of the values; a server is asked all of it at once."""
    if len(given) <= 1 or connection.dialect.name == SQLITE:
        return [find_all(connection, query, values) for values in given]
    plan = planned(connection, query, given)
    found = pg_driver.fetch_each(connection, plan.sql, plan.rows(given))
    return [recoded(rows, plan.read) for rows in found]


def store_all(
    connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Row]:
    """Store rows in one statement of a server; return its RETURNING, in any order."""
    plan = planned(connection, statement, rows)
    return recoded(pg_driver.store_all(connection, plan.sql, plan.rows(rows)), plan.read)


def flush(connection: Connection) -> None:
    """Run what the driver put off: what is wrong with it is told now."""
    if connection.dialect.name != SQLITE:
        pg_driver.flush(connection)
