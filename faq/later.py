"""What was saved after an index was built: it stands beside the index until that is built anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faq.encoder import CachedEncoder
from faq.index import CutEntry, LateEntry, Snapshot, edited, measured
from faq.meaning import Meaning
from faq.pauses import step_aside, unhurried
from faq.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Later:
    """A built index, the entries that were changed since, and the ids that are gone.

    Each is measured once, when it is changed: an edit costs the same after many others.
    """

    base: Snapshot
    changed: Mapping[str, LateEntry] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def edited(
        self, changed: Iterable[CutEntry], gone: Iterable[str], encoder: CachedEncoder | None
    ) -> Later:
        """Return this with more changes."""
        parts = [measured(self.base, part) for part in unhurried(changed)]
        without = frozenset(gone)
        if encoder is not None and self.base.meaning is not None:
            stale = self._numbers([*(part.cut.entry.id for part in parts), *without])
            parts = self._with_vectors(parts, stale, self.base.meaning, encoder)
            step_aside()
        new = {part.cut.entry.id: part for part in parts}
        kept = {k: p for k, p in self.changed.items() if k not in without and k not in new}
        return Later(self.base, {**kept, **new}, (self.gone | without) - new.keys())

    def snapshot(self) -> Snapshot:
        """Return what can be found now."""
        stale = self._numbers([*self.changed, *self.gone])
        return edited(self.base, list(self.changed.values()), self.base.dead | frozenset(stale))

    def _numbers(self, keys: Iterable[str]) -> list[int]:
        """Return the numbers of those of these entries that the index knows."""
        ids = self.base.ids
        return [ids[key] for key in keys if key in ids]

    def _with_vectors(
        self,
        parts: Sequence[LateEntry],
        stale: Collection[int],
        meaning: Meaning,
        encoder: CachedEncoder,
    ) -> list[LateEntry]:
        """Give each text its vector; what these entries already said is not encoded again."""
        rows = self.base.rows_within(np.asarray(stale, np.int64)).tolist()
        known = {self.base.texts[row]: row for row in rows}
        texts = dict.fromkeys(question.text for part in parts for question in part.cut.questions)
        new = [text for text in texts if text not in known]
        found = dict(zip(new, encoder.encode_few(new), strict=True))
        old = [text for text in texts if text in known]
        taken = meaning.take(np.asarray([known[text] for text in old], np.int64))
        found |= zip(old, taken, strict=True)
        return [replace(part, vectors=_of(part, found)) for part in parts]


def _of(part: LateEntry, found: Mapping[str, Vectors]) -> Vectors:
    return np.asarray([found[question.text] for question in part.cut.questions], np.float32)
