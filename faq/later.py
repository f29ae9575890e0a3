"""What was saved after an index was built: it stands beside the index until that is built anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from faq.encoder import CachedEncoder
from faq.index import Snapshot, cut_all, edited
from faq.matcher import Entry
from faq.tokens import Concepts, Tokens


@dataclass(frozen=True, slots=True)
class Later:
    """A built index, the entries that were changed since, and the ids that are gone."""

    base: Snapshot
    changed: Mapping[str, Entry] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def edited(self, changed: Iterable[Entry], gone: Iterable[str]) -> Later:
        """Return this with more changes."""
        new, without = {entry.id: entry for entry in changed}, frozenset(gone)
        kept = {k: e for k, e in self.changed.items() if k not in without and k not in new}
        return Later(self.base, {**kept, **new}, (self.gone | without) - new.keys())

    def snapshot(
        self, tokens: Tokens, concepts: Concepts, encoder: CachedEncoder | None, limit: int
    ) -> Snapshot:
        """Return what can be found now."""
        base, numbers = self.base, self.base.numbers
        late = cut_all(self.changed.values(), tokens, concepts, limit, base.size)
        stale = [numbers[key] for key in (*self.changed, *self.gone) if key in numbers]
        vectors = None
        if encoder is not None and base.meaning is not None:
            vectors = encoder.encode_few([question.text for question in late.questions])
        return edited(base, late, base.dead | frozenset(stale), vectors)
