"""What adapters remember between restarts: tokens and cursors."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from storage.models import AdapterMemory


def recall(session: Session, inbox: str, key: str, now: datetime) -> str | None:
    """Return what was kept, unless it has expired."""
    row = session.get(AdapterMemory, (inbox, key))
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return row.value


def remember(
    session: Session, inbox: str, key: str, value: str, expires_at: datetime | None
) -> None:
    """Keep a value, replacing the one before."""
    session.merge(AdapterMemory(inbox=inbox, key=key, value=value, expires_at=expires_at))
