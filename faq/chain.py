"""Two sequences read as one, so that something can be added to a long one without copying it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar, overload

T = TypeVar("T")


class Chain(Sequence[T]):
    """The items of `first`, then those of `last`; neither is copied."""

    __slots__ = ("first", "last", "split")

    def __init__(self, first: Sequence[T], last: Sequence[T]) -> None:
        self.first = first
        self.last = last
        self.split = len(first)

    def __len__(self) -> int:
        return self.split + len(self.last)

    def __iter__(self) -> Iterator[T]:
        return chain(self.first, self.last)

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...

    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return tuple(self)[at]
        if at < 0:
            at += len(self)
        return self.first[at] if at < self.split else self.last[at - self.split]
