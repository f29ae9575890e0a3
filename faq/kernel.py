"""Says how much each entry has in common with a question, from the questions near it.

Kernel ridge regression among the nearest rows only: rows that say the same share one vote, and a
row of a rival that is just as near takes votes away. They vote twice: by meaning and letters, and
by meaning alone, half as sharp. Nothing is trained beforehand, so what an editor saves counts at
once.
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
BROAD = 2.0
"""How fast likeness falls with distance, in the votes by all and in those by meaning alone."""
LEXICAL = 0.3
LEXICAL_TOLD = 0.15
"""How much letters count where customers' own questions vote: they share them by chance."""
RIDGE = 0.1
SKETCH_SCALE = 100
"""What a sketch of unit length is multiplied with to be kept in whole numbers."""
_APART, _PROBES, _LEAST_RANK = 17, 1000, 8
"""How far numbers are apart that are probed, how many of many are, and how many must be large."""
NONE, ANOTHER = -1, -2
"""The owner of a voter who says that no entry answers, or one that is no candidate."""


def likeness(cosine: NDArray[Any], shared: NDArray[Any], lexical: float = LEXICAL) -> NDArray[Any]:
    """Return the kernel of two texts from the cosine of their vectors and of their letters."""
    near: NDArray[Any] = np.exp(SHARP * (cosine - 1)) + lexical * shared
    return near


def broadly(cosine: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel of two texts by meaning alone, half as sharp."""
    near: NDArray[Any] = np.exp(BROAD * (cosine - 1))
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
        kept = numbers >= np.sort(numbers)[-most]
        among, numbers = among[kept], numbers[kept]
    return among[np.argsort(-numbers, kind="stable")[:most]]


def _large(numbers: Numbers, most: int) -> Places | None:
    """Return the places of the largest and some more, None where probes do not tell them apart."""
    apart = max(_APART, len(numbers) // _PROBES | 1)
    probes = np.sort(numbers[::apart])
    rank = max(2 * most // apart, _LEAST_RANK)
    if len(probes) < 2 * rank or probes[-rank] <= 0:
        return None
    among = np.flatnonzero(numbers >= probes[-rank])
    return among if len(among) >= most else None


def _largest(numbers: Numbers, most: int) -> Places:
    least = np.partition(numbers, -most)[-most]
    larger, equal = np.flatnonzero(numbers > least), np.flatnonzero(numbers == least)
    return np.concatenate([larger, equal[: most - len(larger)]])


@dataclass(frozen=True, slots=True)
class Votes:
    """Each candidate's votes, those for no entry at all, and each candidate's by meaning alone."""

    entries: Numbers
    none: float
    broad: Numbers


@dataclass(frozen=True, slots=True)
class Voters:
    """Known questions: how near to the asked one, whose, of what weight, and what they say.

    `meaning` is each one's vector, and its cosine with that of the asked one.
    """

    near: Numbers
    owner: Places
    weight: Numbers
    sketches: NDArray[np.int8]
    meaning: tuple[Numbers, Numbers] | None
    lexical: float = LEXICAL

    def and_more(self, others: Voters) -> Voters:
        """Return the nearest of these and others, both with vectors."""
        near = np.concatenate([self.near, others.near])
        at = nearest(near)
        meaning = None
        if self.meaning is not None and others.meaning is not None:
            (vectors, cosines), (more, further) = self.meaning, others.meaning
            meaning = np.concatenate([vectors, more])[at], np.concatenate([cosines, further])[at]
        return Voters(
            near[at],
            np.concatenate([self.owner, others.owner])[at],
            np.concatenate([self.weight, others.weight])[at],
            np.concatenate([self.sketches, others.sketches])[at],
            meaning,
            self.lexical,
        )

    def count(self, candidates: int) -> Votes:
        """Let them vote."""
        nothing = np.zeros(candidates, np.float32)
        if not len(self.near):
            return Votes(nothing, 0.0, nothing)
        among, near = self._kernels()
        held = among.astype(np.float64) + np.diag(RIDGE / self.weight)
        cast = np.linalg.solve(held, near.astype(np.float64)[..., None])[..., 0]
        place = np.where(self.owner >= 0, self.owner, candidates - 1 - self.owner)
        by_all, *by_meaning = (
            np.bincount(place, one, minlength=candidates + 2).astype(np.float32) for one in cast
        )
        broad = by_meaning[0][:candidates] if by_meaning else nothing
        return Votes(by_all[:candidates], float(by_all[candidates]), broad)

    def _kernels(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return how alike they are, and how near to what is asked, for each way to count."""
        sketches = self.sketches.astype(np.float32)
        shared: NDArray[Any] = sketches @ sketches.T
        shared *= np.float32(1 / SKETCH_SCALE**2)
        if self.meaning is None:
            return shared[None], self.near[None]
        vectors, cosines = self.meaning
        among = vectors @ vectors.T
        return (
            np.stack([likeness(among, shared, self.lexical), broadly(among)]),
            np.stack([self.near, broadly(cosines)]),
        )
