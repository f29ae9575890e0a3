"""Column types that keep their promises on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from os import register_at_fork, urandom
from time import time_ns
from typing import Any
from uuid import UUID, SafeUUID

from pydantic import ConfigDict, TypeAdapter
from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from channels.message import Part

_VERSION, _RANDOM = 0x7000_8000_0000_0000_0000, 0x0FFF_3FFF_FFFF_FFFF_FFFF
_parts: TypeAdapter[tuple[Part, ...]] = TypeAdapter(
    tuple[Part, ...], config=ConfigDict(hide_input_in_errors=True)
)


_UNZONED = len("2026-11-28 03:25:28.000000")
_AHEAD = 256
"""How many random numbers are fetched at once: each fetch is a call of the system."""
_chances: list[int] = []
register_at_fork(after_in_child=_chances.clear)
_blank, _put, _UNKNOWN = object.__new__, object.__setattr__, SafeUUID.unknown


def new_id() -> UUID:
    """Return a new id that sorts behind those of the milliseconds before (RFC 9562, version 7).

    What is stored one after the other lies side by side in an index, not all over it.
    """
    moment = time_ns() // 1_000_000
    return uuid_of(moment << 80 | _VERSION | _chance() & _RANDOM)


def _chance() -> int:
    try:
        return _chances.pop()
    except IndexError:
        fetched = urandom(10 * _AHEAD)
        first, *more = (int.from_bytes(fetched[at : at + 10]) for at in range(0, 10 * _AHEAD, 10))
        _chances.extend(more)
        return first


def uuid_of(number: int) -> UUID:
    """Return the UUID with this number; its own class asks about every other way to make one."""
    made = _blank(UUID)
    _put(made, "int", number)
    _put(made, "is_safe", _UNKNOWN)
    return made


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
        write = _parts.serializer.to_json
        return lambda value: None if value is None else write(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read the same."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        read = _parts.validator.validate_json
        return lambda value: None if value is None else read(value)

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

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Write the value; text is the same on every database."""
        enum = self.enum

        def write(value: Any) -> str | None:  # noqa: ANN401 - SQLAlchemy's own signature
            return value._value_ if type(value) is enum else self.process_bind_param(value, dialect)

        return write

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Read the same."""
        known = self._members
        return lambda value: known.get(value) or self.process_result_value(value, dialect)

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

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Write the text that SQLite's type writes, without its way through five functions."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)

        def write(value: datetime | None) -> str | None:
            if value is not None and value.tzinfo is UTC:
                return value.isoformat(" ", "microseconds")[:_UNZONED]
            moment = self.process_bind_param(value, dialect)
            if moment is None:
                return None
            return moment.replace(tzinfo=None).isoformat(" ", "microseconds")

        return write

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read the same."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        return lambda value: None if value is None else datetime.fromisoformat(f"{value}+00:00")

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
