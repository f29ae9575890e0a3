"""What the pages of releases show: a rehearsal, how far it is, who may publish what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from console.i18n import mark
from console.knowledge_views import Entry, read_drafts
from storage import rehearsals
from storage.models import PlanState, Rehearsal, Role
from storage.rules import YEARS
from storage.zone import ZONE

OVERRULERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""Who may publish in spite of an example that fails, with a reason."""
SHORTEST_REASON = 10
FURTHEST = timedelta(days=366)
PLANS: Mapping[PlanState, tuple[str, str]] = {
    PlanState.WAITING: (mark("Planned"), "accent"),
    PlanState.PUBLISHED: (mark("Published"), "good"),
    PlanState.CANCELLED: (mark("Cancelled"), ""),
    PlanState.OUTDATED: (mark("Not published: the drafts were changed afterwards"), "warn"),
}
"""What became of a planned release, and its tone."""
EFFECTS: Mapping[str, tuple[str, str, str]] = {
    "worse": (mark("Worse"), "bad", "alert"),
    "better": (mark("Better"), "good", "check"),
    "entry": (mark("Another answer"), "warn", "edit"),
    "lost": (mark("No longer answered"), "warn", "question"),
    "offer": (mark("Other offers"), "", "edit"),
    "words": (mark("Other words"), "", "edit"),
    "won": (mark("Answered now"), "good", "plus"),
}
"""What a change means to customers, or what it is; its tone and its sign."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A rehearsal and the drafts that it is about."""

    rehearsal: Rehearsal
    drafts: Sequence[Entry]
    is_current: bool
    """False once a draft, what is live or a kept test was changed, and after a day."""
    is_alive: bool

    @property
    def result(self) -> Mapping[str, Any] | None:
        """What came of it, None before its end."""
        return self.rehearsal.result

    @property
    def fails(self) -> bool:
        """Whether an example does not come out as it must."""
        return self.result is not None and bool(self.result["failed"])

    @property
    def share(self) -> float:
        """How far it is, 0..1."""
        return min(1.0, self.rehearsal.done / self.rehearsal.total) if self.rehearsal.total else 0.0


def read_tried(session: Session, rehearsal_id: UUID, now: datetime) -> Tried | None:
    """Return a rehearsal with its drafts, None if there is none."""
    found = rehearsals.get(session, rehearsal_id)
    if found is None:
        return None
    current = now - found.at < rehearsals.FRESH and (
        rehearsals.mark(session, found.keys) == found.mark
    )
    keys = frozenset(found.keys)
    drafts = [entry for entry in read_drafts(session) if entry.key in keys]
    return Tried(found, drafts, current, rehearsals.is_alive(found, now))


@dataclass(frozen=True, slots=True)
class Order:
    """What a form says about publishing."""

    note: str
    due_at: datetime | None
    """None: now."""


def read_order(
    given: Mapping[str, str], tried: Tried, role: Role, now: datetime
) -> tuple[Order | None, dict[str, str]]:
    """Return what is to be done, or what is wrong, field by field."""
    reason = " ".join(given.get("reason", "").split())[:500]
    wrong = _refusal(tried, role, reason)
    if given.get("sure") != "yes":
        wrong["sure"] = mark("Confirm that customers are to get these answers.")
    due_at = None
    if given.get("when") == "later":
        due_at = moment_of(given.get("at", ""))
        if due_at is None or not now < due_at <= now + FURTHEST:
            wrong["at"] = mark("Choose a moment within the next year.")
    if wrong:
        return None, wrong
    note = given.get("note", "").strip()[:500]
    if tried.fails:
        note = f"{note} · {reason}" if note else reason
    return Order(note, due_at), {}


def _refusal(tried: Tried, role: Role, reason: str) -> dict[str, str]:
    if tried.result is None or not tried.is_current:
        return {"form": mark("These drafts were not tried out as they are now. Try them again.")}
    if tried.fails and role not in OVERRULERS:
        return {"form": mark("An example fails: only a supervisor may publish in spite of it.")}
    if tried.fails and len(reason) < SHORTEST_REASON:
        return {"reason": mark("Say in a sentence why it is published although an example fails.")}
    return {}


def moment_of(given: str) -> datetime | None:
    """Return the moment that a form's `datetime-local` field says, in the house's zone."""
    try:
        found = datetime.fromisoformat(given).replace(tzinfo=ZONE)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None
