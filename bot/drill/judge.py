"""What became of the traffic: a pure function from records to figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LATE = timedelta(seconds=10)
"""An answer that takes longer, faults and restarts included, is counted as late."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a customer; its number is unlike every other's on the channel."""

    number: int
    contact: str
    begun: datetime
    """When the platform first called us with it."""
    acknowledged: datetime | None = None
    """When we first said that we have it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer on a customer's screen, by the number of what it answers."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Records:
    """One channel: what its platform saw, and what the instance remembers."""

    said: Sequence[Said]
    shown: Sequence[Shown]
    """In the order in which the answers appeared."""
    kept: Sequence[int]
    """What customers said, as the instance has it, each thread in its order."""
    uncertain: frozenset[int] = frozenset()
    """Answers of which the instance itself says that it does not know whether they arrived."""
    forged: frozenset[int] = frozenset()
    """Numbers of forged and stale calls, which must leave no trace."""
    refused: int = 0
    """How many forged and stale calls were refused."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One channel's row of the table."""

    sent_in: int
    acknowledged: int
    answered: int
    lost: int
    doubled: int
    out_of_order: int
    uncertain: int
    late: int
    refused: int
    forged_taken: int

    @property
    def holds(self) -> bool:
        """Whether the first promise was kept; who acknowledged nothing has kept nothing."""
        broken = self.lost or self.doubled or self.out_of_order or self.forged_taken
        return not broken and (self.acknowledged > 0 or not self.sent_in)


def judge(records: Records) -> Figures:
    """Count what became of a channel's traffic.

    Lost is what was acknowledged and then is not remembered, or has no answer on the screen
    although the instance does not call that answer uncertain: every fault of a drill passes.
    """
    taken = [said for said in records.said if said.acknowledged is not None]
    kept, shown = Counter(records.kept), Counter(one.number for one in records.shown)
    answered = [said for said in taken if shown[said.number]]
    silent = [s for s in taken if not shown[s.number] and s.number not in records.uncertain]
    lost = {s.number for s in silent} | {s.number for s in taken if not kept[s.number]}
    return Figures(
        sent_in=len(records.said),
        acknowledged=len(taken),
        answered=len(answered),
        lost=len(lost),
        doubled=_repeated(kept) + _repeated(shown),
        out_of_order=sum(_displaced(records, one) for one in _by_contact(records.said)),
        uncertain=len(records.uncertain),
        late=_late(taken, records.shown),
        refused=records.refused,
        forged_taken=len(records.forged & (set(kept) | set(shown))),
    )


def _repeated(counts: Counter[int]) -> int:
    return sum(count - 1 for count in counts.values())


def _by_contact(said: Iterable[Said]) -> list[dict[int, Said]]:
    threads: dict[str, dict[int, Said]] = {}
    for one in said:
        threads.setdefault(one.contact, {})[one.number] = one
    return list(threads.values())


def _displaced(records: Records, thread: Mapping[int, Said]) -> int:
    """Count what one customer said and read in the wrong order.

    What overlapped in time has no order of its own; its answers keep that of the thread. An
    uncertain answer may appear when it likes: the platform had it when we no longer waited.
    """
    kept = [thread[number] for number in _first(records.kept) if number in thread]
    places = {said.number: place for place, said in enumerate(kept)}
    read = [one.number for one in records.shown if one.number not in records.uncertain]
    displaced, latest, furthest = 0, datetime.min.replace(tzinfo=UTC), -1
    for said in kept:
        displaced += said.acknowledged is not None and latest > said.acknowledged
        latest = max(latest, said.begun)
    for number in _first(read):
        place = places.get(number, furthest)
        displaced += place < furthest
        furthest = max(furthest, place)
    return displaced


def _first(numbers: Iterable[int]) -> Iterable[int]:
    """Return each number once, where it first stands."""
    return dict.fromkeys(numbers)


def _late(taken: Iterable[Said], shown: Iterable[Shown]) -> int:
    first: dict[int, datetime] = {}
    for one in shown:
        first.setdefault(one.number, one.at)
    return sum(
        said.acknowledged is not None
        and said.number in first
        and first[said.number] - said.acknowledged > LATE
        for said in taken
    )
