"""Cuts a text into the numbered pieces that the sentence encoder was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LONGEST = 16
"""How many characters the longest piece has."""
FILTER_BITS = 20
UNKNOWN, FIRST, LAST = 0, 1, 2
_WORSE = 10.0
_BEGIN = "\u2581"
"""What a piece begins with that begins a word."""
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_END = "\U0010ffff" * LONGEST
"""What no piece holds: it stands behind a text, so that no part of it reaches beyond the end."""

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def hashes(text: str) -> Hashes:
    """Return the hashes of a text's parts: `[at, n - 1]` is that of `text[at:at + n]`."""
    codes = np.frombuffer((text + _END).encode("utf-32-le"), np.uint32)
    powers, inverses, ends = _tables(len(codes).bit_length())
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.multiply(codes, powers[: len(codes)], out=sums[1:])
    np.add.accumulate(sums, out=sums)
    found: Hashes = sums.take(ends[: len(text)])
    found -= sums[: len(text), None]
    found *= inverses[: len(text), None]
    return found


def hash_each(texts: Sequence[str]) -> Hashes:
    """Return the hash of each of many texts as a whole."""
    found = np.zeros(len(texts), np.uint64)
    sizes = np.asarray([len(text) for text in texts])
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        together = "".join(texts[row] for row in rows.tolist())
        codes = np.frombuffer(together.encode("utf-32-le"), np.uint32).reshape(-1, size)
        found[rows] = codes.astype(np.uint64) @ _tables(size.bit_length())[0][:size]
    return found


@lru_cache(maxsize=4)
def _tables(bits: int) -> tuple[Hashes, Hashes, Places]:
    count = 1 << bits
    powers = [np.full(count, base, np.uint64) for base in (_BASE, _INVERSE)]
    for one in powers:
        one[0] = 1
        np.multiply.accumulate(one, out=one)
    return powers[0], powers[1], np.arange(count)[:, None] + np.arange(1, LONGEST + 1)


class Pieces:
    """Finds the likeliest pieces of a text, as sentencepiece does.

    The dictionary is four arrays: the pieces' hashes in order, their numbers, their log chances,
    and for each way a hash can begin whether one does.
    """

    def __init__(
        self,
        known: Hashes,
        numbers: NDArray[np.int32],
        scores: NDArray[np.float32],
        begins: NDArray[np.bool_],
        normalize: Callable[[str], str],
    ) -> None:
        self._known, self._numbers, self._scores, self._begins = known, numbers, scores, begins
        self._unknown = float(scores.min()) - _WORSE
        self._normalize = normalize

    def has(self, word: str) -> bool:
        """Say whether a word is one piece as a whole, as all that are not rare are."""
        (wanted,) = hash_each([_BEGIN + word])
        at = int(self._known.searchsorted(wanted))
        return at < len(self._known) and bool(self._known[at] == wanted)

    def cut(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, between those of its start and end."""
        form = self._normalize(text)
        return [FIRST, *(self._likeliest(form) if form else (UNKNOWN,)), LAST]

    def _likeliest(self, form: str) -> list[int]:
        """Keep for each end the best piece that ends there, then read back from the last."""
        best = [0.0] + [-1e38] * len(form)
        chosen = [(0, UNKNOWN)] * (len(form) + 1)
        for start, end, number, score in self._parts(form):
            reached = best[start] + score
            if reached > best[end]:
                best[end] = reached
                chosen[end] = (start, number)
        pieces: list[int] = []
        end = len(form)
        while end:
            end, number = chosen[end]
            pieces.append(number)
        pieces.reverse()
        return pieces

    def _parts(self, form: str) -> Iterable[tuple[int, int, int, float]]:
        """Return the known parts of a text, and each character as unknown where it is no part."""
        parts = hashes(form).ravel()
        likely = np.flatnonzero(self._begins[parts >> np.uint64(64 - FILTER_BITS)])
        wanted = parts[likely]
        places = self._known.searchsorted(wanted)
        places[places == len(self._known)] = 0
        is_known = self._known[places] == wanted
        places = places[is_known]
        starts, sizes = np.divmod(likely[is_known], LONGEST)
        alone = set(range(len(form))).difference(starts[sizes == 0].tolist())
        known = zip(
            starts.tolist(),
            (starts + sizes + 1).tolist(),
            self._numbers[places].tolist(),
            self._scores[places].tolist(),
            strict=True,
        )
        if not alone:
            return known
        unknown = ((at, at + 1, UNKNOWN, self._unknown) for at in alone)
        return sorted([*known, *unknown], key=lambda part: part[:2])
