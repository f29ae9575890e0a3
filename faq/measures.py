"""The figures of an evaluation: how often right, how sure of it, at what price."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BINS = 10


def measure(
    confidence: Sequence[float], right: Sequence[bool], in_scope: Sequence[bool]
) -> dict[str, float]:
    """Return accuracy@1, AUROC in against out of scope, coverage at a precision, and ECE."""
    sure = np.asarray(confidence, np.float64)
    hit = np.asarray(right, np.bool_)
    scope = np.asarray(in_scope, np.bool_)
    figures = {
        "queries": float(len(sure)),
        "in_scope": float(scope.sum()),
        "accuracy@1": float(hit[scope].mean()) if scope.any() else 0.0,
        "auroc": _auroc(sure[scope], sure[~scope]),
    }
    for target in (0.90, 0.95):
        figures[f"coverage@p{target * 100:.0f}"] = _coverage(sure, hit, int(scope.sum()), target)
    bins = reliability(confidence, right)
    figures["ece"] = sum(abs(mean - share) * size for mean, share, size in bins)
    return figures


def _auroc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    if not len(inside) or not len(outside):
        return 0.0
    below = np.searchsorted(np.sort(outside), inside, side="left")
    up_to = np.searchsorted(np.sort(outside), inside, side="right")
    return float((below + up_to).mean() / 2 / len(outside))


def _coverage(
    sure: NDArray[np.float64], hit: NDArray[np.bool_], in_scope: int, target: float
) -> float:
    order = np.argsort(-sure, kind="stable")
    hits = np.cumsum(hit[order])
    ends = np.append(np.diff(sure[order]) != 0, True)
    kept = hits[ends & (hits / np.arange(1, len(order) + 1) >= target)] if len(order) else hits
    return float(kept.max(initial=0)) / max(in_scope, 1)


def reliability(
    confidence: Sequence[float], right: Sequence[bool]
) -> list[tuple[float, float, float]]:
    """Return the filled bins of confidence: mean confidence, share right, share of all."""
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.bool_)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        (float(sure[own].mean()), float(hit[own].mean()), float(own.mean()))
        for own in (bins == at for at in range(BINS))
        if own.any()
    ]


def trade(
    confidence: Sequence[float], right: Sequence[bool], in_scope: Sequence[bool]
) -> list[tuple[float, float]]:
    """Return (coverage, precision) as the threshold falls: right answers of those in scope."""
    sure, hit = np.asarray(confidence, np.float64), np.asarray(right, np.bool_)
    if not len(sure):
        return []
    order = np.argsort(-sure, kind="stable")
    hits = np.cumsum(hit[order])
    ends = np.flatnonzero(np.append(np.diff(sure[order]) != 0, True))
    inside = max(int(np.asarray(in_scope, np.bool_).sum()), 1)
    return [(float(hits[at]) / inside, float(hits[at]) / (int(at) + 1)) for at in ends]
