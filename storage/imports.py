"""Files on their way into the drafts: one row each, worked on by one process at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from storage import staged
from storage.articles import Content, content_of
from storage.database import StorageError
from storage.models import Agent, Article, ArticleVersion, FileImport, ImportState
from storage.upsert import table_of

KEPT = timedelta(days=1)
"""How long a file waits for its editor."""
STALE = timedelta(seconds=60)
"""Who worked on a file and was not heard of for so long is gone."""
WORKING = (ImportState.CHECKING, ImportState.APPLYING)
_ROUNDING = 1e-5
_import = table_of(FileImport)


class Overtaken(StorageError):
    """Drafts were written since the file was looked at; nothing was applied."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft as an import finds it; `mark` changes with every writing of it."""

    key: str
    content: Content
    deleted: bool
    author_id: UUID | None
    author: str
    mark: str


def begin(
    session: Session, import_id: str, agent_id: UUID, name: str, size: int, now: datetime
) -> list[str]:
    """Note a file whose bytes are stored; return the ids of files that nobody wants any more."""
    old = session.exec(select(FileImport).where(col(FileImport.beat_at) < now - KEPT)).all()
    for each in old:
        session.delete(each)
    session.add(
        FileImport(
            id=import_id, agent_id=agent_id, name=name, size=size, created_at=now, beat_at=now
        )
    )
    return [each.id for each in old]


def get(session: Session, import_id: str) -> FileImport | None:
    """Return one file's row."""
    return session.get(FileImport, import_id)


def recent(session: Session, agent_id: UUID, limit: int = 5) -> list[FileImport]:
    """Return an editor's own files, newest first."""
    query = select(FileImport).where(FileImport.agent_id == agent_id)
    order = col(FileImport.created_at).desc(), col(FileImport.id)
    return list(session.exec(query.order_by(*order).limit(limit)))


def claim(
    session: Session,
    import_id: str,
    state: ImportState,
    among: Collection[ImportState],
    columns: Mapping[str, Any] | None,
    now: datetime,
) -> bool:
    """Begin to work on a file; False if somebody does, or if it is not in one of these states."""
    free = _import.c.state.in_(among) | (
        _import.c.state.in_(WORKING) & (_import.c.beat_at < now - STALE)
    )
    values: dict[str, Any] = {"state": state, "done": 0, "total": 0, "beat_at": now}
    if columns is not None:
        values["columns"] = dict(columns)
    taken = update(_import).where(_import.c.id == import_id, free).values(values)
    return session.connection().execute(taken).rowcount == 1


def beat(session: Session, import_id: str, done: int, total: int, now: datetime) -> None:
    """Tell how far the work has come."""
    values = {"done": done, "total": total, "beat_at": now}
    session.connection().execute(
        update(_import)
        .where(_import.c.id == import_id, _import.c.state.in_(WORKING))
        .values(values)
    )


def finish(
    session: Session,
    import_id: str,
    state: ImportState,
    report: Mapping[str, Any],
    now: datetime,
) -> None:
    """Tell what came of the work."""
    values = {"state": state, "report": dict(report), "beat_at": now}
    session.connection().execute(
        update(_import)
        .where(_import.c.id == import_id, _import.c.state.in_(WORKING))
        .values(values)
    )


def waiting(session: Session) -> list[Waiting]:
    """Return every draft, by key, with who wrote it."""
    query = (
        select(Article.key, ArticleVersion, Agent)
        .join(Article, col(Article.id) == ArticleVersion.article_id)
        .outerjoin(Agent, col(Agent.id) == ArticleVersion.author_id)
        .where(col(ArticleVersion.live_from).is_(None), col(ArticleVersion.live_to).is_(None))
        .order_by(col(Article.key))
    )
    return [
        Waiting(
            key,
            content_of(version),
            version.deleted,
            version.author_id,
            _name(agent),
            f"{version.id.hex}-{version.created_at.timestamp():.6f}",
        )
        for key, version, agent in session.exec(query)
    ]


def _name(agent: Agent | None) -> str:
    return "" if agent is None else agent.display_name or agent.name


def apply(
    session: Session,
    import_id: str,
    marks: Collection[str],
    report: Mapping[str, Any],
    now: datetime,
) -> None:
    """Turn all that is staged for a file into drafts, and tell what came of it.

    Raises:
        Overtaken: as `reveal` says.
    """
    reveal(session, staged.stage_of(import_id), marks)
    finish(session, import_id, ImportState.APPLIED, report, now)


def reveal(session: Session, number: int, marks: Collection[str]) -> None:
    """Turn all that is staged under a number into drafts.

    `marks` are those of the drafts in its way that were there when the file was looked at.

    Raises:
        Overtaken: one of them was written since, or there is another.
    """
    found = staged.in_the_way(session, number)
    moments = [float(mark.rpartition("-")[2]) for mark in marks]
    last = 0.0 if found[1] is None else found[1].timestamp()
    if found[0] != len(moments) or abs(max(moments, default=0.0) - last) > _ROUNDING:
        raise Overtaken("drafts were written since the file was looked at: nothing was imported")
    staged.show(session, number)


def discard(session: Session, import_id: str) -> None:
    """Forget a file."""
    row = session.get(FileImport, import_id)
    if row is not None:
        session.delete(row)
