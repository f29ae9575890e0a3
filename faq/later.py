"""What was saved after an index was built: it stands beside the index until that is built anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from faq.encoder import CachedEncoder
from faq.index import CutEntry, Snapshot, edited, joined
from faq.meaning import Meaning
from faq.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Later:
    """A built index, the entries that were changed since, and the ids that are gone."""

    base: Snapshot
    changed: Mapping[str, CutEntry] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def edited(self, changed: Iterable[CutEntry], gone: Iterable[str]) -> Later:
        """Return this with more changes."""
        new, without = {part.entry.id: part for part in changed}, frozenset(gone)
        kept = {k: p for k, p in self.changed.items() if k not in without and k not in new}
        return Later(self.base, {**kept, **new}, (self.gone | without) - new.keys())

    def snapshot(self, encoder: CachedEncoder | None) -> Snapshot:
        """Return what can be found now."""
        base, numbers = self.base, self.base.numbers
        late = joined(self.changed.values(), base.size)
        stale = [numbers[key] for key in (*self.changed, *self.gone) if key in numbers]
        vectors = None
        if encoder is not None and base.meaning is not None:
            texts = [question.text for question in late.questions]
            vectors = self._vectors(texts, stale, base.meaning, encoder)
        return edited(base, late, base.dead | frozenset(stale), vectors)

    def _vectors(
        self, texts: list[str], stale: list[int], meaning: Meaning, encoder: CachedEncoder
    ) -> Vectors:
        """Return each text's vector; what an entry already said before is not encoded again."""
        rows = self.base.rows_within(np.asarray(stale, np.int64)).tolist()
        known = {self.base.texts[row]: row for row in rows}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        found = dict(zip(new, encoder.encode_few(new), strict=True))
        old = [text for text in dict.fromkeys(texts) if text in known]
        taken = meaning.take(np.asarray([known[text] for text in old], np.int64))
        found |= zip(old, taken, strict=True)
        return np.asarray([found[text] for text in texts], np.float32)
