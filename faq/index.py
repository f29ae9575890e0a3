"""An immutable picture of the live entries, made for looking questions up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faq.encoder import Vectors
from faq.matcher import Entry
from faq.normalize import normalize
from faq.tokens import Concepts, Tokens, char_grams

Scores = NDArray[np.float32]
Rows = NDArray[np.int32]

K1 = 1.2
B = 0.5
RIDGE = 1.0
MANY_ROWS = 2000
AXES = 128


@dataclass(frozen=True, slots=True)
class Postings:
    """Which rows hold a term, with what weight, term after term in two flat arrays."""

    terms: dict[str, int]
    starts: NDArray[np.int64]
    rows: Rows
    weights: Scores
    idf: Scores
    unknown_idf: float
    size: int

    def score(self, wanted: Sequence[tuple[str, float]]) -> Scores:
        """Return every row's sum of weights over the wanted terms."""
        spans: list[Rows] = []
        weights: list[Scores] = []
        for term, weight in wanted:
            number = self.terms.get(term)
            if number is not None:
                span = slice(self.starts[number], self.starts[number + 1])
                spans.append(self.rows[span])
                weights.append(self.weights[span] * np.float32(weight))
        if not spans:
            return np.zeros(self.size, np.float32)
        total = np.bincount(np.concatenate(spans), np.concatenate(weights), minlength=self.size)
        return total.astype(np.float32)

    def rarity(self, term: str) -> float:
        """Return a term's inverse document frequency; an unknown one is the rarest."""
        number = self.terms.get(term)
        return self.unknown_idf if number is None else float(self.idf[number])


def _postings(documents: Sequence[Counter[str]], *, bm25: bool) -> Postings:
    terms: dict[str, int] = {}
    numbers: list[int] = []
    rows: list[int] = []
    counts: list[int] = []
    for row, document in enumerate(documents):
        for term, count in document.items():
            numbers.append(terms.setdefault(term, len(terms)))
            rows.append(row)
            counts.append(count)
    number = np.asarray(numbers, np.int64)
    row_of = np.asarray(rows, np.int32)
    count_of = np.asarray(counts, np.float32)
    size = len(documents)
    frequency = np.bincount(number, minlength=len(terms)).astype(np.float32)
    idf = np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32) + np.float32(
        0.1
    )
    weight = idf[number] * (
        _saturated(count_of, row_of, size) if bm25 else 1 + np.log(np.maximum(count_of, 1))
    )
    if not bm25:
        norm = np.sqrt(np.bincount(row_of, weight * weight, minlength=size))
        weight = weight / np.maximum(norm, 1e-6)[row_of]
    order = np.argsort(number, kind="stable")
    starts = np.zeros(len(terms) + 1, np.int64)
    np.cumsum(frequency.astype(np.int64), out=starts[1:])
    unknown = float(np.log1p((size + 0.5) / 0.5)) + 0.1
    return Postings(
        terms, starts, row_of[order], weight[order].astype(np.float32), idf, unknown, size
    )


def _saturated(counts: Scores, rows: Rows, size: int) -> Scores:
    lengths = np.bincount(rows, counts, minlength=size)
    average = max(float(lengths.mean()) if size else 0.0, 1e-6)
    scaled: Scores = (
        counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / average)[rows])
    ).astype(np.float32)
    return scaled


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


@dataclass(frozen=True, slots=True)
class Meaning:
    """Each row's vector, a linear classifier over entries, and for many rows a short form.

    `axes` are the directions in which the rows differ most: a first look along them costs a
    quarter, and only what it finds is compared in full.
    """

    vectors: Vectors
    classes: Vectors
    axes: Vectors | None = None
    short: Vectors | None = None

    def first_look(self, vector: Vectors) -> Scores:
        """Return each row's likeness, roughly where there are many."""
        if self.axes is None or self.short is None:
            likeness: Scores = self.vectors @ vector
        else:
            likeness = self.short @ (self.axes @ vector)
        return likeness


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a question is compared with; `rows_of[e]` to `rows_of[e + 1]` are entry e's."""

    entries: tuple[Entry, ...]
    raw: tuple[str, ...]
    questions: tuple[Question, ...]
    entry_of: Rows
    rows_of: NDArray[np.int64]
    exact: dict[str, tuple[int, ...]]
    grams: Postings
    words: Postings
    meaning: Meaning | None = None

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def best(self, row_scores: Scores) -> Scores:
        """Return each entry's best row score."""
        if not self.entries:
            return np.zeros(0, np.float32)
        reduced: Scores = np.maximum.reduceat(row_scores, self.rows_of[:-1])
        return reduced


