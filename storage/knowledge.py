"""The knowledge base: entries, drafts, releases. A release is never changed, only followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from storage import attachments
from storage.articles import (
    ArticleState,
    Chosen,
    Content,
    LiveEntry,
    category_counts,
    columns_of,
    content_of,
    count_articles,
    current_release,
    drafts,
    get_article,
    list_articles,
    live_entries,
    new_version,
    releases,
    versions,
)
from storage.database import StorageError
from storage.many_drafts import save_drafts
from storage.models import Article, ArticleVersion
from storage.releases import NothingToPublish, UnknownRelease, publish, rollback

__all__ = [
    "ArticleState",
    "Chosen",
    "Content",
    "LiveEntry",
    "NothingToPublish",
    "UnknownArticle",
    "UnknownRelease",
    "category_counts",
    "content_of",
    "count_articles",
    "current_release",
    "delete_draft",
    "drafts",
    "get_article",
    "list_articles",
    "live_entries",
    "mark_deleted",
    "move_category",
    "publish",
    "releases",
    "rollback",
    "save_draft",
    "save_drafts",
    "versions",
]


MOST_MOVED = 5000
"""How many entries are moved to another category at once."""


class UnknownArticle(StorageError):
    """There is no entry of this key."""


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
    article.kind, article.category = content.kind, content.category
    draft = _draft_of(session, article) or new_version(session, article, now)
    _fill(draft, content, author_id, now)
    attachments.use(session, content.rules.files, now)
    session.add(draft)
    session.flush()
    return draft


def _fill(draft: ArticleVersion, content: Content, author_id: UUID | None, now: datetime) -> None:
    for name, value in columns_of(content).items():
        setattr(draft, name, value)
    draft.deleted = False
    draft.author_id, draft.created_at = author_id, now


def move_category(
    session: Session, old: str, new: str, author_id: UUID | None, now: datetime
) -> int:
    """Write drafts that move a category, and those below it, elsewhere; return how many."""
    moved = 0
    for state in list_articles(session, Chosen(category=old), MOST_MOVED):
        version = state.draft or state.live
        if version is None or version.deleted:
            continue
        content = content_of(version)
        category = f"{new}{content.category[len(old) :]}".strip("/")
        changed = replace(content, category=category)
        save_draft(session, state.article.key, changed, author_id, now)
        moved += 1
    return moved


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
    if state.live is not None:
        live = content_of(state.live)
        state.article.kind, state.article.category = live.kind, live.category
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
