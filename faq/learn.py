"""Fits the models to one knowledge base: by its own questions, and by labelled ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faq.calibrate import BY_ITSELF, TARGETS, Hold, Sample, hold_of, refit
from faq.encoder import Encoder
from faq.features import Hidden, look_up
from faq.hints import Hints
from faq.index import Snapshot
from faq.ranker import Model
from faq.terms import Question
from faq.vectors import key_of

MOST = 500
"""How many of a base's own questions are asked."""
OUTSIDE = 0.2
"""What a question whose entry is hidden weighs: it is nearer to others than what customers ask."""

HARDER = 4.0
"""How many logits surer one may be of an entry of one question; of k questions, a k-th of it."""
ENOUGH, DISTRUST, LESS = 3.0, 4, 0.3
"""How many questions an entry usually has where they may change what ships as far as they do, and
how fast they count less where it has fewer: hide one of two, and what is left is another question.
`LESS` is how fast the confidence is raised less then.
"""

LEAST_EACH = 3
"""How many labelled questions an entry must have on average before they change the order."""
VOTING, SURER = "own", "sure"
"""How versions end that were fitted to labels: with their votes, or in their confidence alone."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question and the number of the entry that answers it; None: none does."""

    question: Question
    entry: int | None


def by_itself(snapshot: Snapshot, encoder: Encoder | None, start: Model, most: int = MOST) -> Model:
    """Fit the models without labels: each question is asked as if it were not listed.

    Asked once with only the question hidden (its entry is right), and once with the whole entry
    hidden (none is right). Always the same questions, chosen by the hash of their text. They are
    harder than what customers ask, the more so the fewer questions an entry has; what is left of
    the confidence after that is taken at its word. Where most entries have but one or two, they
    say little of what customers ask: then what ships is held more firmly, and less is added.
    """
    inside, outside = [], []
    for row in _chosen(snapshot, most):
        question, entry = snapshot.question(row), int(snapshot.entry_of[row])
        own = snapshot.rows_within(np.asarray([entry])).tolist()
        rows = tuple(at for at in own if snapshot.texts[at] == question.text)
        if len(own) > len(rows):
            found = look_up(snapshot, question, encoder, hidden=Hidden(rows))
            inside.append(Sample(snapshot, found, entry))
        found = look_up(snapshot, question, encoder, hidden=Hidden(rows, entry))
        outside.append(Sample(snapshot, found, None))
    if not inside:
        return start
    samples = [replace(s, weight=1 / len(inside)) for s in inside]
    samples += [replace(s, weight=OUTSIDE / len(outside)) for s in outside]
    firm = _firmness(snapshot)
    hold = Hold(BY_ITSELF.ranker * firm, BY_ITSELF.confidence * firm)
    fitted = refit(samples, [s.lookup.question.text for s in samples], start, hold, "self").model
    bias = fitted.confidence.bias + HARDER / max(snapshot.average, 1.0) / firm**LESS
    return replace(
        fitted,
        confidence=replace(fitted.confidence, bias=bias),
        thresholds={target: target for target in TARGETS},
    )


def _firmness(snapshot: Snapshot) -> float:
    """Return how many times as firmly what ships is held, by how few questions entries have.

    The harmonic mean says how many: one entry of twenty questions does not make up for ten of one.
    """
    counts = np.diff(snapshot.rows_of)
    counts = counts[counts > 0]
    usual = len(counts) / float((1 / counts).sum()) if len(counts) else ENOUGH
    return max(ENOUGH / usual, 1.0) ** DISTRUST


def _chosen(snapshot: Snapshot, most: int) -> list[int]:
    rows = [row for row, text in enumerate(snapshot.texts) if text]
    rows.sort(key=lambda row: key_of(snapshot.texts[row]))
    return rows[:most]


def hints_of(
    snapshot: Snapshot, encoder: Encoder | None, known: Sequence[Labelled]
) -> Hints | None:
    """Return labelled questions as they vote, None without an encoder."""
    if encoder is None or not known:
        return None
    questions = [one.question for one in known]
    vectors = encoder.encode([question.text for question in questions])
    return Hints.of(questions, [one.entry for one in known], snapshot.grams, vectors)


def by_labels(
    snapshot: Snapshot, encoder: Encoder | None, known: Sequence[Labelled], start: Model
) -> tuple[Model, Hints | None]:
    """Fit the models to labelled questions, which from then on count as known themselves.

    While one of them is asked, it is hidden. They vote, and change the order, only where entries
    have some each and no fewer come out right that way: given to some entries only they take
    others' questions away. Few of them say more about the confidence than about the order.
    """
    texts, hold = [one.question.text for one in known], hold_of(len(known))
    hints = hints_of(snapshot, encoder, known)
    plain = _looked_up(snapshot, encoder, known, None)
    kept = refit(plain, texts, start, replace(hold, ranker=math.inf), SURER)
    if sum(one.entry is not None for one in known) < LEAST_EACH * len(snapshot.live):
        return kept.model, None
    samples = plain if hints is None else _looked_up(snapshot, encoder, known, hints)
    learnt = refit(samples, texts, start, hold, VOTING)
    return (kept.model, None) if learnt.right < kept.right else (learnt.model, hints)


def _looked_up(
    snapshot: Snapshot, encoder: Encoder | None, known: Sequence[Labelled], hints: Hints | None
) -> list[Sample]:
    hidden = Hidden(same_hint=True)
    return [
        Sample(snapshot, look_up(snapshot, one.question, encoder, hints, hidden), one.entry)
        for one in known
    ]
