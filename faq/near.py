"""Finds questions that say nearly the same: in one entry superfluous, in two of them a riddle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from faq.matcher import Entry
from faq.normalize import normalize

NEAR = 85.0
"""From this likeness of the letters on, 0..100, two questions are nearly the same."""
MOST_LINES = 60
"""How many questions are compared with all others; the newest stand last."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Near:
    """A question of the entry, and one that is nearly or just the same."""

    question: str
    other: str
    entry_id: str | None
    """The entry of the other one; None: it stands in the same entry."""
    is_same: bool


def near_duplicates(questions: Sequence[str], entries: Sequence[Entry], own: str) -> list[Near]:
    """Return what is said twice, within these questions of the entry `own` and in all others."""
    forms = [(question, form) for question in questions if (form := normalize(question))]
    found = _within(forms)
    others = [
        (question, normalize(question), entry.id)
        for entry in entries
        if entry.id != own
        for question in (entry.question, *entry.similar_questions)
    ]
    known = [form for _, form, _ in others]
    for question, form in [*forms[:1], *forms[1:][-MOST_LINES:]]:
        match = process.extractOne(form, known, scorer=fuzz.ratio, score_cutoff=NEAR)
        if match is not None:
            other, same, entry_id = others[match[2]]
            found.append(Near(question, other, entry_id, same == form))
    return sorted(found, key=lambda near: (not near.is_same, near.entry_id is None))[:SHOWN]


def _within(forms: Sequence[tuple[str, str]]) -> list[Near]:
    found = []
    for at, (question, form) in enumerate(forms):
        earlier = [known for _, known in forms[:at]]
        match = process.extractOne(form, earlier, scorer=fuzz.ratio, score_cutoff=NEAR)
        if match is not None:
            other, same = forms[match[2]]
            found.append(Near(question, other, None, same == form))
    return found
