"""Puts questions together that mean the same: without labels, and always the same way."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faq.tokens import char_grams
from faq.vectors import Vectors

MOST = 5000
"""How many different questions are put together at once."""
WIDTH = 2048
"""Into how many numbers the characters of a question are folded."""
NEAR_WORDS, NEAR = 0.38, 0.52
"""How alike two questions must be, by their characters alone, and by characters and meaning."""
MEANING = 0.65
"""How much of the likeness is the meaning's, where an encoder is."""

Numbers = NDArray[np.float32]


def cluster(
    texts: Sequence[str], weights: Sequence[int], vectors: Vectors | None = None
) -> list[list[int]]:
    """Return groups of places in `texts`, the heaviest group first, its centre first in each.

    The texts are in compared form and each stands there once; `weights` says how often each was
    asked. The order in which they come changes nothing.
    """
    if not texts:
        return []
    order = sorted(range(len(texts)), key=lambda at: (-weights[at], texts[at]))[:MOST]
    table = _table([texts[at] for at in order], vectors, order)
    near = NEAR_WORDS if vectors is None else NEAR
    leaders, home = _led(table, near)
    home = _settled(table, leaders, home, np.asarray([weights[at] for at in order], np.float32))
    groups: dict[int, list[int]] = {}
    for place, leader in enumerate(home):
        groups.setdefault(int(leader), []).append(place)
    ordered = [_centred(table, places, [weights[order[p]] for p in places]) for places in
               groups.values()]  # fmt: skip
    found = [[order[place] for place in places] for places in ordered]
    return sorted(found, key=lambda group: (-sum(weights[at] for at in group), texts[group[0]]))


def _table(texts: Sequence[str], vectors: Vectors | None, order: Sequence[int]) -> Numbers:
    """Return a row for each text, such that the product of two rows is their likeness."""
    words = _folded(texts)
    if vectors is None:
        return words
    meaning = np.asarray(vectors, np.float32)[list(order)]
    return np.hstack([words * np.sqrt(1 - MEANING), meaning * np.sqrt(MEANING)]).astype(np.float32)


def _folded(texts: Sequence[str]) -> Numbers:
    grams = [Counter(char_grams(text)) for text in texts]
    known = Counter(gram for one in grams for gram in one)
    table = np.zeros((len(texts), WIDTH), np.float32)
    for row, one in enumerate(grams):
        for gram, count in one.items():
            mark = zlib.crc32(gram.encode())
            rarity = np.log((1 + len(texts)) / (1 + known[gram])) + 1
            table[row, mark % WIDTH] += (
                (1 if mark & 0x80000000 else -1) * (1 + np.log(count)) * rarity
            )
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return np.asarray(table / np.maximum(lengths, 1e-6), np.float32)


def _led(table: Numbers, near: float) -> tuple[list[int], NDArray[np.int64]]:
    """Let each text, the most frequent first, follow the nearest leader or become one."""
    leaders: list[int] = []
    rows = np.zeros_like(table)
    home = np.zeros(len(table), np.int64)
    for place, row in enumerate(table):
        likeness = rows[: len(leaders)] @ row
        best = int(likeness.argmax()) if leaders else 0
        if leaders and likeness[best] >= near:
            home[place] = best
        else:
            home[place] = len(leaders)
            rows[len(leaders)] = row
            leaders.append(place)
    return leaders, home


def _settled(
    table: Numbers, leaders: Sequence[int], home: NDArray[np.int64], weights: Numbers
) -> NDArray[np.int64]:
    """Let each text move once to the group whose middle it is nearest to; leaders stay."""
    middles = np.zeros((len(leaders), table.shape[1]), np.float32)
    np.add.at(middles, home, table * weights[:, None])
    middles /= np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-6)
    best = (table @ middles.T).argmax(axis=1)
    best[list(leaders)] = home[list(leaders)]
    return np.asarray(best, np.int64)


def _centred(table: Numbers, places: list[int], weights: Sequence[int]) -> list[int]:
    middle = (table[places] * np.asarray(weights, np.float32)[:, None]).sum(axis=0)
    likeness = table[places] @ middle
    first = places[int(likeness.argmax())]
    return [first, *(place for place in places if place != first)]
