"""Runs migrations on the connection that `storage.schema` hands over."""

from __future__ import annotations

from typing import Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import storage.models  # noqa: F401 - knows the tables
from storage.types import Moment, Parts, Word


def plain(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as the database's own: migrations outlive our classes."""
    if kind != "type":
        return False
    if isinstance(item, Word):
        return "sa.String(length=32)"
    if isinstance(item, Parts):
        return "sa.JSON()"
    if isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=False,
    render_item=plain,
)
with context.begin_transaction():
    context.run_migrations()
