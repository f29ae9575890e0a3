"""What a release changes, and the matchers of before and after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from faq.matcher import Entry
from faq.modes import ModeMatcher

MOST_LATE = 150
"""How many changed questions may stand beside the index before it is built anew."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Entries to be known anew, the ids of those to be known no more, and all as they were."""

    changed: Sequence[Entry]
    gone: frozenset[str]
    former: Sequence[Entry] = ()

    @classmethod
    def between(cls, was: Iterable[Entry], now: Iterable[Entry]) -> Edit:
        """Return what turns some entries into others."""
        old, new = ({entry.id: entry for entry in entries} for entries in (was, now))
        changed = [entry for key, entry in new.items() if old.get(key) != entry]
        former = [entry for key, entry in old.items() if new.get(key) != entry]
        return cls(changed, frozenset(old.keys() - new.keys()), former)

    @property
    def entries(self) -> list[Entry]:
        """The changed entries, as they were and as they are."""
        return [*self.former, *self.changed]

    def fits(self, matcher: ModeMatcher) -> bool:
        """Say whether it may stand beside a matcher's index, which need not be built anew."""
        rows = sum(1 + len(entry.similar_questions) for entry in self.changed)
        return matcher.late_rows + rows <= MOST_LATE

    def applied(self, matcher: ModeMatcher) -> ModeMatcher:
        """Return a matcher with this change."""
        return matcher.edited(self.changed, self.gone)


def valid(entries: Iterable[Entry], now: datetime) -> list[Entry]:
    """Return the entries that apply at this moment."""
    return [entry for entry in entries if entry.rules.is_valid(now)]


def is_over(matcher: ModeMatcher, entries: Iterable[Entry]) -> bool:
    """Say whether a matcher knows just these versions of entries."""
    wanted = {(entry.id, entry.version_id) for entry in entries}
    return {(entry.id, entry.version_id) for entry in matcher.entries} == wanted
