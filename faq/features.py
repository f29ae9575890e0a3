"""Looks one question up in a snapshot and measures how near each candidate is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from faq.encoder import Encoder, Vectors
from faq.index import Meaning, Question, Rows, Scores, Snapshot, gram_query, word_query

Table = NDArray[np.float64]

PER_CHANNEL = 8
SUPPORT = 3

LEXICAL = (
    "grams", "words", "grams_top3", "ratio", "partial", "token_set", "covers_query",
    "covers_row", "length", "concepts", "first_grams", "first_words", "size",
)  # fmt: skip
SEMANTIC = (*LEXICAL, "cosine", "cosine_top3", "classes", "first_cosine", "first_classes")


@dataclass(frozen=True, slots=True)
class Lookup:
    """The candidates of one question: entry numbers, best rows, a table of features."""

    question: Question
    entries: Rows
    rows: Rows
    table: Table
    semantic: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What the table's columns are called."""
        return SEMANTIC if self.semantic else LEXICAL


def look_up(snapshot: Snapshot, question: Question, encoder: Encoder | None) -> Lookup:
    """Find the entries that might answer, and measure them.

    Without vectors in the snapshot, or without an encoder, only words are compared.
    """
    grams = snapshot.grams.score(gram_query(question, snapshot.grams))
    words = snapshot.words.score(word_query(question, snapshot.words))
    channels = {"grams": snapshot.best(grams), "words": snapshot.best(words)}
    meaning = snapshot.meaning if encoder is not None else None
    if meaning is None or encoder is None:
        chosen = _candidates(channels)
        rows = _best_rows(snapshot, chosen, grams)
        found = {}
    else:
        vector = encoder.encode([question.text])[0]
        cosine = meaning.first_look(vector)
        chosen = _candidates(channels | {"cosine": snapshot.best(cosine)})
        cosine = _look_closely(snapshot, meaning, vector, chosen)
        rows = _best_rows(snapshot, chosen, cosine + 0.5 * grams)
        found = _meaning_columns(snapshot, meaning, vector, chosen, cosine)
    columns: dict[str, Scores] = {name: scores[chosen] for name, scores in channels.items()}
    columns |= {f"first_{name}": _is_first(scores, chosen) for name, scores in channels.items()}
    columns |= found
    columns |= _compare(snapshot, question, rows)
    columns["grams_top3"] = _support(snapshot, chosen, grams)
    columns["size"] = np.log1p(np.diff(snapshot.rows_of)[chosen])
    names = SEMANTIC if found else LEXICAL
    table = np.stack([np.asarray(columns[name], np.float64) for name in names], axis=1)
    return Lookup(question, chosen, rows, table, bool(found))


def _look_closely(snapshot: Snapshot, meaning: Meaning, vector: Vectors, chosen: Rows) -> Scores:
    """Return exact likeness for the candidates' rows and zero for all others."""
    exact = np.zeros(len(snapshot.raw), np.float32)
    if len(chosen):
        spans = [np.arange(*snapshot.rows_of[at : at + 2]) for at in chosen.tolist()]
        rows = np.concatenate(spans)
        exact[rows] = meaning.vectors[rows] @ vector
    return exact


def _meaning_columns(
    snapshot: Snapshot, meaning: Meaning, vector: Vectors, chosen: Rows, cosine: Scores
) -> dict[str, Scores]:
    best, classes = snapshot.best(cosine)[chosen], meaning.classes[chosen] @ vector
    everyone = np.arange(len(chosen), dtype=np.int32)
    return {
        "cosine": best,
        "classes": classes,
        "cosine_top3": _support(snapshot, chosen, cosine),
        "first_cosine": _is_first(best, everyone),
        "first_classes": _is_first(classes, everyone),
    }


def _candidates(channels: dict[str, Scores]) -> Rows:
    chosen: set[int] = set()
    for scores in channels.values():
        if len(scores) > PER_CHANNEL:
            best = np.argpartition(scores, -PER_CHANNEL)[-PER_CHANNEL:]
        else:
            best = np.arange(len(scores))
        chosen.update(best[scores[best] > 0].tolist())
    return np.asarray(sorted(chosen), np.int32)


def _is_first(scores: Scores, chosen: Rows) -> Scores:
    if not len(scores) or scores.max() <= 0:
        return np.zeros(len(chosen), np.float32)
    first: Scores = (scores[chosen] >= scores.max() - 1e-6).astype(np.float32)
    return first


def _best_rows(snapshot: Snapshot, chosen: Rows, scores: Scores) -> Rows:
    starts, ends = snapshot.rows_of[chosen].tolist(), snapshot.rows_of[chosen + 1].tolist()
    best = [
        start + int(scores[start:end].argmax()) for start, end in zip(starts, ends, strict=True)
    ]
    return np.asarray(best, np.int32)


def _support(snapshot: Snapshot, chosen: Rows, scores: Scores) -> Scores:
    starts, ends = snapshot.rows_of[chosen].tolist(), snapshot.rows_of[chosen + 1].tolist()
    means = []
    for start, end in zip(starts, ends, strict=True):
        own = np.sort(scores[start:end])[-SUPPORT:]
        means.append(float(own.mean()))
    return np.asarray(means, np.float32)


def _compare(snapshot: Snapshot, question: Question, rows: Rows) -> dict[str, Scores]:
    names = ("ratio", "partial", "token_set", "covers_query", "covers_row", "length", "concepts")
    columns: dict[str, list[float]] = {name: [] for name in names}
    rarity = snapshot.words.rarity
    mine = {term: rarity(term) for term in question.terms}
    total = sum(mine.values()) or 1.0
    joined = " ".join(question.words)
    concepts = set(question.concepts)
    for row in rows.tolist():
        other = snapshot.questions[row]
        theirs = {term: rarity(term) for term in other.terms}
        shared = sum(weight for term, weight in mine.items() if term in theirs)
        columns["ratio"].append(fuzz.ratio(question.text, other.text) / 100)
        columns["partial"].append(fuzz.partial_ratio(question.text, other.text) / 100)
        columns["token_set"].append(fuzz.token_set_ratio(joined, " ".join(other.words)) / 100)
        columns["covers_query"].append(shared / total)
        columns["covers_row"].append(shared / (sum(theirs.values()) or 1.0))
        lengths = sorted((len(question.text), len(other.text)))
        columns["length"].append(lengths[0] / max(lengths[1], 1))
        either = concepts.union(other.concepts)
        columns["concepts"].append(
            len(concepts.intersection(other.concepts)) / len(either) if either else 0.0
        )
    return {name: np.asarray(values, np.float32) for name, values in columns.items()}
