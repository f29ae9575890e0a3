"""Entries that are found word for word, or by what a question holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from faq.matcher import Candidate, Entry
from faq.normalize import normalize

SHORTEST = 2
"""How many characters a phrase needs to be looked for inside a question."""
SURE = 0.995

_Found = Mapping[str, Mapping[str, Candidate]]


@dataclass(frozen=True, slots=True)
class Literal:
    """These entries, and their candidates by form: all questions, and those to be looked for.

    Nothing in it changes; `edited` returns another.
    """

    limit: int
    entries: Mapping[str, Entry] = field(default_factory=dict)
    exact: _Found = field(default_factory=dict)
    phrases: _Found = field(default_factory=dict)

    def edited(self, changed: Iterable[Entry], gone: Collection[str]) -> Literal:
        """Return this with some entries anew and without others."""
        new = {entry.id: entry for entry in changed if entry.rules.mode != "smart"}
        old = [entry for key in {*gone, *new} if (entry := self.entries.get(key)) is not None]
        if not new and not old:
            return self
        entries = dict(self.entries)
        exact, phrases = dict(self.exact), dict(self.phrases)
        for entry in old:
            del entries[entry.id]
            for form, _ in forms(entry, self.limit):
                _drop(exact, form, entry.id)
                _drop(phrases, form, entry.id)
        for entry in new.values():
            for form, question in forms(entry, self.limit):
                candidate = Candidate(entry, SURE, question)
                _add(exact, form, candidate)
                if entry.rules.mode == "contains" and len(form) >= SHORTEST:
                    _add(phrases, form, candidate)
        return Literal(self.limit, entries | new, exact, phrases)

    def said(self, form: str) -> list[Candidate]:
        """Return the entries that list just this form."""
        return list(self.exact.get(form, {}).values())

    def held(self, form: str) -> list[Candidate]:
        """Return the entries of the longest phrase that a question holds."""
        held = [phrase for phrase in self.phrases if holds(form, phrase)]
        return list(self.phrases[max(held, key=len)].values()) if held else []


def holds(form: str, phrase: str) -> bool:
    """Say whether a question holds a phrase; in letters, as whole words."""
    return f" {phrase} " in f" {form} " if phrase.isascii() else phrase in form


def forms(entry: Entry, limit: int) -> Iterator[tuple[str, str]]:
    """Return an entry's questions, each in compared form and as it is written."""
    for question in (entry.question, *entry.similar_questions):
        if form := normalize(question, limit):
            yield form, question


def _add(found: dict[str, Mapping[str, Candidate]], form: str, candidate: Candidate) -> None:
    known = found.get(form, {})
    if candidate.entry.id not in known:
        found[form] = {**known, candidate.entry.id: candidate}


def _drop(found: dict[str, Mapping[str, Candidate]], form: str, key: str) -> None:
    known = found.get(form, {})
    rest = {other: candidate for other, candidate in known.items() if other != key}
    if rest:
        found[form] = rest
    else:
        found.pop(form, None)
