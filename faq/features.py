"""Looks one question up in a snapshot and measures how near each candidate is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from faq import kernel
from faq.encoder import Encoder
from faq.hints import Hints, Told
from faq.index import Snapshot
from faq.kernel import Voters
from faq.postings import Rows, Scores
from faq.terms import Question, gram_query, word_query
from faq.vectors import Vectors

Table = NDArray[np.float64]

PER_CHANNEL = 8
DEEP = 128
"""How many of a channel's best rows are looked through for its best entries."""
_ROUNDING = 1e-4

LEXICAL = (
    "grams", "words", "ratio", "partial", "token_set", "covers_query",
    "covers_row", "length", "concepts", "votes", "first_grams", "first_words", "first_votes",
)  # fmt: skip
SEMANTIC = (*LEXICAL, "cosine", "first_cosine", "told", "broad")
"""`votes` counts all known questions, `broad` the same ones by meaning alone, `told` those that
customers asked: where these do not agree, their weights tell which to believe."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a look-up must not see, so that a question can be asked that is itself listed."""

    rows: tuple[int, ...] = ()
    entry: int | None = None
    same_hint: bool = False


NOTHING = Hidden()
_NO_ROWS, _NO_TABLE = np.zeros(0, np.int32), np.zeros((0, 0))


@dataclass(frozen=True, slots=True)
class Lookup:
    """The candidates of one question: entry numbers, best rows, a table of features.

    `none` is the share of votes that say that no entry answers it; `floors` says for each channel
    which score another row would have to reach to change anything.
    """

    question: Question
    entries: Rows
    rows: Rows
    table: Table
    semantic: bool
    none: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What the table's columns are called."""
        return SEMANTIC if self.semantic else LEXICAL

    def without_table(self) -> Lookup:
        """Return what was looked up without how near each candidate is."""
        return replace(self, rows=_NO_ROWS, table=_NO_TABLE)


def look_up(
    snapshot: Snapshot,
    question: Question,
    encoder: Encoder | None,
    hints: Hints | None = None,
    hidden: Hidden = NOTHING,
) -> Lookup:
    """Find the entries that might answer, and measure them.

    Without vectors in the snapshot, or without an encoder, only words are compared.
    """
    channels, vector = _channels(snapshot, question, encoder)
    unseen = _unseen(snapshot, hidden)
    if len(unseen):
        for scores in channels.values():
            scores[unseen] = -1
    told = None if hints is None or vector is None else hints.near(vector, question, snapshot.grams)
    chosen, floors = _candidates(snapshot, channels, told, hidden)
    near = _Near.of(snapshot, chosen, vector, channels, unseen)
    best = near.best()
    columns = near.columns()
    voters = near.voters(snapshot, kernel.LEXICAL if told is None else kernel.LEXICAL_TOLD)
    columns["told"] = np.zeros(len(chosen), np.float32)
    if told is not None:
        theirs = told.voters(chosen, hide_same=hidden.same_hint)
        columns["told"] = theirs.count(len(chosen)).entries
        voters = voters.and_more(theirs)
    votes = voters.count(len(chosen))
    columns["votes"], columns["broad"] = votes.entries, votes.broad
    columns["first_votes"] = _is_first(votes.entries)
    columns |= _compare(snapshot, question, best)
    names = LEXICAL if vector is None else SEMANTIC
    table = np.empty((len(chosen), len(names)))
    for at, name in enumerate(names):
        table[:, at] = columns[name]
    return Lookup(question, chosen, best, table, vector is not None, votes.none, floors)


def _channels(
    snapshot: Snapshot, question: Question, encoder: Encoder | None
) -> tuple[dict[str, Scores], Vectors | None]:
    """Return how near each row is, way by way, and the question's vector where there is one."""
    grams = snapshot.grams.score(gram_query(question, snapshot.grams))
    words = snapshot.words.score(word_query(question, snapshot.words))
    channels = {"grams": grams, "words": words}
    if snapshot.meaning is None or encoder is None:
        return channels, None
    vector = encoder.encode([question.text])[0]
    return {**channels, "cosine": snapshot.meaning.first_look(vector)}, vector


def _unseen(snapshot: Snapshot, hidden: Hidden) -> NDArray[np.int64]:
    parts = [snapshot.dead_rows, np.asarray(hidden.rows, np.int64)]
    if hidden.entry is not None:
        parts.append(snapshot.rows_within(np.asarray([hidden.entry])))
    return np.concatenate(parts)


def _candidates(
    snapshot: Snapshot, channels: dict[str, Scores], told: Told | None, hidden: Hidden
) -> tuple[Rows, dict[str, float]]:
    chosen: set[int] = set()
    floors = {}
    for name, scores in channels.items():
        owners, floors[name] = _leading(snapshot, scores)
        chosen.update(owners)
    if told is not None:
        chosen.update(told.entries(PER_CHANNEL, hide_same=hidden.same_hint))
        chosen -= snapshot.dead | {hidden.entry}
    return np.asarray(sorted(chosen), np.int32), floors


def _leading(snapshot: Snapshot, scores: Scores) -> tuple[list[int], float]:
    """Return a channel's best entries, and the score that a row needs to have a say in them."""
    top = kernel.leading(scores, DEEP)
    owners = snapshot.entry_of[top].tolist()
    first = list(dict.fromkeys(owners))[:PER_CHANNEL]
    if len(first) == PER_CHANNEL:
        return first, float(scores[top[owners.index(first[-1])]])
    return first, float(scores[top[-1]]) if len(top) == DEEP else 0.0


