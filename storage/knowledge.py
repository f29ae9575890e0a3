"""The knowledge base: entries, drafts, releases. A release is never changed, only followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from storage import activity
from storage.articles import (
    ArticleState,
    Content,
    LiveEntry,
    content_of,
    count_articles,
    current_release,
    get_article,
    list_articles,
    live_entries,
    releases,
    versions,
)
from storage.database import StorageError
from storage.models import Article, ArticleVersion, Fact, Release

__all__ = [
    "ArticleState",
    "Content",
    "LiveEntry",
    "NothingToPublish",
    "UnknownArticle",
    "UnknownRelease",
    "content_of",
    "count_articles",
    "current_release",
    "delete_draft",
    "get_article",
    "list_articles",
    "live_entries",
    "mark_deleted",
    "publish",
    "releases",
    "rollback",
    "save_draft",
    "versions",
]


class UnknownArticle(StorageError):
    """There is no entry of this key."""


class UnknownRelease(StorageError):
    """There is no release of this number."""


class NothingToPublish(StorageError):
    """No draft differs from what is live."""


def save_draft(
    session: Session, key: str | None, content: Content, author_id: UUID | None, now: datetime
) -> ArticleVersion:
    """Write an entry's draft, the only one it has; without a key it is a new entry."""
    article = None
    if key is not None:
        article = session.exec(select(Article).where(Article.key == key)).one_or_none()
    if article is None:
        article = Article(
            key=key or "", kind=content.kind, category=content.category, created_at=now
        )
        article.key = key or f"q-{article.id.hex[:10]}"
        session.add(article)
        session.flush()
    draft = _draft_of(session, article) or _new_version(session, article, now)
    draft.question = content.question
    draft.similar_questions = list(content.similar_questions)
    draft.answers = dict(content.answers)
    draft.extra = {"kind": content.kind, "category": content.category}
    draft.deleted = False
    draft.author_id, draft.created_at = author_id, now
    session.add(draft)
    session.flush()
    return draft


def mark_deleted(
    session: Session, key: str, author_id: UUID | None, now: datetime
) -> ArticleVersion | None:
    """Write a draft that takes an entry out of the next release.

    An entry that was never live loses its draft at once; then None is returned.

    Raises:
        UnknownArticle: there is no such entry.
    """
    state = _known(session, key)
    if state.live is None:
        delete_draft(session, key)
        return None
    draft = save_draft(session, key, content_of(state.live), author_id, now)
    draft.deleted = True
    session.add(draft)
    session.flush()
    return draft


def delete_draft(session: Session, key: str) -> bool:
    """Throw an entry's draft away; say whether there was one.

    Raises:
        UnknownArticle: there is no such entry.
    """
    state = _known(session, key)
    if state.draft is None:
        return False
    session.delete(state.draft)
    session.flush()
    if not versions(session, key):
        session.delete(state.article)
        session.flush()
    return True


def _known(session: Session, key: str) -> ArticleState:
    state = get_article(session, key)
    if state is None:
        raise UnknownArticle(f"there is no entry {key!r}")
    return state


def _draft_of(session: Session, article: Article) -> ArticleVersion | None:
    query = select(ArticleVersion).where(
        ArticleVersion.article_id == article.id,
        col(ArticleVersion.live_from).is_(None),
        col(ArticleVersion.live_to).is_(None),
    )
    return session.exec(query).one_or_none()


def _new_version(session: Session, article: Article, now: datetime) -> ArticleVersion:
    newest = session.exec(
        select(func.max(ArticleVersion.number)).where(ArticleVersion.article_id == article.id)
    ).one()
    return ArticleVersion(
        article_id=article.id, number=(newest or 0) + 1, question="", created_at=now
    )


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
    copy = _new_version(session, article, now)
    copy.question = version.question
    copy.similar_questions = list(version.similar_questions)
    copy.answers = dict(version.answers)
    copy.extra = dict(version.extra)
    copy.author_id = author_id
    return copy
