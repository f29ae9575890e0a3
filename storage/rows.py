"""Many rows through one statement, encoded and decoded without what SQLAlchemy does for each.

Its types, its dialects and its SQL are used as they are; only the way of every single value
through its machinery, which costs more than the database does, is cut short.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import JSON, BindParameter, Connection, Table, Uuid, bindparam, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Insert, Select, Update
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from storage import pg_driver
from storage.engine import as_json, told_of
from storage.models import LaneKind
from storage.types import Word, uuid_of
from storage.upsert import table_of

Encode = Callable[[Any], Any] | None
Statement = Insert | Update | Select[Any]
Row = Sequence[Any]
_plans: dict[tuple[str, Statement], _Plan] = {}
_spelt: dict[tuple[Any, ...], _Plan] = {}
_read: dict[tuple[str, Table], list[tuple[str, Encode]]] = {}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as its driver takes it, and how each of its values is written and read."""

    sql: str
    positional: bool
    encoders: Sequence[tuple[str, Encode]]
    fixed: Mapping[str, Any]
    decoders: Sequence[Encode]
    spelt: Sequence[str] = ()
    pick: Callable[[Mapping[str, Any]], Row] = field(init=False)
    written: Sequence[tuple[int, Encode]] = field(init=False)
    read: Sequence[tuple[int, Encode]] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what every run needs: where the values are, and which are coded at all."""
        names = [name for name, _ in self.encoders]
        coded = [(name not in self.fixed and code) or None for name, code in self.encoders]
        object.__setattr__(self, "pick", _picker(names))
        object.__setattr__(self, "written", _coders(coded))
        object.__setattr__(self, "read", _coders(self.decoders))

    def spelt_out(self, given: Mapping[str, Any]) -> _Plan:
        """Return the plan with the values of `spelt` in its text."""
        sql, encoders = self.sql, list(self.encoders)
        for at in reversed(range(len(encoders))):
            name, code = encoders[at]
            if name in self.spelt:
                word = _coded(self.fixed.get(name, given.get(name)), code)
                sql = _replace_mark(sql, at, f"'{word}'")
                del encoders[at]
        return replace(self, sql=sql, encoders=encoders, spelt=())

    def rows(self, given: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return the rows as the driver takes them; None is NULL, also where JSON has a null."""
        fixed, pick = self.fixed, self.pick
        picked = [pick({**row, **fixed}) for row in given] if fixed else list(map(pick, given))
        rows = recoded(picked, self.written)
        if self.positional:
            return rows
        names = [name for name, _ in self.encoders]
        return [dict(zip(names, row, strict=True)) for row in rows]


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Row]:
    """Return what takes the values of these names out of a row."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]


def _coders(codes: Sequence[Encode]) -> Sequence[tuple[int, Encode]]:
    return [(place, code) for place, code in enumerate(codes) if code is not None]


def recoded(rows: Sequence[Row], coders: Sequence[tuple[int, Encode]]) -> list[Row]:
    """Write or read what of the rows needs it."""
    if not (rows and coders):
        return list(rows)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, code in coders:
        columns[place] = _column(columns[place], code)
    return list(zip(*columns, strict=True))


def _coded(value: Any, code: Encode) -> Any:  # noqa: ANN401 - of any column
    return value if value is None or code is None else code(value)


def _column(values: Sequence[Any], code: Encode) -> Sequence[Any]:
    """Write or read the values of one column."""
    if code is None:
        return values
    if len(values) == 1:
        return (_coded(values[0], code),)
    made, last, coded = [], None, None
    for value in values:
        # Much of what is written at once is the very same object: this moment, this thread.
        if value is not last:
            last, coded = value, None if value is None else code(value)
        made.append(coded)
    return made


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
) -> _Plan:
    """Return how a statement is run here; it was built once."""
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


def _plan(dialect: Dialect, statement: Statement) -> _Plan:
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    encoders = [(name, encoder(dialect, compiled.binds[name].type)) for name in names]
    fixed = {
        name: _coded(compiled.binds[name].value, fn)
        for name, fn in encoders
        if not compiled.binds[name].required
    }
    read = statement.exported_columns
    return _Plan(
        str(compiled),
        bool(compiled.positiontup),
        encoders,
        fixed,
        [decoder(dialect, column.type) for column in read],
        _to_spell(dialect, statement, compiled.binds),
    )


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


def _replace_mark(sql: str, number: int, text: str) -> str:
    """Put a text in the place of a parameter's mark; nothing else in our SQL looks like one."""
    parts = sql.split("?")
    before, after = "?".join(parts[: number + 1]), "?".join(parts[number + 1 :])
    return f"{before}{text}{after}"


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
