"""Moves everything from one database to an empty one: all of it, counted, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Table, func, select
from sqlmodel import SQLModel

from storage.engine import make_engine
from storage.errors import StorageError
from storage.jobs import Terms, on_terms
from storage.rows import add_all
from storage.upsert import table_of

BATCH = 1000
HOURS = 12
"""How long a copy may take at most."""


class NotEmpty(StorageError):
    """There is something in the target already."""


class Miscounted(StorageError):
    """Not every row arrived; nothing was kept."""


def tables() -> list[type[SQLModel]]:
    """Return all models, those that others refer to first."""
    models = {table_of(m.class_): m.class_ for m in SQLModel._sa_registry.mappers}  # noqa: SLF001 - has no other face
    return [models[table] for table in SQLModel.metadata.sorted_tables]


@on_terms(Terms(seconds=HOURS * 3600))
def copy(target: Connection, source: Path) -> Mapping[str, int]:
    """Fill an empty PostgreSQL database from a SQLite file; return the rows of each table.

    Both must be at the same revision, and nobody may write to the file meanwhile.

    Raises:
        NotEmpty: the target has rows; nothing was changed.
        Miscounted: the two differ in the end; nothing was kept.
    """
    _refuse_rows(target)
    engine = make_engine(source, read_only=True)
    try:
        with engine.connect() as origin:
            return {table_of(model).name: _pour(origin, target, model) for model in tables()}
    finally:
        engine.dispose()


def _refuse_rows(target: Connection) -> None:
    for model in tables():
        table = table_of(model)
        if target.execute(select(*table.primary_key).limit(1)).first() is not None:
            raise NotEmpty(
                f"the target has rows in {table.name!r} already; give an empty database, "
                "for example a new one made with createdb"
            )


def _pour(origin: Connection, target: Connection, model: type[SQLModel]) -> int:
    table = table_of(model)
    found = origin.execution_options(yield_per=BATCH).execute(select(table))
    for rows in found.mappings().partitions():
        add_all(target, model, [dict(row) for row in rows])
    _go_on_counting(target, table)
    there, here = (_count(connection, table) for connection in (target, origin))
    if there != here:
        raise Miscounted(f"{table.name}: {here} rows here, {there} arrived; nothing was kept")
    return there


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _go_on_counting(target: Connection, table: Table) -> None:
    column = table.autoincrement_column
    if column is not None:
        following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        target.execute(select(func.setval(sequence, following, False)))  # noqa: FBT003 - SQL's own
