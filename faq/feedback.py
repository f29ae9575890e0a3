"""What customers' verdicts say of the thresholds: how sure the bot must be, by category."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from faq.calibrate import wilson

MOST_POINTS = 60
"""How many points of a curve are kept to be drawn."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question whose best entry is of a category; `right` None: nobody said."""

    category: str
    confidence: float
    right: bool | None


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of answering from a confidence on.

    `coverage` is the share of all questions that are answered, `precision` the share of right
    ones among those that were judged, `proven` its lower bound at the number there are.
    """

    threshold: float
    coverage: float
    precision: float
    proven: float
    judged: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One category: what is, what could be, and what is known of it."""

    category: str
    target: float
    now: float
    asked: int
    judged: int
    right: int
    points: Sequence[Point] = ()
    chosen: Point | None = None
    """The lowest threshold that reaches the target for sure."""
    missing: int = 0
    """How many more verdicts are needed before anything is suggested."""

    @property
    def covers_now(self) -> float:
        """The share of all questions that are answered as it is."""
        above = [point.coverage for point in self.points if point.threshold >= self.now]
        return max(above, default=0.0)

    @property
    def changes(self) -> bool:
        """Whether there is something to apply."""
        return self.chosen is not None and abs(self.chosen.threshold - self.now) >= 0.005  # noqa: PLR2004 - half a point


def suggest(
    verdicts: Iterable[Verdict],
    aims: Callable[[str], tuple[float, float]],
    minimum: int,
    lowest: float,
) -> list[Suggestion]:
    """Return a suggestion for each category, the one with most questions first.

    `aims` returns a category's precision target and the threshold it has; none is suggested
    below `lowest`, or from fewer than `minimum` verdicts.
    """
    found: defaultdict[str, list[Verdict]] = defaultdict(list)
    for one in verdicts:
        found[one.category].append(one)
    made = [_suggest(name, *aims(name), rows, (minimum, lowest)) for name, rows in found.items()]
    return sorted(made, key=lambda one: (-one.asked, one.category))


def _suggest(
    category: str,
    target: float,
    now: float,
    rows: Sequence[Verdict],
    limits: tuple[int, float],
) -> Suggestion:
    minimum, lowest = limits
    points = curve(rows)
    judged = [row for row in rows if row.right is not None]
    right = sum(bool(row.right) for row in judged)
    fit = [
        point
        for point in points
        if point.proven >= target and point.judged >= minimum and point.threshold >= lowest
    ]
    return Suggestion(
        category,
        target,
        now,
        len(rows),
        len(judged),
        right,
        _thinned(points),
        min(fit, key=lambda point: point.threshold, default=None),
        max(0, minimum - len(judged)),
    )


def curve(rows: Sequence[Verdict]) -> list[Point]:
    """Return a point for each confidence that was judged, the surest first."""
    points: list[Point] = []
    judged = right = 0
    ordered = sorted(rows, key=lambda row: -row.confidence)
    for number, row in enumerate(ordered, 1):
        judged += row.right is not None
        right += bool(row.right)
        is_last = number == len(ordered) or ordered[number].confidence < row.confidence
        if is_last and judged:
            proven = min(max(0.0, wilson(right, judged)), right / judged)
            coverage = number / len(rows)
            points.append(Point(row.confidence, coverage, right / judged, proven, judged))
    return points


def _thinned(points: Sequence[Point]) -> list[Point]:
    if len(points) <= MOST_POINTS:
        return list(points)
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(number * step)] for number in range(MOST_POINTS)]
