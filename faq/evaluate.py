"""Measures a matcher on labelled questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faq import charts as drawn
from faq.hybrid import HybridMatcher
from faq.learn import by_itself, by_labels
from faq.matcher import Band, Decision
from faq.measures import measure, reliability, trade

CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Query:
    """One labelled question; `faq_id` None: no entry answers it."""

    text: str
    faq_id: str | None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A query and what was decided about it."""

    query: Query
    decision: Decision

    @property
    def first(self) -> str | None:
        """The entry that came first."""
        return self.decision.candidates[0].entry.id if self.decision.candidates else None

    @property
    def is_right(self) -> bool:
        """Say whether the first candidate is the labelled entry."""
        return self.query.faq_id is not None and self.first == self.query.faq_id

    def line(self) -> dict[str, Any]:
        """Return this judgement as one line of the predictions file."""
        decision = self.decision
        return {
            "text": self.query.text,
            "faq_id": self.first,
            "confidence": round(decision.confidence, 6),
            "band": decision.band.value,
            "candidates": [
                [c.entry.id, round(c.score, 6)] for c in decision.candidates[:CANDIDATES]
            ],
            "cpu_ms": round(decision.cpu_ms, 3),
        }


class BadQueries(ValueError):
    """A line of the queries file is no query; the message names it."""


def read_queries(path: Path) -> list[Query]:
    """Read `{"text", "faq_id", "kind"?}` lines.

    Raises:
        BadQueries: a line is not such an object.
    """
    queries = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            faq_id = data.get("faq_id")
            queries.append(
                Query(
                    str(data["text"]),
                    None if faq_id is None else str(faq_id),
                    str(data.get("kind", "")),
                )
            )
        except (ValueError, KeyError, AttributeError) as problem:
            raise BadQueries(
                f'{path.name}, line {number}: needs {{"text": ..., "faq_id": ...}}'
            ) from problem
    return queries


def judge_all(matcher: HybridMatcher, queries: Sequence[Query]) -> list[Judgement]:
    """Decide about every query."""
    return [Judgement(query, matcher.decide(query.text)) for query in queries]


def calibrate(matcher: HybridMatcher, queries: Sequence[Query]) -> HybridMatcher:
    """Return the matcher fitted to its own questions and to labelled ones."""
    snapshot, encoder, model = matcher.snapshot, matcher.encoder, matcher.model
    model = by_itself(snapshot, encoder, model)
    known = matcher.labelled((query.text, query.faq_id) for query in queries)
    hints = None
    if known:
        model, hints = by_labels(snapshot, encoder, known, model)
    return matcher.with_models(matcher.models.with_one(model, semantic=encoder is not None), hints)


def report(judgements: Sequence[Judgement]) -> dict[str, float]:
    """Return every figure of an evaluation; shares are 0..1."""
    figures = measure(
        [j.decision.confidence for j in judgements],
        [j.is_right for j in judgements],
        [j.query.faq_id is not None for j in judgements],
    )
    ranks = [_rank(j) for j in judgements if j.query.faq_id is not None]
    figures["recall@3"] = _share([rank is not None and rank <= 3 for rank in ranks])  # noqa: PLR2004 - its name
    figures["recall@5"] = _share([rank is not None for rank in ranks])
    figures["mrr"] = _share([1 / rank if rank else 0.0 for rank in ranks])
    return figures | _bands(judgements) | _spent(judgements)


def _spent(judgements: Sequence[Judgement]) -> dict[str, float]:
    spent = sorted(j.decision.cpu_ms for j in judgements) or [0.0]
    return {
        "cpu_ms_p50": spent[len(spent) // 2],
        "cpu_ms_p99": spent[min(len(spent) - 1, int(len(spent) * 0.99))],
    }


def _rank(judgement: Judgement) -> int | None:
    ids = [candidate.entry.id for candidate in judgement.decision.candidates]
    wanted = judgement.query.faq_id
    return ids.index(wanted) + 1 if wanted in ids else None


def _bands(judgements: Sequence[Judgement]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for band in Band:
        figures[band.value] = _share([j.decision.band is band for j in judgements])
    answered = [j for j in judgements if j.decision.band is Band.ANSWER]
    figures["answer_precision"] = _share([j.is_right for j in answered])
    inside = [j for j in judgements if j.query.faq_id is not None]
    figures["answer_coverage"] = _share([j.decision.band is Band.ANSWER for j in inside])
    outside = [j for j in judgements if j.query.faq_id is None]
    figures["out_of_scope_answered"] = _share([j.decision.band is Band.ANSWER for j in outside])
    return figures


def _share(truths: Sequence[float]) -> float:
    return sum(truths) / len(truths) if truths else 0.0


def worst(judgements: Sequence[Judgement], most: int = 20) -> list[dict[str, Any]]:
    """Return the wrong decisions that were the surest, each with what was right."""
    wrong = [j for j in judgements if not j.is_right and j.first is not None]
    wrong.sort(key=lambda j: -j.decision.confidence)
    return [{**j.line(), "right": j.query.faq_id} for j in wrong[:most]]


def charts(judgements: Sequence[Judgement]) -> dict[str, str]:
    """Return the two curves as SVG, by file name."""
    sure = [j.decision.confidence for j in judgements]
    right = [j.is_right for j in judgements]
    inside = [j.query.faq_id is not None for j in judgements]
    return {
        "reliability.svg": drawn.reliability(reliability(sure, right)),
        "coverage.svg": drawn.coverage(trade(sure, right, inside)),
    }
