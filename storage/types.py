"""Column types that keep their promises on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from channels.message import Part

_parts: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])


def utcnow() -> datetime:
    """Return this moment, with its zone: the default of time columns and nothing else."""
    return datetime.now(UTC)


class Parts(TypeDecorator[tuple[Part, ...]]):
    """Message parts as JSON; a change is a new tuple, never an edit in place."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Part, ...] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - SQLAlchemy's own signature
        """Turn parts into JSON."""
        return None if value is None else _parts.dump_python(value, mode="json")

    def process_result_value(
        self,
        value: Any,  # noqa: ANN401 - SQLAlchemy's own signature
        dialect: Dialect,
    ) -> tuple[Part, ...] | None:
        """Turn JSON into parts."""
        return None if value is None else _parts.validate_python(value)


class Word(TypeDecorator[StrEnum]):
    """An enum as its value, so that renaming a member in Python renames nothing in the data."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__(32)
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Turn a member into its value."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Turn a value into its member."""
        return None if value is None else self.enum(value)


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC; SQLite stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; a naive one is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