def late_rows_matter(snapshot: Snapshot, found: Lookup, encoder: Encoder | None) -> bool:
    """Say whether rows beside the index have a say in what was found in the index alone."""
    question, tails = found.question, {}
    if snapshot.grams.tail is not None:
        tails["grams"] = snapshot.grams.tail.score(gram_query(question, snapshot.grams))
    if snapshot.words.tail is not None:
        tails["words"] = snapshot.words.tail.score(word_query(question, snapshot.words))
    meaning = snapshot.meaning
    if meaning is not None and meaning.tail is not None and encoder is not None:
        tails["cosine"] = meaning.tail @ encoder.encode([question.text])[0]
    return any(
        scores.max(initial=0.0) > max(found.floors.get(name, 0.0) - _ROUNDING, 0.0)
        for name, scores in tails.items()
    )


@dataclass(frozen=True, slots=True)
class _Near:
    """The rows of the candidates, entry after entry, with exact scores."""

    rows: NDArray[np.int64]
    owners: NDArray[np.int64]
    starts: NDArray[np.int64]
    scores: dict[str, Scores]
    vectors: Vectors | None

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        chosen: Rows,
        vector: Vectors | None,
        channels: dict[str, Scores],
        unseen: NDArray[np.int64],
    ) -> _Near:
        """Look closely at the candidates' rows."""
        rows = snapshot.rows_within(chosen)
        if len(unseen):
            rows = rows[~np.isin(rows, unseen)]
        owners = np.searchsorted(chosen, snapshot.entry_of[rows])
        scores = {name: channels[name][rows] for name in ("grams", "words")}
        vectors = None
        if vector is not None and snapshot.meaning is not None:
            vectors = snapshot.meaning.take(rows)
            scores["cosine"] = vectors @ vector
        starts = np.searchsorted(owners, np.arange(len(chosen)))
        return cls(rows, owners, starts, scores, vectors)

    def best(self) -> Rows:
        """Return each candidate's nearest row, the first of equal ones."""
        if not len(self.rows):
            return _NO_ROWS
        total = self.scores["grams"]
        if "cosine" in self.scores:
            total = self.scores["cosine"] + 0.5 * total
        largest = np.maximum.reduceat(total, self.starts)
        best = np.flatnonzero(total == largest[self.owners])
        first = np.searchsorted(self.owners[best], np.arange(len(self.starts)))
        return self.rows[best[first]].astype(np.int32)

    def columns(self) -> dict[str, Scores]:
        """Return each channel's best score for every candidate, and whether it comes first."""
        found: dict[str, Scores] = {}
        for name, scores in self.scores.items():
            best = scores
            if len(scores):
                best = np.maximum(np.maximum.reduceat(scores, self.starts), 0)
            found[name], found[f"first_{name}"] = best, _is_first(best)
        return found

    def voters(self, snapshot: Snapshot, lexical: float) -> Voters:
        """Return the rows as those who vote."""
        grams, cosine = self.scores["grams"], self.scores.get("cosine")
        near = grams if cosine is None else kernel.likeness(cosine, grams, lexical)
        at = kernel.nearest(near)
        near, rows, owners = near[at], self.rows[at], self.owners[at]
        meaning = None
        if cosine is not None and self.vectors is not None:
            meaning = self.vectors[at], cosine[at]
        sizes = snapshot.sizes(snapshot.entry_of[rows])
        sketches = snapshot.sketches_at(rows)
        return Voters(near, owners, snapshot.average / sizes, sketches, meaning, lexical)


def _is_first(best: Scores) -> Scores:
    if not len(best) or best.max() <= 0:
        return np.zeros(len(best), np.float32)
    first: Scores = (best >= best.max() - 1e-6).astype(np.float32)
    return first


def _compare(snapshot: Snapshot, question: Question, rows: Rows) -> dict[str, Scores]:
    weights = snapshot.words.rarities(question.terms)
    text, words, asked = question.text, " ".join(question.words), frozenset(question.concepts)
    texts, words_of, concepts_of = snapshot.texts, snapshot.words_of, snapshot.concepts_of
    ratio, partial_ratio, token_set_ratio = fuzz.ratio, fuzz.partial_ratio, fuzz.token_set_ratio
    size, weighed = len(text), list(weights.items())
    lines: list[float] = []
    for row in rows.tolist():
        theirs, joined, about = texts[row], words_of[row], concepts_of[row].split()
        known, length = {*joined.split(), *about}, len(theirs)
        lines += (
            ratio(text, theirs) / 100,
            partial_ratio(text, theirs) / 100,
            token_set_ratio(words, joined) / 100,
            sum([weight for term, weight in weighed if term in known]),
            min(size, length) / max(size, length, 1),
            len(asked.intersection(about)) / len(asked.union(about)) if asked and about else 0.0,
        )
    table = np.asarray(lines, np.float32).reshape(-1, 6)
    ratios, partial, token_set, shares, lengths, both = table.T
    total = np.float32(sum(weights.values()) or 1.0)
    return {
        "ratio": ratios,
        "partial": partial,
        "token_set": token_set,
        "covers_query": shares / total,
        "covers_row": shares / np.maximum(snapshot.row_weights[rows], np.float32(1e-6)),
        "length": lengths,
        "concepts": both,
    }
