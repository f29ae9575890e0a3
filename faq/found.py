"""What one reading of a question found, and the candidates that several readings make together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faq.features import Lookup
from faq.index import Snapshot
from faq.matcher import Candidate
from faq.ranker import Ranking

CANDIDATES = 5
"""How many candidates a decision names at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up and the order it was brought into."""

    lookup: Lookup
    ranking: Ranking

    @property
    def first(self) -> int:
        """The number of the best entry."""
        return int(self.lookup.entries[self.ranking.order[0]])

    def candidates(self, snapshot: Snapshot) -> Iterator[tuple[int, Candidate]]:
        """Give the best entries by number, each as sure as its share of the first one's."""
        lookup, ranking = self.lookup, self.ranking
        share = float(ranking.shares[ranking.order[0]]) or 1.0
        for at in ranking.order[:CANDIDATES]:
            number = int(lookup.entries[at])
            score = ranking.confidence * float(ranking.shares[at]) / share
            parts = dict(zip(lookup.names, lookup.table[at].tolist(), strict=True))
            matched = snapshot.raw[lookup.rows[at]]
            yield number, Candidate(snapshot.entries[number], score, matched, parts)


def merged(snapshot: Snapshot, found: Sequence[Found]) -> tuple[Candidate, ...]:
    """Return the best candidates of all readings, each entry once, the surest first."""
    best: dict[int, Candidate] = {}
    for one in found:
        for number, candidate in one.candidates(snapshot):
            known = best.get(number)
            if known is None or candidate.score > known.score:
                best[number] = candidate
    ordered = sorted(best.values(), key=lambda candidate: -candidate.score)
    return tuple(ordered[:CANDIDATES])
