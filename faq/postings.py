"""An inverted index in flat arrays: which rows hold a term, and with what weight."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, repeat

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Rows = NDArray[np.int32]

K1 = 1.2
B = 0.5
MOST_READ = 80_000
"""How many weights one question may read; the commonest of its terms are left out first."""
RUN = 100_000
"""How many numbers are summed before another thread may have its turn."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A few rows weighed by what an index knows: terms, rows and weights, row after row."""

    terms: tuple[str, ...]
    rows: Rows
    weights: Scores
    size: int


@dataclass(frozen=True, slots=True)
class Postings:
    """Term after term in two flat arrays; `tail` holds rows that were added later.

    The tail is weighed by what the first rows say of a term's rarity, so that both compare.
    """

    terms: dict[str, int]
    starts: NDArray[np.int64]
    rows: Rows
    weights: Scores
    idf: Scores
    unknown_idf: float
    size: int
    average: float
    bm25: bool
    tail: Postings | None = None

    def score(self, wanted: Sequence[tuple[str, float]]) -> Scores:
        """Return every row's sum of weights over the wanted terms."""
        own = self._score(wanted)
        return own if self.tail is None else np.concatenate([own, self.tail.score(wanted)])

    def _score(self, wanted: Sequence[tuple[str, float]]) -> Scores:
        known = [(n, w) for term, w in wanted if (n := self.terms.get(term)) is not None]
        if not known:
            return np.zeros(self.size, np.float32)
        numbers = np.asarray([number for number, _ in known])
        factors = np.asarray([weight for _, weight in known], np.float32)
        first, last = self.starts[numbers], self.starts[numbers + 1]
        counts = last - first
        if counts.sum() > MOST_READ:
            kept = _rarest(counts)
            first, last, counts, factors = first[kept], last[kept], counts[kept], factors[kept]
        spans = list(map(slice, first.tolist(), last.tolist()))
        rows = np.concatenate([self.rows[span] for span in spans])
        weights = np.concatenate([self.weights[span] for span in spans])
        weights *= np.repeat(factors, counts)
        return np.bincount(rows, weights, minlength=self.size).astype(np.float32)

    def rarity(self, term: str) -> float:
        """Return a term's inverse document frequency; an unknown one is the rarest."""
        number = self.terms.get(term)
        return self.unknown_idf if number is None else self.idf.item(number)

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        """Return each term's inverse document frequency."""
        get, idf, unknown = self.terms.get, self.idf.item, self.unknown_idf
        return {t: unknown if (n := get(t)) is None else idf(n) for t in terms}

    def weigh(self, documents: Iterable[Counter[str]], size: int) -> Weighed:
        """Weigh more documents by what these rows say of a term's rarity."""
        terms, triples = _count(documents)
        idf = np.fromiter(map(self.rarity, terms), np.float32, len(terms))
        weights = _weights(triples, idf, size, self.average, bm25=self.bm25)
        names = tuple(terms)
        return Weighed(tuple(names[n] for n in triples[0].tolist()), triples[1], weights, size)

    def with_tail(self, parts: Sequence[Weighed]) -> Postings:
        """Return these and the rows that were weighed by them, in place of an earlier tail."""
        terms = _numbering()
        numbers = np.fromiter(
            map(terms.__getitem__, chain.from_iterable(part.terms for part in parts)), np.int32
        )
        terms.default_factory = None
        firsts = accumulate((part.size for part in parts), initial=0)
        rows = [part.rows + np.int32(first) for part, first in zip(parts, firsts, strict=False)]
        weights = [part.weights for part in parts]
        starts, order = _by_term(numbers, len(terms))
        tail = replace(
            self,
            terms=terms,
            starts=starts,
            rows=np.concatenate([_NO_ROWS, *rows])[order],
            weights=np.concatenate([_NO_WEIGHTS, *weights])[order],
            idf=_NO_WEIGHTS,
            size=sum(part.size for part in parts),
            tail=None,
        )
        return replace(self, tail=tail)


_Triples = tuple[Rows, Rows, Scores]
_NO_ROWS, _NO_WEIGHTS = np.zeros(0, np.int32), np.zeros(0, np.float32)


def _rarest(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the rarest terms that may be read, and of one in any case."""
    order = np.argsort(counts, kind="stable")
    enough = int(np.searchsorted(np.cumsum(counts[order]), MOST_READ, side="right"))
    return order[: max(enough, 1)]


def build(documents: Iterable[Counter[str]], size: int, *, bm25: bool) -> Postings:
    """Index documents: by BM25, or by TF-IDF of unit length."""
    terms, triples = _count(documents)
    frequency = np.bincount(triples[0], minlength=len(terms)).astype(np.float32)
    rare = np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    total = float(triples[2].sum())
    average = max(total / size if size else 0.0, 1e-6)
    return _fill(terms, triples, rare + np.float32(0.1), size, average, bm25=bm25)


def _count(documents: Iterable[Counter[str]]) -> tuple[dict[str, int], _Triples]:
    """Number the terms and lay the documents out flat, without holding all of them at once."""
    terms = _numbering()
    numbers, rows, counts = array("i"), array("i"), array("f")
    for row, document in enumerate(documents):
        numbers.extend(map(terms.__getitem__, document))
        rows.extend(repeat(row, len(document)))
        counts.extend(document.values())
    terms.default_factory = None
    triples = (
        np.frombuffer(numbers, np.int32),
        np.frombuffer(rows, np.int32),
        np.frombuffer(counts, np.float32),
    )
    return terms, triples


def _numbering() -> defaultdict[str, int]:
    """Return a dictionary that numbers what it is asked for, until it has no default any more."""
    terms: defaultdict[str, int] = defaultdict()
    terms.default_factory = terms.__len__
    return terms


def _sums(places: Rows, weights: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Return the sum of the weights at each place, in runs that let other threads in."""
    found = np.zeros(size)
    for at in range(0, len(places), RUN):
        run = slice(at, at + RUN)
        found += np.bincount(places[run], weights[run], minlength=size)
    return found


def _fill(
    terms: dict[str, int], triples: _Triples, idf: Scores, size: int, average: float, *, bm25: bool
) -> Postings:
    weight = _weights(triples, idf, size, average, bm25=bm25)
    starts, order = _by_term(triples[0], len(terms))
    unknown = float(np.log1p((size + 0.5) / 0.5)) + 0.1
    return Postings(
        terms, starts, triples[1][order], weight[order], idf, unknown, size, average, bm25
    )


def _weights(triples: _Triples, idf: Scores, size: int, average: float, *, bm25: bool) -> Scores:
    number, row_of, count_of = triples
    weight = idf[number]
    if bm25:
        lengths = _sums(row_of, count_of, size)
        slack = (K1 * (1 - B + B * lengths / average)).astype(np.float32)
        weight *= count_of * np.float32(K1 + 1) / (count_of + slack[row_of])
    else:
        weight *= 1 + np.log(np.maximum(count_of, 1))
        norm = np.sqrt(_sums(row_of, weight * weight, size))
        weight /= np.maximum(norm, 1e-6).astype(np.float32)[row_of]
    return weight


def _by_term(numbers: Rows, terms: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each term starts when what is numbered is in order, and that order."""
    starts = np.zeros(terms + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=terms), out=starts[1:])
    return starts, np.argsort(numbers, kind="stable")