def build(
    entries: Iterable[Entry], tokens: Tokens, concepts: Concepts, *, limit: int = 500
) -> Snapshot:
    """Build the lexical snapshot; `with_vectors` adds meaning to it."""
    kept = tuple(entries)
    raw: list[str] = []
    questions: list[Question] = []
    entry_of: list[int] = []
    rows_of = [0]
    exact: dict[str, dict[int, None]] = {}
    for number, entry in enumerate(kept):
        texts: dict[str, str] = {}
        for text in (entry.question, *entry.similar_questions):
            texts.setdefault(normalize(text, limit), text)
        if len(texts) > 1:
            texts.pop("", None)
        for form, text in texts.items():
            raw.append(text)
            questions.append(cut(form, tokens, concepts))
            entry_of.append(number)
            if form:
                exact.setdefault(form, {})[number] = None
        rows_of.append(len(raw))
    return Snapshot(
        kept,
        tuple(raw),
        tuple(questions),
        np.asarray(entry_of, np.int32),
        np.asarray(rows_of, np.int64),
        {form: tuple(numbers) for form, numbers in exact.items()},
        _postings([_gram_counts(question) for question in questions], bm25=False),
        _postings(
            [Counter(question.words + question.concepts) for question in questions], bm25=True
        ),
    )


def _gram_counts(question: Question) -> Counter[str]:
    return Counter(char_grams(question.text) + list(question.concepts))


def with_vectors(snapshot: Snapshot, vectors: Vectors) -> Snapshot:
    """Return the snapshot with a vector for each row and a linear classifier over entries."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    axes = _axes(vectors) if len(vectors) > MANY_ROWS else None
    short = None if axes is None else np.ascontiguousarray(vectors @ axes.T)
    classes = _classes(vectors, snapshot.entry_of, snapshot.size)
    return replace(snapshot, meaning=Meaning(vectors, classes, axes, short))


def _axes(vectors: Vectors) -> Vectors:
    """Return the main directions of the rows, the strongest first."""
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    return np.ascontiguousarray(directions[:, : -AXES - 1 : -1].T, np.float32)


def _classes(vectors: Vectors, entry_of: Rows, size: int) -> Vectors:
    """Fit one-against-all ridge regression; each entry weighs the same, however many rows."""
    if not size:
        return np.zeros((0, vectors.shape[1]), np.float32)
    counts = np.bincount(entry_of, minlength=size).astype(np.float32)
    weight = (counts.mean() / counts[entry_of])[:, None]
    weighted = vectors * weight
    gram = vectors.T @ weighted + RIDGE * np.eye(vectors.shape[1], dtype=np.float32)
    sums = np.zeros((size, vectors.shape[1]), np.float32)
    np.add.at(sums, entry_of, weighted)
    fitted: Vectors = np.linalg.solve(gram, sums.T).T.astype(np.float32)
    return np.ascontiguousarray(fitted)


def gram_query(question: Question, postings: Postings) -> list[tuple[str, float]]:
    """Return the question's character terms with unit-length TF-IDF weights."""
    counts = _gram_counts(question)
    weights = {
        term: (1 + float(np.log(count)) if count > 1 else 1.0) * postings.rarity(term)
        for term, count in counts.items()
    }
    norm = float(np.sqrt(sum(weight * weight for weight in weights.values()))) or 1.0
    return [(term, weight / norm) for term, weight in weights.items()]


def word_query(question: Question, postings: Postings) -> list[tuple[str, float]]:
    """Return the question's words, scaled so that a full match is about one."""
    terms = question.terms
    most = sum(postings.rarity(term) for term in terms) * (K1 + 1) / 2 or 1.0
    return [(term, 1.0 / most) for term in terms]
