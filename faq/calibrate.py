"""Fits the two models to labelled questions; plain numpy, deterministic."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faq.features import Lookup
from faq.index import Snapshot
from faq.ranker import Linear, Model, Numbers, evidence, sigmoid

TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
FOLDS = 5
_Z = 1.2816
"""One-sided 90 % for the lower bound of a precision."""
_STEPS = 400
_NEWTON = 40
_SETTLED = 1e-8
_LEAST_SPREAD = 1e-3
_UNSEEN_SPREAD = 0.13
"""How far a column spreads that is the same in all samples: as far as votes do."""
_ORDER_IS_WORTH = 30
_CONFIDENCE_IS_WORTH = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled question: `entry` is the right one's number, or None: none answers it."""

    snapshot: Snapshot
    lookup: Lookup
    entry: int | None
    weight: float = 1.0

    @property
    def position(self) -> int | None:
        """Where the right entry stands among the candidates."""
        numbers = self.lookup.entries.tolist()
        return numbers.index(self.entry) if self.entry in numbers else None


def standard(samples: Sequence[Sample]) -> Linear:
    """Return a model that knows only the spread of the columns."""
    tables = np.concatenate([sample.lookup.table for sample in samples])
    width = tables.shape[1]
    spread = tables.std(axis=0)
    spread[spread < _LEAST_SPREAD] = _UNSEEN_SPREAD
    return Linear(tables.mean(axis=0), spread, np.zeros(width))


def fit_ranker(samples: Sequence[Sample], prior: Linear, strength: float = 0.02) -> Linear:
    """Fit the order by softmax over each question's candidates, held near the prior."""
    usable = [(s, at) for s in samples if (at := s.position) is not None]
    if not usable or math.isinf(strength):
        return prior
    most = max(len(s.lookup.entries) for s, _ in usable)
    tables = np.zeros((len(usable), most, len(prior.weights)))
    mask = np.full((len(usable), most), -1e9)
    right = np.asarray([at for _, at in usable])
    weight = np.asarray([s.weight for s, _ in usable])
    weight /= weight.sum()
    for row, (sample, _) in enumerate(usable):
        count = len(sample.lookup.entries)
        tables[row, :count] = (sample.lookup.table - prior.mean) / prior.scale
        mask[row, :count] = 0
    everyone = np.arange(len(usable))

    def slope(weights: Numbers) -> Numbers:
        logits = tables @ weights + mask
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        shares[everyone, right] -= 1
        pull = np.einsum("nc,ncf,n->f", shares, tables, weight, optimize=True)
        result: Numbers = pull + strength * (weights - prior.weights)
        return result

    return Linear(prior.mean, prior.scale, _descend(slope, prior.weights.copy()))


def _descend(slope: Callable[[Numbers], Numbers], start: Numbers, rate: float = 0.05) -> Numbers:
    weights, first, second = start, np.zeros_like(start), np.zeros_like(start)
    for step in range(1, _STEPS + 1):
        gradient = slope(weights)
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient * gradient
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        weights = weights - rate * (1 - 0.9 * step / _STEPS) * move
    return weights


@dataclass(frozen=True, slots=True)
class Judged:
    """What the confidence learns from: the clues, and whether the first candidate was right."""

    clues: Numbers
    right: NDArray[np.bool_]
    weight: Numbers


def judge(samples: Sequence[Sample], ranker: Linear) -> Judged:
    """Rank every sample and note whether the first is right."""
    clues, right, weight = [], [], []
    for sample in samples:
        if not len(sample.lookup.entries):
            continue
        logits = ranker(sample.lookup.table)
        order = np.argsort(-logits, kind="stable")
        clues.append(evidence(sample.snapshot, sample.lookup, logits, order))
        right.append(int(sample.lookup.entries[order[0]]) == sample.entry)
        weight.append(sample.weight)
    return Judged(np.asarray(clues), np.asarray(right, np.bool_), np.asarray(weight))


def fit_confidence(judged: Judged, prior: Linear | None = None, strength: float = 0.003) -> Linear:
    """Fit a logistic regression by Newton's method, held near the prior."""
    if prior is None:
        spread = np.maximum(judged.clues.std(axis=0), 1e-3)
        prior = Linear(judged.clues.mean(axis=0), spread, np.zeros(judged.clues.shape[1]))
    table = np.hstack([(judged.clues - prior.mean) / prior.scale, np.ones((len(judged.clues), 1))])
    target = judged.right.astype(np.float64)
    weight = judged.weight / judged.weight.sum()
    centre = np.append(prior.weights, prior.bias)
    hold = np.append(np.full(len(prior.weights), strength), strength / 20)
    solution = _newton(table, target, weight, centre, hold)
    return Linear(prior.mean, prior.scale, solution[:-1], float(solution[-1]))


