"""The sentence encoder's network: Google's multilingual universal sentence encoder, version 3.

What a piece contributes before its neighbours are looked at is the same in every text: it is
computed once and remembered for the pieces that are met most.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from faq import mapped
from faq.weights import BRANCH, BRANCHES, CHUNKS, PANEL, WIDTH, Weights

Numbers = NDArray[np.float32]
Places = NDArray[np.int64]

REMEMBERED = 2048
"""For how many pieces, at 16 KB each."""
_FEW = 6
"""Up to how many rows are multiplied one by one, which spares packing the matrix."""
_AT_ONCE = 30
"""With how many rows a panel of the second weights is multiplied without being packed first."""
_READ = 64
"""After how many pieces the memory of what was read of the table is given back."""
_TOGETHER = 128
"""How many pieces are computed together."""
_MARGIN = 2
"""How far a branch looks to either side: so many rows of zeros stand between texts."""
_ALL = len(BRANCHES) * BRANCH
_HALF = 320
_DEEP = 640
_OWN, _SEEN = slice(0, _DEEP), slice(_DEEP, _DEEP + _ALL)
_BRANCHES = _DEEP + _ALL
_SUM = _BRANCHES + sum(BRANCHES) * BRANCH
_SQUARES, _ROW = _SUM + 1, _SUM + 2
"""What of a row is a piece alone, times the deep weights; its projection; what it is to each
neighbour; the sum of its vector, and of its squares."""
_LOOKS = tuple(
    (slice(at * BRANCH, (at + 1) * BRANCH), range(-((width - 1) // 2), width // 2 + 1), width)
    for at, width in enumerate(BRANCHES)
)
"""Each branch's columns, how far it looks to both sides, and at how many pieces."""


