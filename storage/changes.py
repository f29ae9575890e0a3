"""What became of the live entries since a release, so that nobody has to read them all again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from storage.articles import LiveEntry, content_of, current_release
from storage.models import Article, ArticleVersion


@dataclass(frozen=True, slots=True)
class Changes:
    """The live release, the entries that are new or other in it, and the keys it lacks."""

    release: int
    entries: list[LiveEntry]
    gone: frozenset[str]


def changed_since(session: Session, release: int) -> Changes:
    """Compare the live release with an earlier one."""
    came = (
        select(Article.key, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id)
        .where(col(ArticleVersion.live_from) > release, col(ArticleVersion.live_to).is_(None))
        .order_by(Article.key)
    )
    left = (
        select(Article.key)
        .where(ArticleVersion.article_id == Article.id)
        .where(col(ArticleVersion.live_from) <= release, col(ArticleVersion.live_to) > release)
    )
    entries = [LiveEntry(key, v.id, content_of(v)) for key, v in session.exec(came)]
    gone = frozenset(session.exec(left)) - {entry.key for entry in entries}
    return Changes(current_release(session), entries, gone)
