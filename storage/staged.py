"""Drafts by the ten thousand, written piece by piece and seen all at once, or never.

What is staged is a revision that ended before any release: nobody finds it, neither among drafts
nor among what is or was live. One short change turns all of it into drafts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlmodel import Session

from storage import attachments
from storage.articles import Content
from storage.many_drafts import Known, add_articles, move, moving
from storage.models import Article, ArticleVersion
from storage.rows import add_all
from storage.types import new_id
from storage.upsert import table_of

PIECE = 1000
"""How many revisions are written at once: whoever writes beside them waits for one piece."""
_article, _version = table_of(Article), table_of(ArticleVersion)
_IS_DRAFT = _version.c.live_from.is_(None) & _version.c.live_to.is_(None)


def stage_of(import_id: str) -> int:
    """Return the number under which an import's revisions are staged: before all releases."""
    return -1 - (zlib.crc32(import_id.encode()) & 0x7FFFFFFF)


def stage(
    session: Session,
    number: int,
    contents: Mapping[str, Content],
    author_id: UUID | None,
    now: datetime,
) -> None:
    """Write one piece that nobody sees."""
    known = Known.of(session, contents)
    add_articles(session, known, contents, now)
    rows = []
    for key, content in contents.items():
        article_id = known.ids[key]
        about = {"author_id": author_id, "created_at": now, "live_to": number}
        named = {"id": new_id(), "article_id": article_id, "number": known.next_number(article_id)}
        rows.append({**named, **known.row(article_id, content), **about})
    add_all(session.connection(), ArticleVersion, rows)
    attachments.use(session, (file for each in contents.values() for file in each.rules.files), now)


def pieces(contents: Mapping[str, Content]) -> Iterator[dict[str, Content]]:
    """Yield entries in pieces that are written at once."""
    items = iter(contents.items())
    while piece := dict(islice(items, PIECE)):
        yield piece


def count(session: Session, number: int) -> int:
    """Return how many revisions are staged."""
    query = select(func.count()).where(_version.c.live_to == number)
    return session.connection().execute(query).scalar_one()


def in_the_way(session: Session, number: int) -> tuple[int, datetime | None]:
    """Return how many drafts what is staged would take the place of, and when the last was made."""
    query = select(func.count(), func.max(_version.c.created_at)).where(_drafts_below(number))
    many, last = session.connection().execute(query).one()
    return many, last


def show(session: Session, number: int) -> None:
    """Turn all that is staged into drafts, in place of those that were there."""
    connection = session.connection()
    connection.execute(delete(_version).where(_drafts_below(number)))
    staged = update(_version).where(_version.c.live_to == number)
    connection.execute(staged.values(live_to=None))
    session.expire_all()


def put_in_place(session: Session, contents: Mapping[str, Content]) -> None:
    """Put one piece of entries under their kinds and categories."""
    ids = Known.of(session, contents).ids
    move(session, [moving(ids[key], content) for key, content in contents.items() if key in ids])


def drop(session: Session, number: int) -> int:
    """Forget a piece of what is staged, and entries that are nothing else; return how many."""
    connection = session.connection()
    some = select(_version.c.id, _version.c.article_id).where(_version.c.live_to == number)
    found: list[Any] = list(connection.execute(some.limit(PIECE)).all())
    connection.execute(delete(_version).where(_version.c.id.in_([row[0] for row in found])))
    has_any = exists(select(_version.c.id).where(_version.c.article_id == _article.c.id))
    ids = [row[1] for row in found]
    connection.execute(delete(_article).where(_article.c.id.in_(ids), ~has_any))
    return len(found)


def _drafts_below(number: int) -> Any:  # noqa: ANN401 - an SQL condition
    staged = select(_version.c.article_id).where(_version.c.live_to == number)
    return _IS_DRAFT & _version.c.article_id.in_(staged)
