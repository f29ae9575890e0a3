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
    dialect = session.get_bind().dialect.name
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return build(table_of(model))
