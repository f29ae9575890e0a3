"""Entries as the database has them, and as the matcher knows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from faq.matcher import Entry
from storage import knowledge, thresholds
from storage.knowledge import Content, LiveEntry


def entry_of(row: LiveEntry) -> Entry:
    """Return a stored entry as the matcher knows it."""
    content = row.content
    return Entry(
        id=row.key,
        question=content.question,
        similar_questions=tuple(content.similar_questions),
        answers=content.answers,
        kind=content.kind,
        category=content.category,
        version_id=str(row.version_id),
        rules=content.rules,
    )


def state(session: Session) -> tuple[int, int]:
    """Return the numbers of the live release and of the thresholds that hold."""
    return knowledge.current_release(session), thresholds.version(session)


def everything(session: Session) -> tuple[tuple[int, int], dict[str, float], tuple[Entry, ...]]:
    """Return these numbers with the thresholds and the entries themselves."""
    return state(session), thresholds.current(session), tuple(live(session))


def content_of(entry: Entry, told: frozenset[str] | None = None) -> Content:
    """Return an entry as it is stored; `told` names the rules that it says anything of."""
    return Content(
        entry.question,
        entry.similar_questions,
        entry.answers,
        entry.kind,
        entry.category,
        entry.rules,
        told,
    )


def save(
    session: Session, entries: Sequence[Entry], now: datetime, *, note: str | None = None
) -> int:
    """Save entries as drafts and, with a note, publish them; return the live release.

    Raises:
        storage.knowledge.NothingToPublish: there was nothing to save.
    """
    contents = {entry.id: content_of(entry) for entry in entries}
    knowledge.save_drafts(session, contents, None, now)
    if note is not None:
        return knowledge.publish(session, None, note, now, contents.keys()).number
    return knowledge.current_release(session)


def live(session: Session) -> list[Entry]:
    """Return the live entries as the database has them."""
    return [entry_of(row) for row in knowledge.live_entries(session)]
