"""What a text is looked up by: its letters, its words, and a short sketch of the letters."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faq.kernel import SKETCH_SCALE
from faq.postings import K1, Postings, Scores
from faq.tokens import Concepts, Tokens, char_grams

SKETCH = 128
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """What a text is made of, cut once."""

    text: str
    words: tuple[str, ...]
    concepts: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Its words and concepts, each once."""
        return tuple(dict.fromkeys(self.words + self.concepts))


def cut(text: str, tokens: Tokens, concepts: Concepts) -> Question:
    """Cut normalised text."""
    return Question(text, tuple(tokens.words(text)), tuple(concepts.find(text)))


def gram_counts(question: Question) -> Counter[str]:
    """Count a question's letters in ones, twos and threes, and its concepts."""
    return Counter([*char_grams(question.text), *question.concepts])


def word_counts(question: Question) -> Counter[str]:
    """Count a question's words and concepts."""
    return Counter(question.words + question.concepts)


def sketches(grams: Postings) -> NDArray[np.int8]:
    """Return a short sketch of each row: products of two estimate the cosine of their letters."""
    places, signs = _buckets(grams.terms)
    table = np.zeros((grams.size, SKETCH), np.float32)
    for first, last in _runs(grams.starts):
        counts = np.diff(grams.starts[first : last + 1])
        run = slice(grams.starts[first], grams.starts[last])
        weights = grams.weights[run] * np.repeat(signs[first:last], counts)
        np.add.at(table, (grams.rows[run], np.repeat(places[first:last], counts)), weights)
    whole = np.empty(table.shape, np.int8)
    for at in range(0, len(table), _BLOCK):
        whole[at : at + _BLOCK] = _whole(table[at : at + _BLOCK])
    return whole


def _runs(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Return runs of terms that are short enough to let other threads in between."""
    first, terms = 0, len(starts) - 1
    while first < terms:
        last = int(np.searchsorted(starts, starts[first] + _BLOCK, side="right")) - 1
        last = min(max(last, first + 1), terms)
        yield first, last
        first = last


def sketch_of(question: Question, grams: Postings) -> NDArray[np.int8]:
    """Return the sketch of a question that is no row."""
    wanted = dict(gram_query(question, grams))
    places, signs = _buckets(wanted)
    weights = np.asarray(list(wanted.values()), np.float32)
    return _whole(np.bincount(places, weights * signs, minlength=SKETCH))


def _buckets(terms: Iterable[str]) -> tuple[NDArray[np.int64], Scores]:
    hashed = np.fromiter((zlib.crc32(term.encode("utf-8", "ignore")) for term in terms), np.int64)
    return hashed % SKETCH, np.where((hashed >> 16) & 1, np.float32(1), np.float32(-1))


def _whole(table: NDArray[Any]) -> NDArray[np.int8]:
    whole: NDArray[np.int8] = np.clip(np.rint(table * SKETCH_SCALE), -127, 127).astype(np.int8)
    return whole


def gram_query(question: Question, postings: Postings) -> list[tuple[str, float]]:
    """Return the question's character terms with unit-length TF-IDF weights."""
    counts = gram_counts(question)
    weights = postings.rarities(counts)
    for term, count in counts.items():
        if count > 1:
            weights[term] *= 1 + math.log(count)
    norm = math.sqrt(sum([weight * weight for weight in weights.values()])) or 1.0
    return [(term, weight / norm) for term, weight in weights.items()]


def word_query(question: Question, postings: Postings) -> list[tuple[str, float]]:
    """Return the question's words, scaled so that a full match is about one."""
    terms = question.terms
    most = sum(postings.rarities(terms).values()) * (K1 + 1) / 2 or 1.0
    return [(term, 1.0 / most) for term in terms]
