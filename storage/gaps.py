"""Questions without a good answer: what the last look found, and what was decided about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from storage import adapter_memory
from storage.among import among
from storage.models import AdapterMemory, Gap, GapDecision, GapState
from storage.rows import add_all
from storage.upsert import insert, table_of

_gap, _decision = table_of(Gap), table_of(GapDecision)
_LOOKED = ("", "gaps-looked-at")
"""Where it is kept when the last look was: one that finds nothing leaves no other trace."""


def replace_all(session: Session, found: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Put what a look found in the place of what the look before had."""
    session.connection().execute(delete(_gap))
    add_all(session.connection(), Gap, found)
    adapter_memory.remember(session, *_LOOKED, now.isoformat(), None)


def decisions(session: Session) -> dict[str, GapDecision]:
    """Return everything that was decided, by the question's hash."""
    return {each.question: each for each in session.exec(select(GapDecision))}


def listed(session: Session, state: GapState, limit: int, offset: int = 0) -> list[Gap]:
    """Return the gaps in this state, the dearest first."""
    query = select(Gap).where(Gap.state == state).order_by(col(Gap.cost).desc(), col(Gap.id))
    return list(session.exec(query.limit(limit).offset(offset)))


def counts(session: Session) -> dict[GapState, int]:
    """Return how many gaps are in each state."""
    found = dict(session.exec(select(Gap.state, func.count()).group_by(col(Gap.state))).all())
    return {state: found.get(state, 0) for state in GapState}


def looked_at(session: Session) -> datetime | None:
    """Return when the last look was, None before the first."""
    kept = session.get(AdapterMemory, _LOOKED)
    return None if kept is None else datetime.fromisoformat(kept.value)


def get(session: Session, gap_id: str) -> Gap | None:
    """Return one gap; the next look may give it another id."""
    return session.get(Gap, gap_id)


def decide(
    session: Session,
    gap: Gap,
    state: GapState,
    entry: str | None,
    agent_id: UUID,
    now: datetime,
) -> None:
    """Remember what was decided about all questions of a gap; OPEN takes it back."""
    questions = [str(each) for each in gap.facts.get("questions", ())]
    _forget(session, questions)
    if state is not GapState.OPEN:
        values = {"state": state, "entry": entry, "agent_id": agent_id, "at": now}
        rows = [{"question": question, **values} for question in questions]
        for row in rows:
            session.connection().execute(
                insert(session, GapDecision).values(row).on_conflict_do_nothing()
            )
    gap.state, gap.entry = state, entry
    session.add(gap)


def _forget(session: Session, questions: Collection[str]) -> None:
    gone = delete(_decision).where(among(_decision.c.question, "b_questions"))
    session.connection().execute(gone, {"b_questions": list(questions)})
