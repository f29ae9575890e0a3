"""Questions whose answer is known though no entry lists them: what customers were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faq.kernel import ANOTHER, LEXICAL_TOLD, NONE, SKETCH_SCALE, Voters, likeness, nearest
from faq.postings import Postings, Rows, Scores
from faq.terms import Question, sketch_of
from faq.vectors import Vectors

_NEAR = 32


@dataclass(frozen=True, slots=True)
class Hints:
    """Known questions with their vectors; `entries` says whose, NONE: no entry answers it."""

    texts: tuple[str, ...]
    entries: Rows
    sketches: NDArray[np.int8]
    vectors: Vectors

    @classmethod
    def of(
        cls,
        questions: Sequence[Question],
        entries: Sequence[int | None],
        grams: Postings,
        vectors: Vectors,
    ) -> Hints:
        """Sketch the questions by what a snapshot knows of its terms."""
        return cls(
            tuple(question.text for question in questions),
            np.asarray([NONE if number is None else number for number in entries], np.int32),
            np.stack([sketch_of(question, grams) for question in questions]),
            vectors,
        )

    def near(self, vector: Vectors, question: Question, grams: Postings) -> Told:
        """Measure how near each is to a question."""
        sketch = sketch_of(question, grams).astype(np.float32)
        shared = (self.sketches.astype(np.float32) @ sketch) / SKETCH_SCALE**2
        cosine = self.vectors @ vector
        return Told(self, likeness(cosine, shared, LEXICAL_TOLD), cosine, question.text)


@dataclass(frozen=True, slots=True)
class Told:
    """How near the hints are to one question."""

    hints: Hints
    near: Scores
    cosine: Scores
    text: str

    def _places(self, *, hide_same: bool) -> NDArray[np.int64]:
        places = nearest(self.near, _NEAR * 3)
        if hide_same:
            texts = self.hints.texts
            keep = [at for at in places.tolist() if texts[at] != self.text]
            places = np.asarray(keep, np.int64)
        return places

    def entries(self, most: int, *, hide_same: bool) -> list[int]:
        """Return the entries of the nearest hints."""
        places = self._places(hide_same=hide_same)
        order = places[np.argsort(-self.near[places], kind="stable")][:_NEAR]
        owners = [number for number in self.hints.entries[order].tolist() if number >= 0]
        return list(dict.fromkeys(owners))[:most]

    def voters(self, chosen: Rows, *, hide_same: bool) -> Voters:
        """Return the nearest hints as those who vote for the chosen entries or for none."""
        at = self._places(hide_same=hide_same)
        entries = self.hints.entries[at]
        place = np.searchsorted(chosen, entries)
        known = np.minimum(place, max(len(chosen) - 1, 0))
        is_chosen = (chosen[known] == entries) if len(chosen) else np.zeros(len(at), np.bool_)
        owner = np.where(is_chosen, known, np.where(entries == NONE, NONE, ANOTHER))
        return Voters(
            self.near[at],
            owner.astype(np.int64),
            np.ones(len(at), np.float32),
            self.hints.sketches[at],
            (self.hints.vectors[at], self.cosine[at]),
            LEXICAL_TOLD,
        )
