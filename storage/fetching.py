"""Files that are on their way in or out of the house: fetched, tried again, forgotten whole.

What `media` notes with a message is fetched by one process at a time; `attempts` fences off who
was overtaken.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select, text, update
from sqlmodel import Session, col
from sqlmodel import select as records

from storage import activity, attachments
from storage.folder import Kept
from storage.jobs import GLANCE, on_terms
from storage.models import Activity, Fact, MediaFile, MediaState
from storage.upsert import table_of

_media = table_of(MediaFile)
LOOSE_FOR = timedelta(days=1)
"""How long a file may be attached without being sent."""


@on_terms(GLANCE)
def any_due(session: Session, inboxes: Collection[str], now: datetime) -> bool:
    """Say whether something is to be fetched or removed: a look that costs no commit."""
    given = {"b_now": now, "b_inboxes": list(inboxes)}
    return session.connection().execute(_LOOK, given).first() is not None


def claim(
    session: Session, inboxes: Collection[str], now: datetime, lease: timedelta, limit: int
) -> list[MediaFile]:
    """Return files to fetch or to remove, for `lease`; no two processes get the same."""
    given = {
        "b_now": now, "b_inboxes": list(inboxes), "b_until": now + lease, "b_limit": limit,
    }  # fmt: skip
    found = session.connection().execute(_CLAIM, given)
    return [MediaFile(**row) for row in found.mappings()]


def stored(session: Session, claimed: MediaFile, kept: Kept, now: datetime) -> bool:
    """Note that a claimed file lies in the folder; False if somebody else has it in hand."""
    return _ended(session, claimed, MediaState.STORED, now, **asdict(kept), problem=None)


def lost(
    session: Session, claimed: MediaFile, state: MediaState, problem: str, now: datetime
) -> bool:
    """Note that a claimed file cannot be had."""
    return _ended(session, claimed, state, now, problem=problem)


def postpone(session: Session, claimed: MediaFile, problem: str, until: datetime) -> bool:
    """Note that a claimed file is to be tried again later."""
    return _change(session, claimed, next_at=until, problem=problem)


def try_again(session: Session, conversation_id: UUID, media_id: str, now: datetime) -> bool:
    """Let a file be fetched that could not be had; False if there is nothing to fetch."""
    found = session.get(MediaFile, media_id)
    if found is None or found.conversation_id != conversation_id or found.ref is None:
        return False
    if found.state not in (MediaState.FAILED, MediaState.GONE):
        return False
    found.state, found.attempts, found.next_at = MediaState.WAITING, found.attempts + 1, now
    found.problem = None
    session.add(found)
    _tell(session, found, now)
    return True


def forget(
    session: Session,
    now: datetime,
    *,
    before: datetime | None = None,
    conversation_ids: Collection[UUID] = (),
) -> int:
    """Let nobody have files any more that are older, or of these conversations.

    From now on they are not given out; their bytes and rows are removed soon after. Files that
    were attached and not sent for a day go too.
    """
    old = col(MediaFile.created_at)
    doomed: list[ColumnElement[bool]] = [
        col(MediaFile.message_id).is_(None) & (old < now - LOOSE_FOR),
        col(MediaFile.conversation_id).in_(conversation_ids),
    ]
    if before is not None:
        doomed.append(old < before)
    statement = (
        update(MediaFile)
        .where(or_(*doomed), col(MediaFile.state) != MediaState.DOOMED)
        .values(state=MediaState.DOOMED, next_at=now, name=None, ref=None, problem=None)
    )
    return session.exec(statement).rowcount


def removed(session: Session, claimed: MediaFile) -> None:
    """Drop the row of a doomed file whose bytes are gone."""
    found = session.get(MediaFile, claimed.id)
    if found is not None and found.state is MediaState.DOOMED:
        session.delete(found)


def known(session: Session, ids: Collection[str]) -> set[str]:
    """Return those of these ids that are files of ours."""
    ours = session.exec(records(MediaFile.id).where(col(MediaFile.id).in_(ids)))
    return {*ours, *attachments.found(session, ids)}


def _ended(
    session: Session,
    claimed: MediaFile,
    state: MediaState,
    now: datetime,
    **found: Any,  # noqa: ANN401 - columns
) -> bool:
    done = _change(session, claimed, state=state, next_at=None, **found)
    if done:
        _tell(session, claimed, now)
    return done


def _change(session: Session, claimed: MediaFile, **values: Any) -> bool:  # noqa: ANN401 - columns
    statement = (
        update(MediaFile)
        .where(
            col(MediaFile.id) == claimed.id,
            col(MediaFile.attempts) == claimed.attempts,
            col(MediaFile.state) == MediaState.WAITING,
        )
        .values(**values)
    )
    return session.exec(statement).rowcount == 1


def _tell(session: Session, file: MediaFile, now: datetime) -> Activity:
    return activity.log(
        session,
        Fact.MEDIA_CHANGED,
        now,
        conversation_id=file.conversation_id,
        inbox=file.inbox,
        data={"message": str(file.message_id)},
    )


# Built once: building costs more than running.
_now = bindparam("b_now", type_=_media.c.next_at.type)
_due = (
    _media.c.next_at <= _now,
    or_(
        (_media.c.state == MediaState.WAITING)
        & _media.c.inbox.in_(bindparam("b_inboxes", expanding=True)),
        _media.c.state == MediaState.DOOMED,
    ),
    # A literal: only then can the partial index serve the query.
    text("mediafile.state IN ('waiting', 'doomed')"),
)
_LOOK = select(_media.c.id).where(*_due).limit(1)
_BATCH = (
    select(_media.c.id)
    .where(*_due)
    .order_by(_media.c.next_at)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True)
    .cte("batch")
)
_CLAIM = (
    update(_media)
    .where(_media.c.id.in_(select(_BATCH.c.id)))
    .values(
        next_at=bindparam("b_until", type_=_media.c.next_at.type), attempts=_media.c.attempts + 1
    )
    .returning(_media)
)
