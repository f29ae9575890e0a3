"""From which confidence each category is answered: applied by versions, taken back by a new one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from storage import activity
from storage.models import Fact, Thresholds

LEARNT = "learnt"
_AS_VERSION = "as version "


def version(session: Session) -> int:
    """Return the number of what counts now, 0 if nothing was ever applied."""
    return session.exec(select(func.max(Thresholds.version))).one() or 0


def current(session: Session) -> dict[str, float]:
    """Return the thresholds that count, by category."""
    found = session.get(Thresholds, version(session))
    return {} if found is None else {str(k): float(v) for k, v in found.limits.items()}


def history(session: Session, limit: int = 50) -> list[Thresholds]:
    """Return what was applied, newest first."""
    query = select(Thresholds).order_by(col(Thresholds.version).desc())
    return list(session.exec(query.limit(limit)))


def apply(
    session: Session, limits: Mapping[str, float], note: str, agent_id: UUID, now: datetime
) -> int:
    """Let these count from now on, and no others; return their version."""
    number = version(session) + 1
    rounded: dict[str, Any] = {key: round(value, 4) for key, value in sorted(limits.items())}
    session.add(Thresholds(version=number, limits=rounded, note=note, agent_id=agent_id, at=now))
    about = {"version": number, "limits": rounded, "note": note}
    activity.log(session, Fact.THRESHOLDS_APPLIED, now, agent_id=agent_id, data=about)
    return number


def learn(session: Session, agent_id: UUID, now: datetime) -> int:
    """Let the bot learn from all that people confirmed until now; return the version."""
    return apply(session, current(session), LEARNT, agent_id, now)


def learnt_until(session: Session, number: int | None = None) -> datetime | None:
    """Return until when the bot learns from people in a version, None where it does not.

    Without a number: in the one that counts.
    """
    number = version(session) if number is None else number
    while number > 0 and (row := session.get(Thresholds, number)) is not None:
        if row.note == LEARNT:
            return row.at
        same = row.note.removeprefix(_AS_VERSION)
        number = int(same) if same != row.note else number - 1
    return None


def take_back(session: Session, number: int, agent_id: UUID, now: datetime) -> int | None:
    """Let what a former version said count again, as a new one; 0 is what the models say.

    None if there is no such version, or if that is what counts now.
    """
    former = session.get(Thresholds, number)
    limits = {} if number == 0 else None if former is None else dict(former.limits)
    if limits is None:
        return None
    if limits == current(session) and learnt_until(session, number) == learnt_until(session):
        return None
    return apply(session, limits, f"{_AS_VERSION}{number}", agent_id, now)
