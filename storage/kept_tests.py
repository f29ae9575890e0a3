"""Questions that editors keep, so that every release is tried for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from storage.models import KeptTest

MOST = 2000
"""How many are kept at most; the newest count."""


def keep(
    session: Session, text: str, key: str | None, author_id: UUID | None, now: datetime
) -> KeptTest:
    """Keep that an entry must answer a question; without a key, that none may.

    What was kept of the same question before is replaced.
    """
    for former in session.exec(select(KeptTest).where(KeptTest.text == text)):
        session.delete(former)
    kept = KeptTest(text=text, article_key=key, author_id=author_id, at=now)
    session.add(kept)
    session.flush()
    return kept


def kept(session: Session) -> list[KeptTest]:
    """Return what is kept, newest first."""
    order = (col(KeptTest.at).desc(), col(KeptTest.id))
    return list(session.exec(select(KeptTest).order_by(*order).limit(MOST)))


def drop(session: Session, test_id: UUID) -> bool:
    """Keep a question no more; say whether it was kept."""
    found = session.get(KeptTest, test_id)
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None
