"""`column IN (many values)` as one parameter: the statement's text, and its plan, stay the same."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Column, ColumnElement, Text, bindparam, column, func
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from storage.engine import as_json
from storage.rows import encoder
from storage.statements import AMONG


class _Many(TypeDecorator[Collection[Any]]):
    """Many values of one type: an array, or JSON where there are none."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(self.item))
        return dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Write the values as the database takes them."""
        if dialect.name == "postgresql":
            return list
        encode = encoder(dialect, self.item)
        return lambda values: as_json(
            list(values) if encode is None else [encode(each) for each in values]
        )


class _Among(FunctionElement[bool]):
    name = "among"
    # As a Boolean it would be written as "... = 1" for SQLite, which then uses no index.
    type = NullType()  # type: ignore[assignment]
    inherit_cache = True


@compiles(_Among)
def _as_json(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} {AMONG.replace('?', values)}"


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY ({values})"


def among(column: Column[Any], name: str) -> FunctionElement[bool]:
    """Return the condition that a column of text or ids has one of the values of `name`."""
    values: BindParameter[Any] = bindparam(name, type_=_Many(column.type))
    return _Among(column, values)


def each_of(dialect: str, name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return the values of `name` as a column to select, one a row and in their order."""
    values: BindParameter[Any] = bindparam(name, type_=_Many(kind))
    if dialect == "postgresql":
        return func.unnest(values).table_valued(column("each", kind)).render_derived().c.each
    return func.json_each(values).table_valued(column("value", kind)).c.value
