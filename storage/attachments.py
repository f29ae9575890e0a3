"""Files of the knowledge base: they stay as long as any revision or any message shows them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import String, cast, delete, update
from sqlmodel import Session, col, select

from storage import media
from storage.folder import Kept
from storage.media import Upload
from storage.models import ArticleVersion, KnowledgeFile, MediaFile, MediaState
from storage.rules import Attachment, rules_of

UNUSED_FOR = timedelta(days=1)
"""How long a file may be attached without the draft being saved."""


def add(
    session: Session, media_id: str, kept: Kept, agent_id: UUID | None, now: datetime
) -> Attachment:
    """Store a file that was written to the folder, to be attached to an answer."""
    row = KnowledgeFile(id=media_id, **asdict(kept), agent_id=agent_id, created_at=now, used_at=now)
    session.add(row)
    session.flush()
    return _attachment(row)


def found(session: Session, ids: Collection[str]) -> dict[str, Attachment]:
    """Return those of these files that are there, by id."""
    query = select(KnowledgeFile).where(col(KnowledgeFile.id).in_(ids))
    return {row.id: _attachment(row) for row in session.exec(query)} if ids else {}


def get(session: Session, media_id: str) -> MediaFile | None:
    """Return a file as those of messages are; it belongs to no conversation."""
    row = session.get(KnowledgeFile, media_id)
    if row is None:
        return None
    return MediaFile(
        id=row.id,
        inbox="",
        thread="",
        state=MediaState.STORED,
        name=row.name,
        type=row.type,
        size=row.size,
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        created_at=row.created_at,
    )


def lend(session: Session, upload: Upload, now: datetime) -> MediaFile | None:
    """Let a file of the knowledge base be attached in a conversation; None if it is gone."""
    row = session.get(KnowledgeFile, upload.shared)
    if row is None:
        return None
    kept = Kept(row.name, row.type, row.size, row.sha256, row.width, row.height)
    return media.attach(session, upload, kept, now)


def use(session: Session, files: Iterable[Attachment], now: datetime) -> None:
    """Note that a draft with these files is written, so that no sweep takes them meanwhile."""
    ids = {file.id for file in files}
    if ids:
        touch = update(KnowledgeFile).where(col(KnowledgeFile.id).in_(sorted(ids)))
        session.exec(touch.values(used_at=now))


def unused(session: Session, now: datetime) -> list[str]:
    """Return the files that no revision and no message shows, and nobody is about to use."""
    old = select(KnowledgeFile.id).where(col(KnowledgeFile.used_at) < now - UNUSED_FOR)
    doubtful = set(session.exec(old))
    if not doubtful:
        return []
    shown = select(MediaFile.shared).where(col(MediaFile.shared).in_(doubtful))
    return sorted(doubtful - _in_revisions(session) - set(session.exec(shown)))


def forget(session: Session, ids: Collection[str], now: datetime) -> list[str]:
    """Forget these files, but for those used meanwhile; return whose bytes may go."""
    gone = delete(KnowledgeFile).where(
        col(KnowledgeFile.id).in_(ids), col(KnowledgeFile.used_at) < now - UNUSED_FOR
    )
    return list(session.scalars(gone.returning(col(KnowledgeFile.id))))


def _in_revisions(session: Session) -> set[str]:
    extra = col(ArticleVersion.extra)
    named = select(extra).where(cast(extra, String).contains(json.dumps("files")))
    return {file.id for row in session.exec(named) for file in rules_of(row.get("rules", {})).files}


def _attachment(row: KnowledgeFile) -> Attachment:
    return Attachment(row.id, row.name, row.type, row.size)
