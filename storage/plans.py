"""Releases that are planned: a timer's row publishes them once, also after a restart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from storage import timers
from storage.models import Agent, PlannedRelease, PlanState, Timer
from storage.rehearsals import drafts_mark
from storage.releases import NothingToPublish, publish
from storage.types import new_id

KIND = "release"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned release and who planned it."""

    release: PlannedRelease
    author: Agent | None


def plan(
    session: Session,
    keys: Collection[str],
    due_at: datetime,
    note: str,
    author_id: UUID | None,
    now: datetime,
) -> PlannedRelease:
    """Plan that the drafts of these entries, as they are now, go live at a time."""
    drafts = drafts_mark(session, keys)
    made = PlannedRelease(
        id=new_id(),
        due_at=due_at,
        keys=sorted(keys),
        drafts=drafts,
        note=note,
        author_id=author_id,
        at=now,
    )
    session.add(made)
    session.flush()
    timers.add(session, f"{KIND}:{made.id}", KIND, due_at, {"plan": str(made.id)})
    return made


def cancel(session: Session, plan_id: UUID) -> bool:
    """Cancel a planned release; say whether it still waited."""
    found = _waiting(session, plan_id)
    if found is None:
        return False
    found.state = PlanState.CANCELLED
    session.add(found)
    session.flush()
    return True


def carry_out(session: Session, timer: Timer, now: datetime) -> None:
    """Publish what was planned, unless it was cancelled or its drafts are not the same now."""
    found = _waiting(session, UUID(str(timer.payload["plan"])))
    if found is None:
        return
    found.state = PlanState.OUTDATED
    if drafts_mark(session, found.keys) == found.drafts:
        try:
            release = publish(session, found.author_id, found.note, now, found.keys)
        except NothingToPublish:
            pass
        else:
            found.state, found.release = PlanState.PUBLISHED, release.number
    session.add(found)
    session.flush()


def plans(session: Session) -> list[Plan]:
    """Return the planned releases: those that wait first, then the latest others."""
    order = (col(PlannedRelease.due_at).desc(), col(PlannedRelease.id))
    found = session.exec(select(PlannedRelease).order_by(*order).limit(SHOWN)).all()
    authors = _authors(session, {each.author_id for each in found if each.author_id})
    made = [Plan(each, authors.get(each.author_id) if each.author_id else None) for each in found]
    return sorted(made, key=lambda each: each.release.state is not PlanState.WAITING)


def awaited(session: Session) -> dict[str, datetime]:
    """Return when the drafts of which entries go live by themselves, by key; the earliest time."""
    waits = col(PlannedRelease.state) == PlanState.WAITING
    found = session.exec(
        select(PlannedRelease).where(waits).order_by(col(PlannedRelease.due_at).desc())
    )
    return {key: each.due_at for each in found for key in each.keys}


def _authors(session: Session, ids: Collection[UUID]) -> Mapping[UUID, Agent]:
    return {agent.id: agent for agent in session.exec(select(Agent).where(col(Agent.id).in_(ids)))}


def _waiting(session: Session, plan_id: UUID) -> PlannedRelease | None:
    query = select(PlannedRelease).where(PlannedRelease.id == plan_id).with_for_update()
    found = session.exec(query).one_or_none()
    return found if found is not None and found.state is PlanState.WAITING else None
