"""What the pages of questions without a good answer show; words come from the messages, masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from channels.message import text_of
from console.i18n import mark
from console.knowledge_views import ANSWER_LIMIT, QUESTION_LIMIT
from faq.matcher import Entry
from faq.tokens import language_of
from handlers.personal import HIDDEN, masked
from storage import gaps, verdicts
from storage.models import Gap, GapState

PAGE = 20
NEW = "(new)"
"""The key of an entry that is only tried."""
ENDS: Mapping[str, tuple[str, str]] = {
    "missed": (mark("not understood"), "bad"),
    "unclicked": (mark("offered, none chosen"), "warn"),
    "handed_over": (mark("answered, then a person was wanted"), "warn"),
    "voted_down": (mark("answered, “did not help”"), "bad"),
}
"""How a question ended that has no good answer, and its tone."""
STATES: Mapping[GapState, str] = {
    GapState.OPEN: mark("Open"),
    GapState.ATTACHED: mark("Added to an entry"),
    GapState.DRAFTED: mark("New entry"),
    GapState.IGNORED: mark("Ignored"),
    GapState.BLOCKED: mark("Never shown again"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One question as a customer wrote it, without what is their own."""

    id: UUID
    text: str
    at: datetime
    conversation_id: UUID


@dataclass(frozen=True, slots=True)
class GapView:
    """One gap with its words."""

    gap: Gap
    examples: Sequence[Example]
    reply: str | None
    """What an agent answered, as most of them did."""

    @property
    def title(self) -> str:
        """The question in the middle of all."""
        return self.examples[0].text

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was counted."""
        return self.gap.facts

    @property
    def peak(self) -> int:
        """The most that were asked on one day."""
        days: Sequence[int] = self.gap.facts["days"]
        return max([1, *days])


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of gaps."""

    gaps: Sequence[GapView]
    counts: Mapping[GapState, int]
    looked_at: datetime | None


def read_list(session: Session, state: GapState, page: int) -> Listed:
    """Return one page of gaps in a state; those whose customers were forgotten are left out."""
    found = gaps.listed(session, state, PAGE, (page - 1) * PAGE)
    return Listed(_views(session, found), gaps.counts(session), gaps.looked_at(session))


def read_one(session: Session, gap_id: str) -> GapView | None:
    """Return one gap, None if there is none or nothing is left of its words."""
    gap = gaps.get(session, gap_id)
    found = _views(session, [gap]) if gap is not None else []
    return found[0] if found else None


def _views(session: Session, found: Sequence[Gap]) -> list[GapView]:
    ids = [UUID(each) for gap in found for each in _named(gap)]
    said = verdicts.messages(session, ids)
    views = []
    for gap in found:
        examples = []
        for each in map(UUID, gap.facts["examples"]):
            if each in said:
                parts, talk, at, name = said[each]
                text = masked(text_of(parts), [name]) if parts else None
                if text and text.strip():
                    examples.append(Example(each, " ".join(text.split()), at, talk))
        if examples:
            views.append(GapView(gap, examples, _reply(gap, said)))
    return views


def _named(gap: Gap) -> list[str]:
    reply = gap.facts.get("reply")
    return [*gap.facts["examples"], *([reply] if reply else [])]


def _reply(gap: Gap, said: Mapping[UUID, Any]) -> str | None:
    reply = gap.facts.get("reply")
    if not reply or UUID(reply) not in said:
        return None
    parts, _, _, name = said[UUID(reply)]
    return masked(text_of(parts), [name])


def picked(view: GapView, chosen: Sequence[str]) -> list[str]:
    """Return the questions that an editor chose, without those that have something hidden."""
    wanted = set(chosen)
    texts = [each.text for each in view.examples if str(each.id) in wanted]
    fit = [text for text in texts if HIDDEN not in text and len(text) <= QUESTION_LIMIT]
    return list(dict.fromkeys(fit))


def new_entry(answer: str, questions: Sequence[str]) -> Entry | None:
    """Return the entry that these questions with this answer would be, None if it lacks one."""
    answer = answer.strip()[:ANSWER_LIMIT]
    if not questions or not answer:
        return None
    question, *similar = questions
    return Entry(NEW, question, tuple(similar), {language_of(answer): answer})


def with_questions(entry: Entry, questions: Sequence[str]) -> Entry:
    """Return an entry that has these as similar questions too."""
    known = {entry.question, *entry.similar_questions}
    new = [question for question in questions if question not in known]
    return replace(entry, similar_questions=(*entry.similar_questions, *new))
