"""Column types that keep their promises on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from os import urandom
from time import time_ns
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from channels.message import Part

_VERSION, _RANDOM = 0x7000_8000_0000_0000_0000, 0x0FFF_3FFF_FFFF_FFFF_FFFF
_parts: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])


def new_id() -> UUID:
    """Return a new id that sorts behind those of the milliseconds before (RFC 9562, version 7).

    What is stored one after the other lies side by side in an index, not all over it.
    """
    moment = time_ns() // 1_000_000
    return UUID(int=(moment << 80 | _VERSION | int.from_bytes(urandom(10)) & _RANDOM))


def utcnow() -> datetime:
    """Return this moment, with its zone: the default of time columns and nothing else."""
    return datetime.now(UTC)


class Parts(TypeDecorator[tuple[Part, ...]]):
    """Message parts as JSON; a change is a new tuple, never an edit in place."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Write text where JSON is text: of all that is stored, most are parts."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)
        return lambda value: None if value is None else _parts.dump_json(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read the same."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        return lambda value: None if value is None else _parts.validate_json(value)

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
        self._members = {member.value: member for member in enum}

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Turn a member into its value."""
        if type(value) is self.enum:
            return value._value_
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Turn a value into its member."""
        return None if value is None else self._members.get(value) or self.enum(value)


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
