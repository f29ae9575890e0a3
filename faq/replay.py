"""Asks two matchers the same questions and tells what customers would notice of the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from faq.matcher import Band, Decision, Matcher
from faq.modes import meant_for
from storage.rules import Rules

OFFERED = 3
"""How many questions a customer is offered where the bot is not sure."""
Effect = Literal["better", "worse", "other"]
Kind = Literal["entry", "lost", "won", "words", "offer"]
Progress = Callable[[int], None]
_NOBODY = Rules()
"""Of whom nothing is known: no tag, no level."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to ask again; `confirmed` is the entry that somebody said answers it."""

    text: str
    times: int = 1
    confirmed: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """What must come of a question: `entry_id` answers it, or must not; None: no entry may."""

    text: str
    entry_id: str | None
    must_match: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a customer gets: an answer, questions to choose from, or a person."""

    band: Band
    entry_ids: tuple[str, ...] = ()
    """The entry that answers, or those that are offered."""
    question: str = ""
    answer: str = ""
    """What the answer says, all its languages one after the other, and its files."""
    confidence: float = 0.0

    @property
    def entry_id(self) -> str | None:
        """The entry that answers, None where none does."""
        return self.entry_ids[0] if self.band is Band.ANSWER else None


@dataclass(frozen=True, slots=True)
class Change:
    """A question that is treated differently."""

    asked: Asked
    before: Outcome
    after: Outcome

    @property
    def effect(self) -> Effect:
        """Whether that is good, as far as somebody said what is right."""
        right = self.asked.confirmed
        if right is None:
            return "other"
        rank = [_worth(outcome, right) for outcome in (self.before, self.after)]
        return "other" if rank[0] == rank[1] else "better" if rank[1] > rank[0] else "worse"

    @property
    def kind(self) -> Kind:
        """What is different: who answers, whether anybody does, the words, or what is offered."""
        was, now = self.before.entry_id, self.after.entry_id
        if was is None:
            return "offer" if now is None else "won"
        if now is None:
            return "lost"
        return "words" if was == now else "entry"


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not come out as it must; `already` if it did not before either."""

    example: Example
    outcome: Outcome
    already: bool = False


@dataclass(slots=True)
class Score:
    """How much one matcher answers, and how much of that is right; by how often it was asked."""

    asked: int = 0
    answered: int = 0
    judged: int = 0
    right: int = 0

    @property
    def coverage(self) -> float | None:
        """The share of the questions that are answered, None without questions."""
        return self.answered / self.asked if self.asked else None

    @property
    def precision(self) -> float | None:
        """The share of right answers among those of which somebody said what is right."""
        return self.right / self.judged if self.judged else None

    def add(self, asked: Asked, outcome: Outcome) -> None:
        """Count one more question."""
        self.asked += asked.times
        if outcome.band is not Band.ANSWER:
            return
        self.answered += asked.times
        if asked.confirmed is not None:
            self.judged += asked.times
            self.right += asked.times * (outcome.entry_id == asked.confirmed)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found; the changes are the most important first."""

    before: Score = field(default_factory=Score)
    after: Score = field(default_factory=Score)
    changes: Sequence[Change] = ()


def no_progress(_done: int) -> None:
    """Tell nobody how far it is."""


def replay(
    before: Matcher, after: Matcher, questions: Iterable[Asked], progress: Progress = no_progress
) -> Replay:
    """Ask both matchers every question, as somebody of whom nothing is known.

    `progress` hears how many are done after each.
    """
    scores, changes = (Score(), Score()), []
    for done, asked in enumerate(questions, 1):
        decided = (matcher.decide(asked.text) for matcher in (before, after))
        outcomes = [outcome_of(meant_for(each, _NOBODY)) for each in decided]
        for score, outcome in zip(scores, outcomes, strict=True):
            score.add(asked, outcome)
        if _differs(*outcomes):
            changes.append(Change(asked, *outcomes))
        progress(done)
    changes.sort(key=_weight)
    return Replay(*scores, changes)


def check(
    before: Matcher, after: Matcher, examples: Iterable[Example], progress: Progress = no_progress
) -> list[Failure]:
    """Return the examples that `after` does not treat as they say, the new failures first.

    Each is asked as a customer whom its entry is for.
    """
    failures = []
    for done, example in enumerate(examples, 1):
        outcome = _told(after, example)
        if not holds(example, outcome):
            already = not holds(example, _told(before, example))
            failures.append(Failure(example, outcome, already))
        progress(done)
    return sorted(failures, key=lambda failure: failure.already)


def _told(matcher: Matcher, example: Example) -> Outcome:
    decision = matcher.decide(example.text)
    own = (each.entry.rules for each in decision.candidates if each.entry.id == example.entry_id)
    return outcome_of(meant_for(decision, next(own, _NOBODY)))


def outcome_of(decision: Decision) -> Outcome:
    """Return what a customer gets of a decision."""
    if decision.band is Band.HANDOFF or not decision.candidates:
        return Outcome(Band.HANDOFF, confidence=decision.confidence)
    first = decision.candidates[0].entry
    if decision.band is Band.SUGGEST:
        offered = tuple(each.entry.id for each in decision.candidates[:OFFERED])
        return Outcome(Band.SUGGEST, offered, first.question, "", decision.confidence)
    said = [first.answers[code] for code in sorted(first.answers, key=_rank)]
    said += [f"[{file.name} · {file.id[:6]}]" for file in first.rules.files]
    return Outcome(Band.ANSWER, (first.id,), first.question, "\n".join(said), decision.confidence)


def _rank(code: str) -> tuple[bool, str]:
    """Put Chinese first, which most questions are in."""
    return not code.startswith("zh"), code


def holds(example: Example, outcome: Outcome) -> bool:
    """Say whether an outcome is what the example demands."""
    if example.entry_id is None:
        return outcome.band is not Band.ANSWER
    return (outcome.entry_id == example.entry_id) is example.must_match


def _weight(change: Change) -> tuple[int, int, int, str]:
    """Return what sorts the most important changes to the front."""
    effect = ("worse", "other", "better").index(change.effect)
    kind = ("entry", "lost", "offer", "words", "won").index(change.kind)
    return effect, kind, -change.asked.times, change.asked.text


def _differs(before: Outcome, after: Outcome) -> bool:
    seen = [(each.band, frozenset(each.entry_ids), each.answer) for each in (before, after)]
    return seen[0] != seen[1]


def _worth(outcome: Outcome, right: str) -> int:
    if outcome.band is Band.ANSWER:
        return 3 if outcome.entry_id == right else 0
    return 2 if right in outcome.entry_ids else 1
