"""Many rows through one statement, encoded and decoded without what SQLAlchemy does for each.

Its types, its dialects and its SQL are used as they are; only the way of every single value
through its machinery, which costs more than the database does, is cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Insert, Update
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import SQLModel

from storage.upsert import table_of

Encode = Callable[[Any], Any] | None
_plans: dict[tuple[str, Insert | Update], _Plan] = {}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as its driver takes it, and how each of its values is written."""

    sql: str
    positional: bool
    encoders: Sequence[tuple[str, Encode]]

    def rows(self, given: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return the rows as the driver takes them; None is NULL, also where JSON has a null."""
        columns = [_column([row[name] for row in given], fn) for name, fn in self.encoders]
        if self.positional:
            return list(zip(*columns, strict=True))
        names = [name for name, _ in self.encoders]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: list[Any], encode: Encode) -> list[Any]:
    if encode is None:
        return values
    first = values[0]
    if first is None or (len(values) > 1 and values[1] is first):
        # Much of what is written at once is the very same object: this moment, this word.
        known = None if first is None else encode(first)
        return [
            known if value is first else None if value is None else encode(value)
            for value in values
        ]
    return [None if value is None else encode(value) for value in values]


def execute_all(
    connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run a statement that was built once for each of the rows; they hold all its parameters."""
    if not rows:
        return
    key = connection.dialect.name, statement
    plan = _plans.get(key)
    if plan is None:
        plan = _plans[key] = _plan(connection.dialect, statement)
    connection.exec_driver_sql(plan.sql, plan.rows(rows))


def add_all(
    connection: Connection, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store rows of one table, all with the same columns; the others take their defaults."""
    if not rows:
        return
    names = tuple(rows[0])
    given = _defaults(model, names)
    execute_all(
        connection, _insert(model, names), [{**given, **row} for row in rows] if given else rows
    )


def decoders(connection: Connection, table: Table) -> list[tuple[str, Encode]]:
    """Return how each column's value, as the driver gives it, becomes what the record holds."""
    return [(column.name, _decoder(connection.dialect, column)) for column in table.columns]


def _decoder(dialect: Dialect, column: Column[Any]) -> Encode:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _plan(dialect: Dialect, statement: Insert | Update) -> _Plan:
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    encoders = [
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in names
    ]
    return _Plan(str(compiled), bool(compiled.positiontup), encoders)


@cache
def _insert(model: type[SQLModel], names: tuple[str, ...]) -> Insert:
    known = (*names, *_defaults(model, names))
    table = table_of(model)
    return insert(table).values({name: _value(table.c[name]) for name in known}).inline()


def _value(column: Column[Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's own type
    return bindparam(column.name, type_=column.type)


@cache
def _defaults(model: type[SQLModel], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the defaults of the columns that are not named."""
    return {
        column.name: column.default.arg
        for column in table_of(model).columns
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
