"""Does for many questions at once what each would cost more alone: a replay knows them before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faq.clauses import clauses
from faq.encoder import Encoder
from faq.meaning import Meaning
from faq.normalize import normalize
from faq.postings import Scores
from faq.vectors import Vectors

_Looks = dict[bytes, Scores]


@dataclass(frozen=True, slots=True)
class Foreseen(Meaning):
    """Rows with their first looks at the questions that are asked next, `tail` left out."""

    looks: _Looks = field(default_factory=dict)

    def first_look(self, vector: Vectors) -> Scores:
        """Return each row's likeness, roughly where there are many."""
        known = self.looks.get(vector.tobytes())
        if known is None:
            return Meaning.first_look(self, vector)
        return known.copy() if self.tail is None else np.concatenate([known, self.tail @ vector])


class Ahead:
    """An encoder that is told beforehand what will be asked, some questions at a time."""

    def __init__(self, encoder: Encoder, limit: int) -> None:
        self.name = encoder.name
        self._encoder, self._limit = encoder, limit
        self._vectors: dict[str, Vectors] = {}
        self._seen: dict[int, Foreseen] = {}

    def foreseeing(self, meaning: Meaning) -> Meaning:
        """Return the same rows, looked at beforehand too; those of one index but once."""
        if meaning.axes is None or meaning.short is None:
            return meaning
        known = self._seen.get(id(meaning.short))
        if known is None:
            known = Foreseen(meaning.vectors, meaning.axes, meaning.short)
            self._seen[id(meaning.short)] = known
        return replace(known, tail=meaning.tail)

    def prepare(self, texts: Sequence[str]) -> None:
        """Make ready for these questions, and forget the former ones."""
        ways = [way for text in texts for way in self._readings(text)]
        forms = [form for form in dict.fromkeys(ways) if form]
        vectors = self._encoder.encode(forms)
        self._vectors = dict(zip(forms, vectors, strict=True))
        keys = [vector.tobytes() for vector in vectors]
        for rows in self._seen.values():
            rows.looks.clear()
            if keys and rows.axes is not None and rows.short is not None:
                found = (vectors @ rows.axes.T) @ rows.short.T
                rows.looks.update(zip(keys, found, strict=True))

    def _readings(self, text: str) -> list[str]:
        form = normalize(text, self._limit)
        return [form, *clauses(text, form, self._limit)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        known = [self._vectors[text] for text in texts if text in self._vectors]
        if known and len(known) == len(texts):
            return np.stack(known)
        return self._encoder.encode(texts)

    def has_word(self, word: str) -> bool:
        """Say whether the encoder knows it."""
        return self._encoder.has_word(word)
