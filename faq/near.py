"""Finds questions that say nearly the same: in one entry superfluous, in two of them a riddle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from faq.index import Snapshot
from faq.matcher import Entry
from faq.modes import ModeMatcher
from faq.normalize import normalize
from faq.terms import Question, gram_query

NEAR = 85.0
"""From this likeness of the letters on, 0..100, two questions are nearly the same."""
MOST_LINES = 60
"""How many questions are compared with all others; the newest stand last."""
MOST_ROWS = 50
"""How many of the index's rows, the nearest by their letters, a question is compared with."""
SHOWN = 20
_Form = tuple[str, str, str]
"""A question in compared form, as it is written, and its entry's id."""


@dataclass(frozen=True, slots=True)
class Near:
    """A question of the entry, and one that is nearly or just the same."""

    question: str
    other: str
    entry_id: str | None
    """The entry of the other one; None: it stands in the same entry."""
    is_same: bool


def near_duplicates(
    questions: Sequence[str],
    live: ModeMatcher | None,
    drafted: Mapping[str, Entry],
    own: str,
) -> list[Near]:
    """Return what is said twice, within these questions of the entry `own` and in all others.

    The live entries are looked up in their index; one that is drafted counts as the draft says.
    """
    forms = [(question, form) for question in questions if (form := normalize(question))]
    found = _within(forms)
    others = _Others(live, drafted, own)
    for question, form in [*forms[:1], *forms[1:][-MOST_LINES:]]:
        match = others.nearest(form)
        if match is not None:
            same, other, key = match
            found.append(Near(question, other, key, same == form))
    return sorted(found, key=lambda near: (not near.is_same, near.entry_id is None))[:SHOWN]


class _Others:
    """The questions of all other entries: written ones one by one, the rest in their index."""

    def __init__(self, live: ModeMatcher | None, drafted: Mapping[str, Entry], own: str) -> None:
        hidden = {own, *drafted}
        listed = [entry for key, entry in drafted.items() if key != own]
        if live is not None:
            listed += [each for key, each in live.literal.entries.items() if key not in hidden]
        self._listed = [form for entry in listed for form in _forms(entry)]
        self._texts = [text for text, _, _ in self._listed]
        self._index = None if live is None else _Index(live.snapshot, hidden)

    def nearest(self, form: str) -> _Form | None:
        """Return the question most like this one, None if none is nearly the same."""
        rows = [] if self._index is None else self._index.around(form)
        texts = [*self._texts, *(text for text, _, _ in rows)]
        match = process.extractOne(form, texts, scorer=fuzz.ratio, score_cutoff=NEAR)
        return None if match is None else [*self._listed, *rows][match[2]]


def _forms(entry: Entry) -> Iterable[_Form]:
    for question in (entry.question, *entry.similar_questions):
        yield normalize(question), question, entry.id


class _Index:
    """The questions of an index, without those of the hidden entries."""

    def __init__(self, snapshot: Snapshot, hidden: Collection[str]) -> None:
        self._snapshot = snapshot
        numbers = [snapshot.numbers[key] for key in hidden if key in snapshot.numbers]
        hidden_rows = snapshot.rows_within(np.asarray(sorted(numbers), np.int64))
        self._left_out = np.concatenate([hidden_rows, snapshot.dead_rows])

    def around(self, form: str) -> list[_Form]:
        """Return the questions that have most letters in common with this one."""
        known = self._snapshot
        if not known.size:
            return []
        scores = known.grams.score(gram_query(Question(form, (), ()), known.grams))
        scores[self._left_out] = 0
        rows = np.flatnonzero(scores > 0)
        if len(rows) > MOST_ROWS:
            rows = rows[np.argpartition(scores[rows], len(rows) - MOST_ROWS)[-MOST_ROWS:]]
        return [
            (known.texts[row], known.raw[row], known.entries[known.entry_of[row]].id)
            for row in rows.tolist()
        ]


def _within(forms: Sequence[tuple[str, str]]) -> list[Near]:
    found = []
    for at, (question, form) in enumerate(forms):
        earlier = [known for _, known in forms[:at]]
        match = process.extractOne(form, earlier, scorer=fuzz.ratio, score_cutoff=NEAR)
        if match is not None:
            other, same = forms[match[2]]
            found.append(Near(question, other, None, same == form))
    return found
