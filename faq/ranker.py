"""Orders candidates and says how sure it is: two small linear models in plain numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faq.features import LEXICAL, Lookup, Table
from faq.index import Snapshot

Numbers = NDArray[np.float64]

_EVIDENCE_LEXICAL = (
    "logit", "gap", "share", "rivals", "unknown", "none", "length_of_query", *LEXICAL,
    "words_gap", "votes_gap",
)  # fmt: skip
_EVIDENCE_SEMANTIC = (
    *_EVIDENCE_LEXICAL, "cosine", "first_cosine", "cosine_gap", "broad", "broad_gap",
)  # fmt: skip
_LOGIT_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights over standardised columns."""

    mean: Numbers
    scale: Numbers
    weights: Numbers
    bias: float = 0.0

    def __call__(self, table: Table) -> Numbers:
        """Return one number per row."""
        scores: Numbers = ((table - self.mean) / self.scale) @ self.weights + self.bias
        return scores

    def dump(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "mean": [round(float(x), 6) for x in self.mean],
            "scale": [round(float(x), 6) for x in self.scale],
            "weights": [round(float(x), 6) for x in self.weights],
            "bias": round(self.bias, 6),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Linear:
        """Read what `dump` wrote."""
        mean, scale, weights = (
            np.asarray(data[name], np.float64) for name in ("mean", "scale", "weights")
        )
        return cls(mean, scale, weights, float(data["bias"]))


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt: an order, a confidence, and the threshold for each precision."""

    version: str
    ranker: Linear
    confidence: Linear
    thresholds: Mapping[float, float] = field(default_factory=dict)

    def threshold(self, precision: float) -> float:
        """Return the lowest confidence that keeps this precision, or 1 where none does."""
        enough = [limit for target, limit in self.thresholds.items() if target >= precision]
        return min(enough, default=1.0)

    def dump(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "version": self.version,
            "ranker": self.ranker.dump(),
            "confidence": self.confidence.dump(),
            "thresholds": {f"{k:.2f}": round(v, 4) for k, v in sorted(self.thresholds.items())},
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Model:
        """Read what `dump` wrote."""
        return cls(
            str(data["version"]),
            Linear.load(data["ranker"]),
            Linear.load(data["confidence"]),
            {float(k): float(v) for k, v in data["thresholds"].items()},
        )


@dataclass(frozen=True, slots=True)
class Models:
    """One model for words alone, one with the sentence encoder."""

    lexical: Model
    semantic: Model

    def of(self, lookup: Lookup) -> Model:
        """Return the model that fits what was measured."""
        return self.semantic if lookup.semantic else self.lexical

    def with_one(self, model: Model, *, semantic: bool) -> Models:
        """Return these with one of them replaced."""
        return Models(self.lexical, model) if semantic else Models(model, self.semantic)


@lru_cache(maxsize=1)
def shipped() -> Models:
    """Return the models that ship with the product."""
    text = resources.files("faq").joinpath("weights.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return Models(Model.load(data["lexical"]), Model.load(data["semantic"]))


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates of one question, best first."""

    order: tuple[int, ...]
    logits: Numbers
    shares: Numbers
    confidence: float

    @property
    def is_tied(self) -> bool:
        """Say whether the first two cannot be told apart."""
        return len(self.order) > 1 and bool(
            self.logits[self.order[0]] - self.logits[self.order[1]] < 1e-6  # noqa: PLR2004 - rounding
        )


def rank(snapshot: Snapshot, lookup: Lookup, model: Model) -> Ranking:
    """Order the candidates and judge the first of them."""
    if not len(lookup.entries):
        empty = np.zeros(0)
        return Ranking((), empty, empty, 0.0)
    logits = model.ranker(lookup.table)
    order = np.argsort(-logits, kind="stable")
    shares = _softmax(logits)
    clues = evidence(snapshot, lookup, logits, order)
    logit = float(model.confidence(clues[None, :])[0])
    return Ranking(tuple(order.tolist()), logits, shares, sigmoid(logit))


def sigmoid(x: float) -> float:
    """Turn a logit into a probability."""
    return 1 / (1 + math.exp(-min(max(x, -_LOGIT_LIMIT), _LOGIT_LIMIT)))


def _softmax(logits: Numbers) -> Numbers:
    raised = np.exp(logits - logits.max())
    shares: Numbers = raised / raised.sum()
    return shares


def evidence_names(*, semantic: bool) -> tuple[str, ...]:
    """Name what the confidence looks at."""
    return _EVIDENCE_SEMANTIC if semantic else _EVIDENCE_LEXICAL


def evidence(snapshot: Snapshot, lookup: Lookup, logits: Numbers, order: NDArray[Any]) -> Numbers:
    """Return what speaks for and against the first candidate."""
    table, first, shares = lookup.table, int(order[0]), _softmax(logits)
    clues = dict(zip(lookup.names, table[first].tolist(), strict=True))
    others = table.copy()
    others[first] = 0.0
    rivals = dict(zip(lookup.names, others.max(axis=0, initial=0.0).tolist(), strict=True))
    best = logits.item(first)
    second = logits.item(order[1]) if len(order) > 1 else best - 5.0
    clues["logit"] = best
    clues["gap"] = min(best - second, 8.0)
    clues["share"] = shares.item(first)
    clues["rivals"] = float(-(shares * np.log(np.maximum(shares, 1e-9))).sum())
    clues["none"] = lookup.none
    clues["unknown"] = _unknown(snapshot, lookup)
    clues["length_of_query"] = math.log1p(len(lookup.question.words))
    for name in ("words", "cosine", "votes", "broad"):
        if name in rivals:
            clues[f"{name}_gap"] = clues[name] - rivals[name]
    return np.asarray([clues[name] for name in evidence_names(semantic=lookup.semantic)])


def _unknown(snapshot: Snapshot, lookup: Lookup) -> float:
    """Return the share of the question's weight in words that no entry has."""
    postings = snapshot.words
    weights = postings.rarities(lookup.question.terms)
    missing = sum(weight for word, weight in weights.items() if word not in postings.terms)
    return missing / (sum(weights.values()) or 1.0)