class Network:
    """Turns the pieces of texts into unit vectors; thread-safe."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._eps = float(weights["eps"][0])
        self._level = np.add.reduce(weights["deep_1"], axis=0)
        self._nothing = np.zeros(_ROW, np.float32)
        self._known: dict[int, Numbers] = {}
        self._lock = threading.Lock()
        self._read = 0

    def encode(self, texts: Sequence[list[int]]) -> Numbers:
        """Return a row for each text, given by its pieces."""
        found = np.empty((len(texts), WIDTH), np.float32)
        first = pieces = 0
        for at, text in enumerate(texts):
            if pieces and pieces + len(text) > _TOGETHER:
                found[first:at] = self._together(texts[first:at])
                first, pieces = at, 0
            pieces += len(text)
        if pieces:
            found[first:] = self._together(texts[first:])
        return found

    def _together(self, texts: Sequence[list[int]]) -> Numbers:
        lengths = [len(text) for text in texts]
        own = self._contributions(texts)
        near = self._look_around(own, lengths)
        wide = self._pooled(own[_MARGIN : _MARGIN + len(near)], near, lengths)
        return self._deeper(wide, lengths)

    def _look_around(self, own: Numbers, lengths: Sequence[int]) -> Numbers:
        """Return what each branch sees of each piece's neighbours, in two looks.

        Rows between texts are zeros, so that nobody sees beyond his own text. The second look is
        a product for each neighbour, so that the neighbours' rows need not be copied together.
        """
        count = len(own) - 2 * _MARGIN
        inner = slice(_MARGIN, _MARGIN + count)
        seen = np.zeros((len(own), _ALL), np.float32)
        first, at = seen[inner], _BRANCHES
        for columns, shifts, _ in _LOOKS:
            parts = [own[_MARGIN + shift :][:count] for shift in shifts]
            near = [part[:, at + n * BRANCH :][:, :BRANCH] for n, part in enumerate(parts)]
            np.add(near[0], near[1], out=first[:, columns])
            for part in near[2:]:
                first[:, columns] += part
            at += len(near) * BRANCH
        np.maximum(first, 0, out=first)
        first += own[inner, _SEEN]
        between = _between(lengths)
        if between:
            first[between] = 0
        again = np.empty((count, _ALL), np.float32)
        more = np.empty((count, BRANCH), np.float32)
        panels = iter(self._weights["second"])
        for columns, shifts, _ in _LOOKS:
            sums = again[:, columns]
            for shift in shifts:
                rows = seen[_MARGIN + shift :][:count, columns]
                _multiply(rows, next(panels), sums if shift == shifts[0] else more)
                if shift != shifts[0]:
                    sums += more
        again += self._weights["second_bias"]
        np.maximum(again, 0, out=again)
        again += first
        return again

    def _pooled(self, own: Numbers, near: Numbers, lengths: Sequence[int]) -> Numbers:
        """Return each text's sum of its standardised rows, times the first of the deep weights.

        No row is standardised by itself, and what a piece says alone is in `own` as a product.
        """
        count = np.float32(WIDTH + _ALL)
        mean = (own[:, _SUM] + np.add.reduce(near, axis=1)) / count
        spread = (own[:, _SQUARES] + np.vecdot(near, near)) / count - mean * mean
        scale = np.reciprocal(np.sqrt(spread + np.float32(self._eps)))
        own, deep = own[:, _OWN], self._weights["deep_1"][WIDTH:]
        if len(lengths) == 1:
            wide: Numbers = (scale @ near) @ deep + scale @ own - (scale @ mean) * self._level
            return wide[None, :]
        scale[_between(lengths)] = 0
        starts = [0, *accumulate(length + _MARGIN for length in lengths[:-1])]
        wide = np.add.reduceat(near * scale[:, None], starts) @ deep
        wide += np.add.reduceat(own * scale[:, None], starts)
        wide -= np.add.reduceat(scale * mean, starts)[:, None] * self._level
        return wide

    def _deeper(self, wide: Numbers, lengths: Sequence[int]) -> Numbers:
        weights = self._weights
        sizes = np.asarray(lengths, np.float32)[:, None]
        wide += sizes * weights["deep_1_bias"]
        wide /= np.sqrt(sizes)
        half, rest = wide[:, :_HALF], wide[:, _HALF:]
        half = np.maximum(rest + np.maximum(half, 0) @ weights["deep_2"], 0)
        wide = half @ weights["deep_3"]
        last = np.tanh(wide[:, WIDTH:] + np.maximum(wide[:, :WIDTH], 0) @ weights["deep_4"])
        length = np.sqrt(np.maximum(np.vecdot(last, last), self._eps))
        unit: Numbers = last / length[:, None]
        return unit

    def _contributions(self, texts: Sequence[list[int]]) -> Numbers:
        """Return what each piece brings, a row each, with rows of zeros around each text."""
        wanted = {piece for text in texts for piece in text}
        with self._lock:
            found = {piece: self._known.pop(piece) for piece in wanted if piece in self._known}
            self._known |= found
        new = [piece for piece in wanted if piece not in found]
        if new:
            found |= zip(new, self._computed(np.asarray(new)), strict=True)
            self._remember({piece: found[piece].copy() for piece in new})
        margin = [self._nothing] * _MARGIN
        lines = list(margin)
        for text in texts:
            lines += [found[piece] for piece in text]
            lines += margin
        return np.concatenate(lines).reshape(len(lines), -1)

    def _remember(self, new: dict[int, Numbers]) -> None:
        with self._lock:
            self._known |= new
            while len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]

    def _computed(self, pieces: Places) -> Numbers:
        """Return what the rows are made of."""
        weights, chunk = self._weights, pieces % CHUNKS
        own = weights["table"][pieces] * weights["scale"][chunk, None]
        own += weights["lowest"][chunk, None]
        self._read += len(pieces)
        if self._read >= _READ:
            self._read = 0
            mapped.let_go(weights["table"])
        seen = _times(own, weights["project"])
        seen += weights["project_bias"]
        seen = _standardised(seen, self._eps)
        seen *= weights["project_gain"]
        seen += weights["project_shift"]
        made = np.empty((len(pieces), _ROW), np.float32)
        made[:, _OWN], made[:, _SEEN] = _times(own, weights["deep_1"][:WIDTH]), seen
        at = _BRANCHES
        for columns, shifts, width in _LOOKS:
            end = at + width * BRANCH
            made[:, at:end] = _times(seen[:, columns], weights[f"first_{width}"])
            made[:, at - shifts[0] * BRANCH :][:, :BRANCH] += weights["first_bias"][columns]
            at = end
        made[:, _SUM] = np.add.reduce(own, axis=1)
        np.vecdot(own, own, out=made[:, _SQUARES])
        return made


def _between(lengths: Sequence[int]) -> list[int]:
    """Return the rows between texts."""
    ends = accumulate(length + _MARGIN for length in lengths[:-1])
    return [row for end in ends for row in range(end - _MARGIN, end)]


def _multiply(rows: Numbers, panels: Numbers, out: Numbers) -> None:
    """Multiply with a matrix that lies in panels, few rows at a time."""
    parts = -(-len(rows) // _AT_ONCE)
    step = -(-len(rows) // parts)
    for at in range(0, len(rows), step):
        part = slice(at, at + step)
        for place, panel in enumerate(panels):
            np.matmul(rows[part], panel, out=out[part, place * PANEL : (place + 1) * PANEL])


def _times(rows: Numbers, matrix: Numbers) -> Numbers:
    """Return the product, row by row where they are few."""
    if len(rows) > _FEW:
        return rows @ matrix
    return np.stack([row @ matrix for row in rows])


def _standardised(rows: Numbers, eps: float) -> Numbers:
    count = np.float32(rows.shape[1])
    rows -= np.add.reduce(rows, axis=1, keepdims=True) / count
    spread = np.vecdot(rows, rows) / count
    rows *= np.reciprocal(np.sqrt(spread + np.float32(eps)))[:, None]
    return rows
