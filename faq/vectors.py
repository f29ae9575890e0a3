"""Keeps the vectors of questions by the hash of their text, in a file that is mapped, not read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faq import mapped

Vectors = NDArray[np.float32]
Half = NDArray[np.float16]

KEY_BYTES = 20
MOST_KEPT = 200_000
BLOCK = 2_000
"""How many rows are had in full at a time."""
_NO_SPREAD_SIGN = ~(7 << 28)
_EXPONENTS_APART = np.float32(2.0**112)
_LARGE = 16_000_000
"""From how many bytes on a table is not left in memory as it is read."""


def key_of(text: str) -> bytes:
    """Return what a text's vector is kept under."""
    return hashlib.sha1(text.encode("utf-8", "ignore"), usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of a table of vectors, which may be a mapped file; `[rows]` gives them in full."""

    table: Half
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Vectors:
        taken = in_full(self.table[self.places[rows]])
        if self.table.nbytes > _LARGE:
            mapped.let_go(self.table)
        return taken

    def times(self, directions: Vectors) -> Vectors:
        """Return all rows along some directions, a block at a time, and let go of the file.

        What is returned lies direction after direction.
        """
        found = np.empty((len(directions), len(self)), np.float32).T
        for at in range(0, len(self), BLOCK):
            found[at : at + BLOCK] = self[slice(at, at + BLOCK)] @ directions.T
        mapped.let_go(self.table)
        return found


def in_full(half: Half) -> Vectors:
    """Return finite numbers of half width in full, the same ones, five times as fast as numpy.

    The bits are moved to where the wider form has them; its exponent counts from another start.
    """
    bits = half.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= _NO_SPREAD_SIGN
    full: Vectors = bits.view(np.float32)
    full *= _EXPONENTS_APART
    return full


def _layout(width: int) -> np.dtype[np.void]:
    return np.dtype([("key", "u1", (KEY_BYTES,)), ("vector", "<f2", (width,))])


@dataclass(frozen=True, slots=True)
class Kept:
    """Keys and vectors, row by row."""

    keys: NDArray[np.uint8]
    table: Half

    @classmethod
    def empty(cls) -> Kept:
        """Return none."""
        return cls(np.zeros((0, KEY_BYTES), np.uint8), np.zeros((0, 0), np.float16))

    def places(self) -> dict[bytes, int]:
        """Return where each key is."""
        flat = self.keys.tobytes()
        return {flat[at : at + KEY_BYTES]: at // KEY_BYTES for at in range(0, len(flat), KEY_BYTES)}

    def with_more(self, keys: Sequence[bytes], vectors: Vectors, needed: Sequence[bytes]) -> Kept:
        """Return these and more; past the cap only those that are needed."""
        old_keys, old = self.keys, self.table
        if len(old_keys) + len(keys) > MOST_KEPT:
            at = self.places()
            kept = [at[key] for key in dict.fromkeys(needed) if key in at]
            old_keys, old = old_keys[kept], old[kept]
        more = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES)
        half = vectors.astype(np.float16)
        if not len(old_keys):
            return Kept(more, half)
        return Kept(np.concatenate([old_keys, more]), np.concatenate([old, half]))


def read(file: Path) -> Kept:
    """Map a file; one that is not there or does not fit holds nothing."""
    stored = mapped.read(file)
    if stored is None or stored.dtype.names != ("key", "vector"):
        return Kept.empty()
    if stored.dtype != _layout(stored.dtype["vector"].shape[0]):
        return Kept.empty()
    return Kept(np.asarray(stored["key"]), np.asarray(stored["vector"]))


def write(file: Path, kept: Kept) -> None:
    """Replace a file in one step."""

    def fill(rows: NDArray[np.void]) -> None:
        rows["key"], rows["vector"] = kept.keys, kept.table

    mapped.write(file, _layout(kept.table.shape[1]), len(kept.keys), fill)
