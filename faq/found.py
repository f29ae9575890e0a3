"""What one reading of a question found, and the candidates that several readings make together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from faq.features import Lookup
from faq.index import Snapshot
from faq.matcher import Candidate
from faq.ranker import Ranking

CANDIDATES = 5
"""How many candidates a decision names at most."""
OUT_OF_CONTEXT = 0.8
"""What a clause's confidence is worth: what the rest of the message says of it is lost."""
SAYS_ENOUGH = 0.3
"""From this confidence a message of two clauses is what it says as a whole."""
ONE_QUESTION = 2
"""How many clauses one question may be said in: with more, most of them are a story."""
SAYS_NOTHING = 0.1
"""Below this confidence the rest of a message is a story and says nothing of its question."""


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up, the order it was brought into, and what its confidence is worth."""

    lookup: Lookup
    ranking: Ranking
    worth: float = 1.0

    @property
    def standing(self) -> float:
        """How sure the reading is, as far as it can be trusted."""
        return self.ranking.confidence * self.worth

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


def out_of_context(found: Sequence[Found]) -> list[Found]:
    """Return what the clauses of a message found, each worth what it is without the others."""
    sure = [one.ranking.confidence for one in found]
    rests = [max(sure[:at] + sure[at + 1 :], default=1.0) for at in range(len(sure))]
    return [
        one if rest < SAYS_NOTHING else replace(one, worth=OUT_OF_CONTEXT)
        for one, rest in zip(found, rests, strict=True)
    ]


def is_whole(whole: Found, clauses: Sequence[str]) -> bool:
    """Say whether a message is one question though its clauses could be asked alone."""
    return len(clauses) <= ONE_QUESTION and whole.ranking.confidence >= SAYS_ENOUGH


def merged(snapshot: Snapshot, found: Sequence[Found]) -> tuple[Candidate, ...]:
    """Return the first candidate of the first reading, then the best of all, each entry once.

    None is surer than the first. Among the others a clause counts in full: it may be a question of
    its own.
    """
    best: dict[int, Candidate] = {}
    for one in found:
        for number, candidate in one.candidates(snapshot):
            known = best.get(number)
            if known is None or candidate.score > known.score:
                best[number] = candidate
    sure = found[0].standing
    _, first = next(found[0].candidates(snapshot))
    del best[found[0].first]
    ordered = sorted(best.values(), key=lambda candidate: -candidate.score)[: CANDIDATES - 1]
    others = (_scored(each, min(each.score, sure)) for each in ordered)
    return _scored(first, sure), *others


def _scored(candidate: Candidate, score: float) -> Candidate:
    return Candidate(candidate.entry, score, candidate.matched, candidate.parts)
