"""Records without a session: rows as the objects they are, drafts of rows that are to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast, overload
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import class_mapper
from sqlmodel import SQLModel

from storage.models import Contact, Conversation
from storage.types import new_id

__all__ = [
    "Connection",
    "Later",
    "draft",
    "drafts",
    "record",
    "row_of",
    "unknown",
    "unopened",
]

M = TypeVar("M", bound=SQLModel)
Decoders = Sequence[tuple[str, Callable[[Any], Any] | None]]


def record(model: type[M], values: Mapping[str, Any]) -> M:
    """Return a record for a session; building one by its class costs a hundred times more."""
    made: M = _maker(model)()
    vars(made).update(values)
    return made


@cache
def _maker(model: type[M]) -> Callable[[], M]:
    return class_mapper(model).class_manager.new_instance


def draft(model: type[M], values: Mapping[str, Any]) -> M:  # noqa: ARG001 - its type is the result's
    """Return what reads and changes like a record and knows no database; its `vars` are a row."""
    return cast("M", SimpleNamespace(**values))


def drafts(model: type[M], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[M]:
    """Return a draft of each row, whose values have these names."""
    return [draft(model, dict(zip(names, row, strict=True))) for row in rows]


def row_of(made: SQLModel) -> dict[str, Any]:
    """Return what a record holds, by column."""
    row = dict(vars(made))
    row.pop("_sa_instance_state", None)
    return row


class Later(Sequence[M]):
    """Records of rows as the driver gave them, each made once somebody looks at it."""

    def __init__(self, model: type[M], rows: Sequence[Sequence[Any]], decoders: Decoders) -> None:
        self._model, self._rows, self._decoders = model, rows, decoders
        self._made: list[M | None] = [None] * len(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> M: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[M]: ...

    def __getitem__(self, index: int | slice) -> M | Sequence[M]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        made = self._made[index]
        if made is None:
            made = self._made[index] = self._record(self._rows[index])
        return made

    def _record(self, row: Sequence[Any]) -> M:
        values = {
            name: value if decode is None or value is None else decode(value)
            for (name, decode), value in zip(self._decoders, row, strict=True)
        }
        return draft(self._model, values)


def unopened(**values: Any) -> Conversation:  # noqa: ANN401 - columns of all types
    """Return a conversation that is stored nowhere yet, with an id of its own."""
    return draft(Conversation, {**_blank(), "id": new_id(), **values})


def unknown(**values: Any) -> Contact:  # noqa: ANN401 - columns of all types
    """Return a contact that is stored nowhere yet, with an id of its own."""
    return draft(Contact, {"id": new_id(), "name": None, "language": None, **values})


@cache
def _blank() -> dict[str, Any]:
    return Conversation(
        inbox="", thread="", platform_contact="", contact_id=UUID(int=0)
    ).model_dump()
