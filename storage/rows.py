"""Many rows through one statement, encoded and decoded without what SQLAlchemy does for each.

Its types, its dialects and its SQL are used as they are; only the way of every single value
through its machinery, which costs more than the database does, is cut short.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import JSON, BindParameter, Connection, Table, Uuid, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Insert, Select, Update
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from storage import pg_driver
from storage.engine import as_json, told_of
from storage.models import LaneKind
from storage.statements import AMONG, Encode, Plan, Row, coded, recoded
from storage.types import Word, uuid_of
from storage.upsert import table_of

Statement = Insert | Update | Select[Any]
_for_one: dict[int, Plan] = {}
_plans: dict[tuple[str, Statement], Plan] = {}
_spelt: dict[tuple[Any, ...], Plan] = {}
_read: dict[tuple[str, Table], list[tuple[str, Encode]]] = {}


def find_all(
    connection: Connection, query: Select[Any] | Update | Insert, given: Mapping[str, Any]
) -> Sequence[Row]:
    """Return the rows of a query, or of a change's RETURNING, in the order of its columns.

    It was built once, and `given` holds all its parameters.
    """
    plan = planned(connection, query, [given])
    return recoded(_fetched(connection, plan.sql, plan.rows([given])[0]), plan.read)


def execute_all(
    connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run a statement that was built once for each of the rows; they hold all its parameters."""
    if not rows:
        return
    plan = planned(connection, statement, rows)
    given = plan.rows(rows)
    if connection.dialect.name != "sqlite":
        pg_driver.execute_all(connection, plan.sql, given)
        return
    driver = _driver(connection)
    try:
        driver.executemany(plan.sql, given)
    except sqlite3.Error as problem:
        raise told_of(problem, plan.sql, connection.dialect) from problem


def _fetched(connection: Connection, sql: str, given: Any) -> Sequence[Row]:  # noqa: ANN401 - the driver's own
    if connection.dialect.name != "sqlite":
        return pg_driver.fetch_all(connection, sql, given)
    driver = _driver(connection)
    try:
        return driver.execute(sql, given).fetchall()
    except sqlite3.Error as problem:
        raise told_of(problem, sql, connection.dialect) from problem


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection, in SQLAlchemy's transaction: its way costs ten times more."""
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - what the dialect's name says
    return driver


def planned(
    connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]
) -> Plan:
    """Return how a statement is run here; it was built once."""
    plan = _spelt_out(connection, statement, rows)
    if not plan.many or len(rows) > 1 or any(len(rows[0][name]) != 1 for name in plan.many):
        return plan
    lone = _for_one.get(id(plan))
    if lone is None:
        lone = _for_one[id(plan)] = plan.for_one()
    return lone


def _spelt_out(
    connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]
) -> Plan:
    key = connection.dialect.name, statement
    plan = _plans.get(key)
    if plan is None:
        plan = _plans[key] = _plan(connection.dialect, statement)
    if not plan.spelt:
        return plan
    words = {tuple(map(row.get, plan.spelt)) for row in rows}
    if len(words) > 1:
        return plan
    of_these = (*key, *words.pop())
    spelt = _spelt.get(of_these)
    if spelt is None:
        spelt = _spelt[of_these] = plan.spelt_out(rows[0])
    return spelt


def add_all(
    connection: Connection, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store rows of one table, all with the same columns; the others take their defaults."""
    if not rows:
        return
    execute_all(connection, _insert(model, tuple(rows[0])), rows)


def decoders(connection: Connection, table: Table) -> list[tuple[str, Encode]]:
    """Return how each column's value, as the driver gives it, becomes what the record holds."""
    dialect, key = connection.dialect, (connection.dialect.name, table)
    found = _read.get(key)
    if found is None:
        found = _read[key] = [(one.name, decoder(dialect, one.type)) for one in table.columns]
    return found


def encoder(dialect: Dialect, kind: TypeEngine[Any]) -> Encode:
    """Return how a value of this type is written, None if just as it is."""
    if dialect.name == "sqlite":
        if isinstance(kind, Uuid):
            return _hex
        if type(kind) is JSON:
            return as_json
    return kind.dialect_impl(dialect).bind_processor(dialect)


def decoder(dialect: Dialect, kind: TypeEngine[Any]) -> Encode:
    """Return how a value of this type is read, None if just as it is."""
    if dialect.name == "sqlite":
        if isinstance(kind, Uuid):
            return _from_hex
        if type(kind) is JSON:
            return from_json
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _hex(value: UUID) -> str:
    return f"{value.int:032x}"


def _from_hex(value: str) -> UUID:
    return uuid_of(int(value, 16))


def _plan(dialect: Dialect, statement: Statement) -> Plan:
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    encoders = [(name, encoder(dialect, compiled.binds[name].type)) for name in names]
    fixed = {
        name: coded(compiled.binds[name].value, fn)
        for name, fn in encoders
        if not compiled.binds[name].required
    }
    read = statement.exported_columns
    return Plan(
        str(compiled),
        bool(compiled.positiontup),
        encoders,
        fixed,
        [decoder(dialect, column.type) for column in read],
        _to_spell(dialect, statement, compiled.binds),
        _of_many(dialect, compiled),
    )


def _of_many(dialect: Dialect, compiled: SQLCompiler) -> Mapping[str, Encode]:
    """Return what takes many values: on SQLite a single one is found twice as fast by itself.

    Where they are not looked for but made rows of, nothing does.
    """
    if dialect.name != "sqlite":
        return {}
    items = {name: getattr(bind.type, "item", None) for name, bind in compiled.binds.items()}
    many = {name: encoder(dialect, item) for name, item in items.items() if item is not None}
    marks = sum(name in many for name in compiled.positiontup or ())
    return many if marks == str(compiled).count(AMONG) else {}


def _to_spell(
    dialect: Dialect, statement: Statement, binds: Mapping[str, BindParameter[Any]]
) -> Sequence[str]:
    """Return which words must stand in the text: a lane's kind, where it is compared.

    An index for lanes of one kind makes SQLite look at a parameter that is compared with the kind,
    and prepare the whole statement anew each time it is given.
    """
    if dialect.name != "sqlite" or isinstance(statement, Insert):
        return ()
    return tuple(
        name
        for name, bind in binds.items()
        if isinstance(bind.type, Word) and bind.type.enum is LaneKind
    )


@cache
def _insert(model: type[SQLModel], names: tuple[str, ...]) -> Insert:
    table = table_of(model)
    given = {name: bindparam(name, type_=table.c[name].type) for name in names}
    default = {
        column.name: bindparam(column.name, column.default.arg, type_=column.type)
        for column in table.columns
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }
    return insert(table).values({**given, **default}).inline()
