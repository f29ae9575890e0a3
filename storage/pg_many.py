"""Many rows for PostgreSQL in one statement: each column travels as one array.

The driver's own way, one execution for each row, costs both sides more than storing it does; so
does its way of writing arrays. Importing this needs the extra `postgres`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from psycopg.types.json import Json
from pydantic_core import to_json

_VALUE = r"%\((\w+)\)s(?:::([A-Z][A-Z ]*))?"
_INSERT = re.compile(
    rf"(INSERT INTO \S+ \([^()]*\)) VALUES \(({_VALUE}(?:, {_VALUE})*)\)"  # noqa: S608 - a pattern
    r"( (?:ON CONFLICT|RETURNING) [^%]*)?"
)
_UPDATE = re.compile(r"(UPDATE (\w+) SET .*) WHERE \2\.id = %\((\w+)\)s::UUID", re.DOTALL)
_TYPED = r"%\((\w+)\)s(?:::(TIMESTAMP WITH TIME ZONE|[A-Z]+))?"
_HELD = frozenset({"conversation", "delivery"})
"""Tables whose rows are locked, in order, before many of them are changed."""


@dataclass(frozen=True, slots=True)
class _Many:
    """A statement that takes columns, and how the values of each are written."""

    sql: str
    columns: Sequence[tuple[str, Callable[[Any], str]]]
    untold: Sequence[str]
    """Columns of which the statement does not say that they are true or false."""

    def fits(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Say whether the rows are what the statement seems to be made for."""
        return all(type(row[name]) in _TRUTH for name in self.untold for row in rows)

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Return each column as the text of an array."""
        return {name: _array([row[name] for row in rows], write) for name, write in self.columns}


def insert_at_once(
    cursor: Any,  # noqa: ANN401 - SQLAlchemy hands over the driver's
    statement: str,
    parameters: Sequence[Mapping[str, Any]],
    _context: object,
) -> bool:
    """Store rows by one statement; return False where they must be run one by one."""
    many = _many(statement) if len(parameters) > 1 else None
    if many is None or not many.fits(parameters):
        return False
    cursor.execute(many.sql, many.arrays(parameters))
    return True


def change_at_once(
    cursor: Any,  # noqa: ANN401 - any kind of the driver's
    statement: str,
    rows: Sequence[Mapping[str, Any]],
) -> bool:
    """Change rows by one statement, each by its id; return False where that cannot be done."""
    found = _changes(statement) if len(rows) > 1 else None
    if found is None or not found[0].fits(rows):
        return False
    many, key = found
    if len({row[key] for row in rows}) < len(rows):
        return False
    cursor.execute(many.sql, many.arrays(rows))
    return True


def rows_at_once(statement: str, rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """Return an INSERT that returns something as one statement for all rows, and what it is given.

    Raises:
        ValueError: it is none that could be written so.
    """
    many = _many(statement)
    if many is None or not many.fits(rows):
        raise ValueError("this statement cannot be made one for many rows")
    return many.sql, many.arrays(rows)


def as_json(value: object) -> str:
    """Return JSON, escaped like `json.dumps`: what looks into JSON columns looks for that."""
    return to_json(value, ensure_ascii=True).decode()


@cache
def _many(statement: str) -> _Many | None:
    found = _INSERT.fullmatch(statement)
    if found is None:
        return None
    told: list[tuple[str, str]] = re.findall(_VALUE, found[2])
    values = [(name, kind or "BOOLEAN") for name, kind in told]
    if not {kind for _, kind in values} <= _WRITERS.keys():
        return None
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in values)
    rest = found[found.re.groups] or ""
    return _Many(
        f"{found[1]} SELECT * FROM unnest({arrays}){rest}",  # noqa: S608 - SQL of our own
        [(name, _WRITERS[kind]) for name, kind in values],
        [name for name, kind in told if not kind],
    )


@cache
def _changes(statement: str) -> tuple[_Many, str] | None:
    found = _UPDATE.fullmatch(statement)
    if found is None or found[2] not in _HELD:
        return None
    told: dict[str, str] = dict(re.findall(_TYPED, statement))
    kinds = {name: kind or "BOOLEAN" for name, kind in told.items()}
    if not set(kinds.values()) <= _WRITERS.keys():
        return None
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in kinds.items())
    change = re.sub(_TYPED, lambda value: f"given.{value[1]}", found[1])
    many = _Many(
        f"{change} FROM unnest({arrays}) AS given({', '.join(kinds)})"
        f" WHERE {found[2]}.id = given.{found[3]}",
        [(name, _WRITERS[kind]) for name, kind in kinds.items()],
        [name for name, kind in told.items() if not kind],
    )
    return many, found[3]


def _array(values: list[Any], write: Callable[[Any], str]) -> str:
    known = values[0]
    text = "NULL" if known is None else write(known)
    # Much of what is written at once is the very same object: this moment, this word.
    each = [
        text if value is known else "NULL" if value is None else write(value) for value in values
    ]
    return f"{{{','.join(each)}}}"


def _quoted(value: object) -> str:
    text = as_json(value.obj) if isinstance(value, Json) else str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_TRUTH = frozenset({bool, type(None)})
_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "BOOLEAN": str,
    "INTEGER": str,
    "BIGINT": str,
    "UUID": str,
    "JSON": _quoted,
    "TEXT": _quoted,
    "VARCHAR": _quoted,
    "TIMESTAMP WITH TIME ZONE": _quoted,
}
"""How values of each type are written; what is not here is left to the driver."""
