"""Spares a rehearsal what cannot come out differently: most questions are far from a draft."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping, Sequence
from dataclasses import replace

from faq.matcher import Decision, Entry, Matcher

LARGE = 5000
"""From how many entries on only the questions near a draft are asked again."""
FEW = 200
"""Of how many changed entries at most: near so many is nearly everything."""
NEAR = {"cosine": 0.33, "ratio": 0.4, "grams": 0.15}
"""From which likeness to a changed entry on, in any of these, a question is near it."""


class Recalled:
    """Remembers what a matcher decided, as much of it as customers notice."""

    def __init__(self, matcher: Matcher, memory: MutableMapping[str, Decision]) -> None:
        self._matcher, self._memory = matcher, memory

    def decide(self, text: str) -> Decision:
        """Decide about one question, each only once."""
        known = self._memory.get(text)
        if known is None:
            decision = self._matcher.decide(text)
            shown = [replace(each, parts={}) for each in decision.candidates]
            known = self._memory[text] = replace(decision, candidates=tuple(shown), tokens=())
        return known


class Nearby:
    """Decides anew only near what is changed; elsewhere as the other matcher did.

    `changed` knows the changed entries alone, as they were and as they are. Far from them all
    that a draft moves is how rare a word is: in a large base a ten-thousandth.
    """

    def __init__(
        self, before: Matcher, after: Matcher, changed: Matcher, keys: Collection[str]
    ) -> None:
        self._before, self._after, self._changed = before, after, changed
        self._keys = frozenset(keys)

    def decide(self, text: str) -> Decision:
        """Decide about one question."""
        known = self._before.decide(text)
        named = any(each.entry.id in self._keys for each in known.candidates)
        return self._after.decide(text) if named or self._is_near(text) else known

    def _is_near(self, text: str) -> bool:
        decision = self._changed.decide(text)
        return decision.route in {"exact", "contains"} or any(
            each.parts.get(name, 0.0) >= enough
            for each in decision.candidates
            for name, enough in NEAR.items()
        )


def changed_entries(live: Sequence[Entry], drafted: Sequence[Entry]) -> list[Entry]:
    """Return what is different, each as it was and as it is; the latter under another name."""
    was = {entry.id: entry for entry in live}
    now = {entry.id: entry for entry in drafted}
    before = [entry for entry in live if now.get(entry.id) != entry]
    after = [replace(entry, id=f"{entry.id} ") for entry in drafted if was.get(entry.id) != entry]
    return [*before, *after]
