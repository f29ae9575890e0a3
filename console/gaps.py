"""Numbers that are missing in a log: given to facts that are not committed yet, or never will be.

Where several processes write, a fact can become visible after one with a higher number.
"""

from __future__ import annotations

from collections.abc import Iterable

PATIENCE = 30.0
"""Seconds after which a missing number is taken for one that was never stored."""
MOST = 5000
"""How many missing numbers are watched for at most; the oldest are given up first."""


class Gaps:
    """Remembers which numbers were skipped, and since when."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def skip(self, last: int, numbers: Iterable[int], now: float) -> None:
        """Note what is missing between `last` and these numbers, which are in order."""
        for number in numbers:
            for missing in range(max(last + 1, number - MOST), number):
                self._since[missing] = now
            last = number
        while len(self._since) > MOST:
            del self._since[next(iter(self._since))]

    def found(self, numbers: Iterable[int]) -> None:
        """Strike off what has turned up."""
        for number in numbers:
            self._since.pop(number, None)

    def open(self, now: float) -> list[int]:
        """Return what is still waited for."""
        for number, since in list(self._since.items()):
            if now - since > PATIENCE:
                del self._since[number]
        return list(self._since)

    def __contains__(self, number: int) -> bool:
        return number in self._since

    @property
    def lowest(self) -> int | None:
        """The lowest number that is still waited for."""
        return min(self._since, default=None)
