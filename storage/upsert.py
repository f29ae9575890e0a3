"""INSERT ... ON CONFLICT, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """Return the Core table of a model, for the hot path."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def insert(session: Session, model: type[SQLModel]) -> Any:  # noqa: ANN401 - two dialects' classes
    """Return an INSERT on the model's table that knows `on_conflict_do_...`."""
    return insert_for(session.get_bind().dialect.name, model)


def insert_for(dialect: str, model: type[SQLModel]) -> Any:  # noqa: ANN401 - two dialects' classes
    """Return the same for a database of this kind."""
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return build(table_of(model))
