"""What each row means: its vector, and for many rows a short form of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faq.postings import Scores
from faq.vectors import BLOCK, Stored, Vectors

MANY_ROWS = 2000
AXES = 64
_SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """Each row's vector, and for many rows a short form.

    `axes` are the directions in which the rows differ most: a first look along them costs an
    eighth, and only what it finds is compared in full. It goes along one direction after the other,
    as `short` lies. `tail` are rows that were added later.
    """

    vectors: Stored | Vectors
    axes: Vectors | None = None
    short: Vectors | None = None
    tail: Vectors | None = None

    def first_look(self, vector: Vectors) -> Scores:
        """Return each row's likeness, roughly where there are many."""
        likeness: Scores
        if self.axes is not None and self.short is not None:
            likeness = self.short @ (self.axes @ vector)
        elif isinstance(self.vectors, Stored):
            likeness = self.vectors.times(vector[None, :])[:, 0]
        else:
            likeness = self.vectors @ vector
        return likeness if self.tail is None else np.concatenate([likeness, self.tail @ vector])

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """Return some rows in full."""
        first = len(self.vectors)
        if self.tail is None or not len(rows) or rows.max() < first:
            return self.vectors[rows]
        found = np.empty((len(rows), self.tail.shape[1]), np.float32)
        late = rows >= first
        found[~late] = self.vectors[rows[~late]]
        found[late] = self.tail[rows[late] - first]
        return found

    def with_tail(self, tail: Vectors | None) -> Meaning:
        """Return this with other rows added later."""
        return replace(self, tail=tail if tail is not None and len(tail) else None)


def meaning_of(vectors: Stored | Vectors) -> Meaning:
    """Make the short form where there are many rows, and hold few ones in memory."""
    everything = slice(0, len(vectors))
    if len(vectors) <= MANY_ROWS:
        return Meaning(np.ascontiguousarray(vectors[everything], np.float32))
    axes = _axes(vectors)
    short = vectors.times(axes) if isinstance(vectors, Stored) else vectors @ axes.T
    return Meaning(vectors, axes, np.asfortranarray(short, np.float32))


def _axes(vectors: Stored | Vectors) -> Vectors:
    """Return the main directions of the rows, or of a sample of them, the strongest first.

    A block at a time: whatever is large, and soon let go, leaves gaps in memory.
    """
    apart = max(1, len(vectors) // _SAMPLE)
    alike = np.zeros((vectors[slice(0, 1)].shape[1],) * 2, np.float32)
    for at in range(0, len(vectors), BLOCK * apart):
        rows = vectors[slice(at, at + BLOCK * apart, apart)]
        alike += rows.T @ rows
    _, directions = np.linalg.eigh(alike)
    return np.ascontiguousarray(directions[:, : -AXES - 1 : -1].T, np.float32)
