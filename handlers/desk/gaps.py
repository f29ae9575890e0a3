"""Looks for questions that had no good answer, and puts those together that mean the same."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Protocol
from uuid import UUID

from channels.message import text_of
from faq.clusters import cluster
from faq.encoder import Encoder
from faq.matcher import Decision
from faq.normalize import normalize
from handlers.desk.asked import GAPS, Asked, asked
from handlers.personal import masked
from storage import gaps, verdicts
from storage.database import Database
from storage.models import GapDecision, GapState

KIND = "gaps"
WINDOW = timedelta(days=60)
MOST_FACTS, MOST_GAPS = 20_000, 300
BATCH = 500
EXAMPLES, NEAREST, QUESTIONS = 12, 5, 500
DAYS = 14
"""How many days the trend shows."""
EACH, MOST_WAIT = 2.0, 120.0
"""Minutes that a question costs whoever waits, and those of waiting that count at most."""


class Knower(Protocol):
    """The knowledge base: `faq.knowledge.KnowledgeBase`, or a fake in a test."""

    @property
    def encoder(self) -> Encoder | None:
        """What makes vectors, if anything does."""
        ...

    async def decide(self, text: str) -> Decision:
        """Decide about one question."""
        ...


@dataclass(slots=True)
class _Form:
    """One question in compared form, and all times it was asked."""

    shown: str
    asked: list[Asked] = field(default_factory=list)


async def look(db: Database, knowledge: Knower, now: datetime) -> int:
    """Look for gaps in the questions of the last weeks, and keep what is found; return how many."""
    found = await recent(db, now)
    forms = await asyncio.to_thread(_forms, [one for one in found if one.end in GAPS])
    groups = await asyncio.to_thread(_grouped, forms, knowledge.encoder)
    decided = await db.read(gaps.decisions)
    replies = await _replies(db, forms)
    rows = []
    for group in groups[:MOST_GAPS]:
        decision = await knowledge.decide(group[0])
        nearest = [[c.entry.id, round(c.score, 4)] for c in decision.candidates[:NEAREST]]
        facts = await asyncio.to_thread(_facts, [(f, forms[f]) for f in group], replies, now)
        rows.append(_row(facts, nearest, _state(group, forms, decided), now))
    await db.write(gaps.replace_all, rows, now)
    return len(rows)


async def recent(db: Database, now: datetime, most: int = MOST_FACTS) -> list[Asked]:
    """Return the questions of the last weeks with their ends, those of new threads first.

    They are looked for in the newest facts, `most` of them.
    """
    ids = await db.read(verdicts.asked_in, now - WINDOW, most)
    found: list[Asked] = []
    for start in range(0, len(ids), BATCH):
        for thread in await db.read(verdicts.threads, ids[start : start + BATCH]):
            found += [one for one in asked(thread) if one.at >= now - WINDOW]
    return found


def digest(form: str) -> str:
    """Return the name under which a question is remembered without its words."""
    return hashlib.sha256(form.encode()).hexdigest()[:32]


def _forms(found: Sequence[Asked]) -> dict[str, _Form]:
    """Return the questions by their compared form; what looks personal is left out."""
    forms: dict[str, _Form] = {}
    for one in found:
        shown = masked(one.text, [one.name] if one.name else [])
        form = normalize(shown) if shown else ""
        if form:
            forms.setdefault(form, _Form(shown or "")).asked.append(one)
    return forms


def _grouped(forms: Mapping[str, _Form], encoder: Encoder | None) -> list[list[str]]:
    texts = sorted(forms, key=lambda form: (-len(forms[form].asked), form))
    weights = [len(forms[form].asked) for form in texts]
    vectors = encoder.encode(texts) if encoder is not None and texts else None
    groups = [[texts[at] for at in group] for group in cluster(texts, weights, vectors)]
    return sorted(groups, key=lambda group: (-_cost(_all(group, forms)), group[0]))


def _all(group: Sequence[str], forms: Mapping[str, _Form]) -> list[Asked]:
    return [one for form in group for one in forms[form].asked]


def _cost(found: Sequence[Asked]) -> float:
    """Return what a gap costs: how often it was asked, and how long people waited."""
    waits = (min((one.waited or 0.0) / 60, MOST_WAIT) for one in found)
    return EACH * len(found) + sum(waits)


async def _replies(db: Database, forms: Mapping[str, _Form]) -> dict[UUID, str]:
    ids = {one.reply_id for form in forms.values() for one in form.asked if one.reply_id}
    found: dict[UUID, str] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        some = await db.read(verdicts.messages, ordered[start : start + BATCH])
        for key, (parts, _, _, name) in some.items():
            shown = masked(text_of(parts), [name])
            if shown and shown.strip():
                found[key] = shown
    return found


def _facts(
    group: Sequence[tuple[str, _Form]], replies: Mapping[UUID, str], now: datetime
) -> dict[str, Any]:
    found = [one for _, form in group for one in form.asked]
    answered = [one.reply_id for one in found if one.reply_id is not None]
    known = [reply for reply in answered if reply in replies]
    examples = [max(form.asked, key=lambda one: one.at) for _, form in group[:EXAMPLES]]
    return {
        **_counted(found, now),
        "examples": [str(one.message_id) for one in examples],
        "questions": [digest(form) for form, _ in group[:QUESTIONS]],
        "reply": _middle(known, replies),
        "replies": len(known),
    }


def _counted(found: Sequence[Asked], now: datetime) -> dict[str, Any]:
    waits = [one.waited for one in found if one.waited is not None]
    moments = [one.at for one in found]
    return {
        "size": len(found),
        "talks": len({one.conversation_id for one in found}),
        "ends": dict(Counter(one.end for one in found)),
        "inboxes": dict(Counter(one.inbox for one in found)),
        "days": _days(found, now),
        "waited": median(waits) if waits else None,
        "first": min(moments).isoformat(),
        "last": max(moments).isoformat(),
    }


def _days(found: Sequence[Asked], now: datetime) -> list[int]:
    """Return how many were asked on each of the last days, today last."""
    ages = Counter((now - one.at) // timedelta(days=1) for one in found)
    return [ages.get(age, 0) for age in reversed(range(DAYS))]


def _middle(keys: Sequence[UUID], replies: Mapping[UUID, str]) -> str | None:
    """Return the reply that says best what most replies say."""
    forms: dict[str, list[UUID]] = {}
    for key in sorted(keys):
        forms.setdefault(normalize(replies[key]) or "-", []).append(key)
    texts = sorted(forms)
    groups = cluster(texts, [len(forms[text]) for text in texts])
    return str(forms[texts[groups[0][0]]][0]) if groups else None


def _row(
    facts: dict[str, Any],
    nearest: Sequence[Sequence[object]],
    decided: tuple[GapState, str | None, float],
    now: datetime,
) -> dict[str, Any]:
    state, entry, cost = decided
    return {
        "id": facts["questions"][0][:16],
        "state": state,
        "entry": entry,
        "cost": cost,
        "facts": {**facts, "nearest": nearest},
        "at": now,
    }


def _state(
    group: Sequence[str], forms: Mapping[str, _Form], decided: Mapping[str, GapDecision]
) -> tuple[GapState, str | None, float]:
    """Return what was decided about at least half of the questions, else that it is open.

    What came after a decision to answer was not answered by it, and counts as undecided. One
    question that is to be shown never again hides all that is put together with it.
    """
    found = _all(group, forms)
    votes: Counter[tuple[GapState, str | None]] = Counter()
    for form in group:
        one = decided.get(digest(form))
        if one is None:
            continue
        if one.state is GapState.BLOCKED:
            return one.state, None, round(_cost(found), 2)
        for each in forms[form].asked:
            if one.state is GapState.IGNORED or each.at <= one.at:
                votes[one.state, one.entry] += 1
    cost = round(_cost(found), 2)
    if votes:
        (state, entry), number = votes.most_common(1)[0]
        if number * 2 >= len(found):
            return state, entry, cost
    return GapState.OPEN, None, cost
