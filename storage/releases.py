"""Releases of the knowledge base: published, taken back, never changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from storage import activity
from storage.articles import content_of, current_release, new_version
from storage.database import StorageError
from storage.models import Article, ArticleVersion, Fact, Release


class UnknownRelease(StorageError):
    """There is no release of this number."""


class NothingToPublish(StorageError):
    """No draft differs from what is live."""


def publish(
    session: Session,
    author_id: UUID | None,
    note: str,
    now: datetime,
    keys: Collection[str] | None = None,
) -> Release:
    """Make drafts live (all of them, or those of `keys`) as a new release.

    Raises:
        NothingToPublish: there is no such draft.
    """
    query = (
        select(Article, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id)
        .where(col(ArticleVersion.live_from).is_(None), col(ArticleVersion.live_to).is_(None))
        .order_by(Article.key)
    )
    drafts = [pair for pair in session.exec(query) if keys is None or pair[0].key in keys]
    if not drafts:
        raise NothingToPublish("no draft waits to be published")
    number = current_release(session) + 1
    live = _live_versions(session)
    for article, draft in drafts:
        _replace(session, article, live.get(article.id), draft, number)
    changed = [article.key for article, _ in drafts]
    return _release(session, number, author_id, note, now, changed)


def _live_versions(session: Session) -> dict[UUID, ArticleVersion]:
    query = select(ArticleVersion).where(
        col(ArticleVersion.live_from).is_not(None), col(ArticleVersion.live_to).is_(None)
    )
    return {version.article_id: version for version in session.exec(query)}


def _replace(
    session: Session,
    article: Article,
    former: ArticleVersion | None,
    version: ArticleVersion | None,
    number: int,
) -> None:
    if former is not None:
        former.live_to = number
        session.add(former)
    if version is not None:
        version.live_from = number
        version.live_to = number if version.deleted else None
        article.kind = content_of(version).kind
        article.category = content_of(version).category
        session.add_all((article, version))


def _release(
    session: Session,
    number: int,
    author_id: UUID | None,
    note: str,
    now: datetime,
    changed: Sequence[str],
) -> Release:
    release = Release(number=number, note=note, author_id=author_id, at=now)
    session.add(release)
    session.flush()
    activity.log(
        session,
        Fact.KNOWLEDGE_RELEASED,
        now,
        agent_id=author_id,
        data={
            "release": number,
            "note": note,
            "changed": len(changed),
            "keys": list(changed[:100]),
        },
    )
    return release


def rollback(session: Session, number: int, author_id: UUID | None, now: datetime) -> Release:
    """Make what was live in a former release live again, as a new release; drafts stay.

    Raises:
        UnknownRelease: there is no such release.
        NothingToPublish: it does not differ from what is live.
    """
    if session.get(Release, number) is None:
        raise UnknownRelease(f"there is no release {number}")
    was = _live_in(session, number)
    live = _live_versions(session)
    changed = [
        article_id
        for article_id in was.keys() | live.keys()
        if article_id not in was
        or article_id not in live
        or content_of(was[article_id]) != content_of(live[article_id])
    ]
    if not changed:
        raise NothingToPublish(f"release {number} is what is live now")
    following = current_release(session) + 1
    keys = []
    for article in session.exec(select(Article).where(col(Article.id).in_(changed))):
        back = was.get(article.id)
        copy = None if back is None else _copy(session, article, back, author_id, now)
        _replace(session, article, live.get(article.id), copy, following)
        keys.append(article.key)
    return _release(session, following, author_id, f"as release {number}", now, sorted(keys))


def _live_in(session: Session, number: int) -> dict[UUID, ArticleVersion]:
    query = select(ArticleVersion).where(
        col(ArticleVersion.live_from) <= number,
        or_(col(ArticleVersion.live_to).is_(None), col(ArticleVersion.live_to) > number),
    )
    return {version.article_id: version for version in session.exec(query)}


def _copy(
    session: Session,
    article: Article,
    version: ArticleVersion,
    author_id: UUID | None,
    now: datetime,
) -> ArticleVersion:
    copy = new_version(session, article, now)
    copy.question = version.question
    copy.similar_questions = list(version.similar_questions)
    copy.answers = dict(version.answers)
    copy.extra = dict(version.extra)
    copy.author_id = author_id
    return copy
