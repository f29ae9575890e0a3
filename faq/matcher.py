"""What a matcher is: it sees a question and says how sure it is of which entry answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from storage.rules import Rules


class Band(StrEnum):
    """What to do with a decision."""

    ANSWER = "answer"
    SUGGEST = "suggest"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Entry:
    """One live FAQ entry.

    `id` is the article's key in imports and exports; `answers` is text by language code, and by
    `language@channel` where a channel gets other words.
    `version_id` is the stored revision (empty where there is none, as in an evaluation).
    """

    id: str
    question: str
    similar_questions: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "other"
    category: str = ""
    version_id: str = ""
    rules: Rules = field(default_factory=Rules)

    def answer(self, language: str, channel: str = "") -> str | None:
        """Return the answer in `language`, best for `channel`, else in whatever there is one."""
        return self.answered(language, channel)[1]

    def answered(self, language: str, channel: str = "") -> tuple[str, str | None]:
        """Return which language's answer that is, and the answer."""
        for key in (f"{language}@{channel}", language):
            if said := self.answers.get(key):
                return language, said
        others = {key: text for key, text in self.answers.items() if text}
        fitting = [key for key in others if key.endswith(f"@{channel}") or "@" not in key]
        key = next(iter([*fitting, *others]), language)
        return key.partition("@")[0], others.get(key)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry that might answer: its score in 0..1, which question matched, and why."""

    entry: Entry
    score: float
    matched: str
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the matcher makes of one question; stored with the answer, so it can be replayed.

    `confidence` is the chance, 0..1, that the first candidate answers the question;
    `candidates` are at most five, best first; `route` says which path decided (exact, ranked,
    empty, ...); `tokens` are the words the matcher saw; `cpu_ms` is its own processor time.
    """

    band: Band
    confidence: float
    candidates: tuple[Candidate, ...]
    route: str
    normalized: str
    tokens: tuple[str, ...] = ()
    cpu_ms: float = 0.0
    version: str = ""

    def explain(self) -> dict[str, Any]:
        """Return what is kept beside the message: plain JSON, no customer text."""
        return {
            "band": self.band.value,
            "confidence": round(self.confidence, 4),
            "route": self.route,
            "version": self.version,
            "cpu_ms": round(self.cpu_ms, 3),
            "candidates": [
                {
                    "id": c.entry.id,
                    "version_id": c.entry.version_id,
                    "question": c.entry.question,
                    "matched": c.matched,
                    "score": round(c.score, 4),
                    "parts": {name: round(value, 4) for name, value in c.parts.items()},
                }
                for c in self.candidates
            ],
        }


class Matcher(Protocol):
    """Answers from one snapshot of the knowledge base; plain, blocking, thread-safe."""

    def decide(self, text: str) -> Decision:
        """Decide about one question; never raises, whatever the text."""
        ...
