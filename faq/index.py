"""An immutable picture of the live entries, made for looking questions up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from faq import postings as inverted
from faq.chain import Chain
from faq.matcher import Entry
from faq.meaning import Meaning, meaning_of
from faq.normalize import normalize
from faq.pauses import unhurried
from faq.postings import Postings, Rows, Scores, Weighed
from faq.sounds import Sounds
from faq.spelling import Spelling
from faq.terms import SKETCH, Question, cut, gram_counts, sketches, word_counts
from faq.tokens import Concepts, Tokens
from faq.vectors import Stored, Vectors


@dataclass(frozen=True)
class Snapshot:
    """All that a question is compared with; `rows_of[e]` to `rows_of[e + 1]` are entry e's.

    `dead` entries keep their numbers and are found no more; `ids` numbers what was indexed, the
    dead included and what came later left out. `sounds` and `spelling` are of what was indexed:
    an unclear question finds them made.
    """

    entries: Sequence[Entry]
    raw: Sequence[str]
    texts: Sequence[str]
    words_of: Sequence[str]
    concepts_of: Sequence[str]
    entry_of: Rows
    rows_of: NDArray[np.int64]
    ids: Mapping[str, int]
    forms: Mapping[str, tuple[int, ...]]
    grams: Postings
    words: Postings
    row_weights: Scores
    sketches: NDArray[np.int8]
    sounds: Sounds
    spelling: Spelling
    meaning: Meaning | None = None
    late_forms: Mapping[str, tuple[int, ...]] | None = None
    late_sketches: NDArray[np.int8] | None = None
    dead: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """How many entries there are, the dead included."""
        return len(self.entries)

    @property
    def live(self) -> tuple[Entry, ...]:
        """The entries that can be found."""
        return tuple(e for at, e in enumerate(self.entries) if at not in self.dead)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The live entries' numbers by their ids."""
        return {e.id: at for at, e in enumerate(self.entries) if at not in self.dead}

    @cached_property
    def dead_rows(self) -> NDArray[np.int64]:
        """The rows of dead entries."""
        return self.rows_within(np.asarray(sorted(self.dead), np.int64))

    def sizes(self, entries: Rows) -> Scores:
        """Return how many rows some entries have."""
        return (self.rows_of[entries + 1] - self.rows_of[entries]).astype(np.float32)

    @cached_property
    def average(self) -> float:
        """How many rows an entry had on average when the index was built."""
        entries = int(np.searchsorted(self.rows_of, self.grams.size))
        return self.grams.size / entries if entries else 1.0

    def rows_within(self, entries: NDArray[np.int64] | Rows) -> NDArray[np.int64]:
        """Return the rows of some entries, entry after entry."""
        starts = self.rows_of[entries]
        counts = self.rows_of[entries + 1] - starts
        ends = np.cumsum(counts)
        return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)

    def sketches_at(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return some rows' sketches."""
        first, tail = len(self.sketches), self.late_sketches
        if tail is None or not len(rows) or rows.max() < first:
            return self.sketches[rows]
        found = np.empty((len(rows), SKETCH), np.int8)
        late = rows >= first
        found[~late], found[late] = self.sketches[rows[~late]], tail[rows[late] - first]
        return found

    def exact(self, form: str) -> tuple[int, ...]:
        """Return the live entries that have a question of exactly this form."""
        late = () if self.late_forms is None else self.late_forms.get(form, ())
        return tuple(n for n in (*self.forms.get(form, ()), *late) if n not in self.dead)

    def question(self, row: int) -> Question:
        """Return what a row is made of."""
        return Question(
            self.texts[row], tuple(self.words_of[row].split()), tuple(self.concepts_of[row].split())
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of some entries, cut, before they are indexed."""

    entries: tuple[Entry, ...]
    raw: list[str]
    questions: list[Question]
    rows_of: list[int]
    forms: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class CutEntry:
    """One entry and its questions, as written and cut."""

    entry: Entry
    raw: tuple[str, ...]
    questions: tuple[Question, ...]


def cut_entry(entry: Entry, tokens: Tokens, concepts: Concepts, limit: int) -> CutEntry:
    """Cut an entry's questions, each form once."""
    texts: dict[str, str] = {}
    for text in (entry.question, *entry.similar_questions):
        texts.setdefault(normalize(text, limit), text)
    if len(texts) > 1:
        texts.pop("", None)
    raw = tuple(form if form == text else text for form, text in texts.items())
    return CutEntry(entry, raw, tuple(cut(form, tokens, concepts) for form in texts))


def joined(parts: Iterable[CutEntry], first: int = 0) -> Cut:
    """Put cut entries together, numbered from `first`."""
    entries: list[Entry] = []
    raw: list[str] = []
    questions: list[Question] = []
    rows_of = [0]
    exact: dict[str, dict[int, None]] = {}
    for number, part in enumerate(parts, first):
        entries.append(part.entry)
        raw += part.raw
        questions += part.questions
        rows_of.append(len(raw))
        for question in part.questions:
            if question.text:
                exact.setdefault(question.text, {})[number] = None
    forms = {form: tuple(numbers) for form, numbers in exact.items()}
    return Cut(tuple(entries), raw, questions, rows_of, forms)


def build(
    entries: Iterable[Entry], tokens: Tokens, concepts: Concepts, *, limit: int = 500
) -> Snapshot:
    """Build the lexical snapshot; `with_vectors` adds meaning to it."""
    done = joined(cut_entry(entry, tokens, concepts, limit) for entry in entries)
    grams = inverted.build(map(gram_counts, done.questions), len(done.raw), bm25=False)
    words = inverted.build(map(word_counts, done.questions), len(done.raw), bm25=True)
    often = dict(zip(words.terms, np.diff(words.starts).tolist(), strict=True))
    return Snapshot(
        done.entries,
        tuple(done.raw),
        *_columns(done.questions),
        np.repeat(np.arange(len(done.entries), dtype=np.int32), np.diff(done.rows_of)),
        np.asarray(done.rows_of, np.int64),
        {entry.id: number for number, entry in enumerate(done.entries)},
        done.forms,
        grams,
        words,
        _row_weights(done.questions, words),
        sketches(grams),
        Sounds(often),
        Spelling(often),
    )


def _columns(
    questions: Sequence[Question],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the questions' texts, words and concepts."""
    known: dict[str, str] = {}
    texts, words, concepts = [], [], []
    for question in questions:
        joined, about = " ".join(question.words), " ".join(question.concepts)
        texts.append(question.text)
        words.append(question.text if joined == question.text else joined)
        concepts.append(known.setdefault(about, about))
    return tuple(texts), tuple(words), tuple(concepts)


def _row_weights(questions: Sequence[Question], words: Postings) -> Scores:
    """Return how much rarity each row's words and concepts have together."""
    sums = (sum(map(words.rarity, question.terms)) for question in questions)
    return np.fromiter(sums, np.float32, len(questions))


@dataclass(frozen=True, slots=True)
class LateEntry:
    """A changed entry, measured once by what an index knows; `vectors` where it knows meaning."""

    cut: CutEntry
    grams: Weighed
    words: Weighed
    row_weights: Scores
    sketches: NDArray[np.int8]
    vectors: Vectors | None = None


def measured(base: Snapshot, part: CutEntry) -> LateEntry:
    """Measure a changed entry's letters and words."""
    count = len(part.questions)
    grams = base.grams.weigh(map(gram_counts, part.questions), count)
    words = base.words.weigh(map(word_counts, part.questions), count)
    alone = base.grams.with_tail([grams]).tail or base.grams
    return LateEntry(part, grams, words, _row_weights(part.questions, base.words), sketches(alone))


def edited(base: Snapshot, late: Sequence[LateEntry], dead: frozenset[int]) -> Snapshot:
    """Return `base` with some entries after its own, and without the dead ones."""
    done = joined((part.cut for part in late), base.size)
    texts, spoken, concepts = _columns(done.questions)
    numbers = np.arange(base.size, base.size + len(late), dtype=np.int32)
    tail = [part.sketches for part in late]
    tails = (
        (base.grams, [part.grams for part in late]),
        (base.words, [part.words for part in late]),
    )
    grams, words = (rows.with_tail(parts) for rows, parts in unhurried(tails))
    return replace(
        base,
        entries=Chain(base.entries, done.entries),
        raw=Chain(base.raw, done.raw),
        texts=Chain(base.texts, texts),
        words_of=Chain(base.words_of, spoken),
        concepts_of=Chain(base.concepts_of, concepts),
        entry_of=np.concatenate([base.entry_of, np.repeat(numbers, np.diff(done.rows_of))]),
        rows_of=np.append(base.rows_of, base.rows_of[-1] + np.asarray(done.rows_of[1:], np.int64)),
        grams=grams,
        words=words,
        row_weights=np.concatenate([base.row_weights, *(part.row_weights for part in late)]),
        late_sketches=np.concatenate([np.zeros((0, SKETCH), np.int8), *tail]),
        meaning=None if base.meaning is None else base.meaning.with_tail(_vectors(late)),
        late_forms=done.forms,
        dead=dead,
    )


def _vectors(late: Sequence[LateEntry]) -> Vectors | None:
    """Return the vectors of all rows, None where some have none."""
    found = [part.vectors for part in late if part.vectors is not None]
    return np.concatenate(found) if found and len(found) == len(late) else None


def with_vectors(snapshot: Snapshot, vectors: Stored | Vectors) -> Snapshot:
    """Return the snapshot with a vector for each row."""
    return replace(snapshot, meaning=meaning_of(vectors))
