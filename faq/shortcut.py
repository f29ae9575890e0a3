"""Spares a rehearsal what cannot come out differently: most questions are far from a draft."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping, Sequence
from dataclasses import dataclass, replace

from faq.features import Lookup, late_rows_matter
from faq.literal import Literal, forms, holds
from faq.matcher import Decision, Entry
from faq.modes import ModeMatcher

MOST_KNOWN = 20_000
"""How many decisions are remembered from one rehearsal to the next."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was decided about a question, and what was looked up for it."""

    decision: Decision
    looks: tuple[Lookup, ...]


class Recalled:
    """Remembers what a matcher decided, as much of it as customers notice."""

    def __init__(self, matcher: ModeMatcher, memory: MutableMapping[str, Known]) -> None:
        self._matcher, self._memory = matcher, memory

    def decide(self, text: str) -> Decision:
        """Decide about one question, each only once."""
        return self.known(text).decision

    def numbers_of(self, ids: Collection[str]) -> set[int]:
        """Return the numbers by which some entries are called in what was looked up."""
        numbers = self._matcher.snapshot.numbers
        return {numbers[key] for key in ids if key in numbers}

    def known(self, text: str) -> Known:
        """Return what is decided about a question, and on what grounds."""
        known = self._memory.get(text)
        if known is None:
            decision, looks = self._matcher.traced(text)
            shown = tuple(replace(each, parts={}) for each in decision.candidates)
            decision = replace(decision, candidates=shown, tokens=())
            known = Known(decision, tuple(look.without_table() for look in looks))
            if len(self._memory) < MOST_KNOWN:
                self._memory[text] = known
        return known


class Spared:
    """Decides anew only where a changed entry has a say; elsewhere as the live base did.

    `after` is `before`, edited: the same index, with the same notion of how rare a word is, and
    the changed entries beside it. So a question in which none of them has a say, neither as it was
    nor as it is, comes out just the same, and need not be asked again.
    """

    def __init__(self, before: Recalled, after: ModeMatcher, changed: Sequence[Entry]) -> None:
        self._before, self._after = before, after
        self._ids = {entry.id for entry in changed}
        self._numbers = before.numbers_of(self._ids)
        limit = after.query_chars
        self._forms = {form for entry in changed for form, _ in forms(entry, limit)}
        self._phrases = {
            phrase for entry in changed for phrase in Literal(limit).edited([entry], ()).phrases
        }

    def decide(self, text: str) -> Decision:
        """Decide about one question."""
        known = self._before.known(text)
        return self._after.decide(text) if self._matters(known) else known.decision

    def _matters(self, known: Known) -> bool:
        form = known.decision.normalized
        return (
            known.decision.route == "error"
            or form in self._forms
            or any(each.entry.id in self._ids for each in known.decision.candidates)
            or any(holds(form, phrase) for phrase in self._phrases)
            or any(self._has_a_say(look) for look in known.looks)
        )

    def _has_a_say(self, look: Lookup) -> bool:
        if not self._numbers.isdisjoint(look.entries.tolist()):
            return True
        return late_rows_matter(self._after.snapshot, look, self._after.encoder)