def _newton(
    table: Numbers, target: Numbers, weight: Numbers, centre: Numbers, hold: Numbers
) -> Numbers:
    """Minimise the logistic loss; a step that would overshoot is halved."""

    def loss(at: Numbers) -> float:
        logits = table @ at
        surprise = np.logaddexp(0, logits) - target * logits
        return float(weight @ surprise + hold @ (at - centre) ** 2 / 2)

    solution, worst = centre.copy(), loss(centre)
    for _ in range(_NEWTON):
        chance = 1 / (1 + np.exp(-np.clip(table @ solution, -30, 30)))
        gradient = table.T @ (weight * (chance - target)) + hold * (solution - centre)
        curve = (table * (weight * chance * (1 - chance))[:, None]).T @ table + np.diag(hold)
        step = np.linalg.solve(curve, gradient)
        while (now := loss(solution - step)) > worst and np.abs(step).max() > _SETTLED:
            step = step / 2
        solution, worst = solution - step, min(now, worst)
        if np.abs(step).max() <= _SETTLED:
            break
    return solution


def wilson(right: float, total: float) -> float:
    """Return the lower bound of a share that was seen `right` times of `total`."""
    if total <= 0:
        return 0.0
    share = right / total
    centre = share + _Z * _Z / (2 * total)
    spread = _Z * math.sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total))
    return (centre - spread) / (1 + _Z * _Z / total)


def thresholds(confidences: Numbers, right: NDArray[np.bool_]) -> dict[float, float]:
    """Return, for each target, the lowest confidence whose precision surely reaches it.

    Where the questions are too few to prove a target, the confidence itself must reach it.
    """
    order = np.argsort(-confidences, kind="stable")
    sorted_confidence, hits = confidences[order], np.cumsum(right[order])
    found: dict[float, float] = {}
    for at in range(len(order)):
        if at + 1 < len(order) and sorted_confidence[at + 1] == sorted_confidence[at]:
            continue
        bound = wilson(float(hits[at]), at + 1)
        for target in TARGETS:
            if bound >= target:
                found[target] = float(sorted_confidence[at])
    proven = max(found.values(), default=0.0)
    return {target: found.get(target, max(target, proven)) for target in TARGETS}


@dataclass(frozen=True, slots=True)
class Hold:
    """How firmly each model is held near the one it starts from."""

    ranker: float
    confidence: float


BY_ITSELF = Hold(0.2, 0.1)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, and how many questions came out right that its order had not seen."""

    model: Model
    right: int


def hold_of(count: int) -> Hold:
    """Return how firmly to hold what was known: as firmly as some labelled questions more would."""
    return Hold(_ORDER_IS_WORTH / max(count, 1), _CONFIDENCE_IS_WORTH / max(count, 1))


def refit(
    samples: Sequence[Sample],
    texts: Sequence[str],
    start: Model,
    hold: Hold,
    mark: str = "own",
) -> Fitted:
    """Fit both models to one knowledge base's own questions, near the ones to start from.

    The confidence is learnt from questions that the order has not seen (folds by the text's
    hash), and the thresholds from confidences on questions that neither has seen.
    """
    blind = _blind(samples, [fold(text) for text in texts], start, hold)
    everything = _joined(blind)
    if everything is None:
        return Fitted(start, 0)
    confidences = _unseen_confidences(blind, start, hold)
    model = Model(
        f"{start.version}+{mark}",
        fit_ranker(samples, start.ranker, hold.ranker),
        fit_confidence(everything, start.confidence, hold.confidence),
        thresholds(confidences, everything.right),
    )
    return Fitted(model, int(everything.right.sum()))


def _blind(
    samples: Sequence[Sample], folds: Sequence[int], start: Model, hold: Hold
) -> list[Judged]:
    """Judge each fold by an order that has not seen it."""
    blind = []
    for number in sorted(set(folds)):
        inside = [s for s, f in zip(samples, folds, strict=True) if f != number]
        outside = [s for s, f in zip(samples, folds, strict=True) if f == number]
        judged = judge(outside, fit_ranker(inside, start.ranker, hold.ranker))
        if inside and len(judged.right):
            blind.append(judged)
    return blind


def _unseen_confidences(blind: Sequence[Judged], start: Model, hold: Hold) -> Numbers:
    confidences: list[float] = []
    for at, part in enumerate(blind):
        rest = _joined([other for number, other in enumerate(blind) if number != at]) or part
        model = fit_confidence(rest, start.confidence, hold.confidence)
        confidences += [sigmoid(x) for x in model(part.clues)]
    return np.asarray(confidences)


def fold(text: str) -> int:
    """Return which fold a text belongs to, always the same one."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()[0] % FOLDS


def _joined(parts: Sequence[Judged]) -> Judged | None:
    if not parts:
        return None
    return Judged(
        np.concatenate([part.clues for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )
