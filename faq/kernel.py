"""Says how much each entry has in common with a question, from the questions near it.

Kernel ridge regression among the nearest rows only: rows that say the same share one vote, and a
row of a rival that is just as near takes votes away. Nothing is trained beforehand, so what an
editor saves counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Places = NDArray[np.int64]

NEAREST = 96
SHARP = 4.0
LEXICAL = 0.3
LEXICAL_TOLD = 0.15
"""How much letters count where customers' own questions vote: they share them by chance."""
RIDGE = 0.1
SKETCH_SCALE = 100
"""What a sketch of unit length is multiplied with to be kept in whole numbers."""
_WORTH_IT = (0.7, 0.5, 0.25)
"""Numbers below these shares of the largest are only looked at where there are few larger."""
NONE, ANOTHER = -1, -2
"""The owner of a voter who says that no entry answers, or one that is no candidate."""


def likeness(cosine: NDArray[Any], shared: NDArray[Any], lexical: float = LEXICAL) -> NDArray[Any]:
    """Return the kernel of two texts from the cosine of their vectors and of their letters."""
    near: NDArray[Any] = np.exp(SHARP * (cosine - 1)) + lexical * shared
    return near


def nearest(near: Numbers, most: int = NEAREST) -> Places:
    """Return the places of the largest numbers, in no order; of equal ones the first."""
    if len(near) <= most:
        return np.arange(len(near))
    among = _large(near, most)
    return _largest(near, most) if among is None else among[_largest(near[among], most)]


def leading(scores: Numbers, most: int) -> Places:
    """Return the places of the largest numbers above nought, in order; of equal ones the first."""
    among = _large(scores, most)
    if among is None:
        among = np.flatnonzero(scores > 0)
    numbers = scores[among]
    if len(among) > most:
        kept = _largest(numbers, most)
        among, numbers = among[kept], numbers[kept]
    return among[np.argsort(-numbers, kind="stable")]


def _large(numbers: Numbers, most: int) -> Places | None:
    """Return the places of those that are not far below the largest, None where they are few."""
    top = numbers.max(initial=0)
    for share in _WORTH_IT:
        above = numbers > top * share
        if np.count_nonzero(above) >= most:
            return np.flatnonzero(above)
    return None


def _largest(numbers: Numbers, most: int) -> Places:
    least = np.partition(numbers, -most)[-most]
    larger, equal = np.flatnonzero(numbers > least), np.flatnonzero(numbers == least)
    return np.concatenate([larger, equal[: most - len(larger)]])


@dataclass(frozen=True, slots=True)
class Votes:
    """Each candidate's votes, and those for no entry at all."""

    entries: Numbers
    none: float


@dataclass(frozen=True, slots=True)
class Voters:
    """Known questions: how near to the asked one, whose, of what weight, and what they say."""

    near: Numbers
    owner: Places
    weight: Numbers
    sketches: NDArray[np.int8]
    vectors: Numbers | None
    lexical: float = LEXICAL

    def and_more(self, others: Voters) -> Voters:
        """Return the nearest of these and others, both with vectors."""
        near = np.concatenate([self.near, others.near])
        at = nearest(near)
        vectors = None
        if self.vectors is not None and others.vectors is not None:
            vectors = np.concatenate([self.vectors, others.vectors])[at]
        return Voters(
            near[at],
            np.concatenate([self.owner, others.owner])[at],
            np.concatenate([self.weight, others.weight])[at],
            np.concatenate([self.sketches, others.sketches])[at],
            vectors,
            self.lexical,
        )

    def count(self, candidates: int) -> Votes:
        """Let them vote."""
        if not len(self.near):
            return Votes(np.zeros(candidates, np.float32), 0.0)
        sketches = self.sketches.astype(np.float32)
        among: NDArray[Any] = sketches @ sketches.T
        among *= np.float32(1 / SKETCH_SCALE**2)
        if self.vectors is not None:
            among = likeness(self.vectors @ self.vectors.T, among, self.lexical)
        held = among.astype(np.float64)
        held.flat[:: len(held) + 1] += RIDGE / self.weight
        cast = np.linalg.solve(held, self.near.astype(np.float64))
        place = np.where(self.owner >= 0, self.owner, candidates - 1 - self.owner)
        total = np.bincount(place, cast, minlength=candidates + 2)
        return Votes(total[:candidates].astype(np.float32), float(total[candidates]))
