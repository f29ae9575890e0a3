"""Entries of the knowledge base, read: what is live, what is drafted, what was."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.models import Article, ArticleVersion, Release
from storage.rules import Rules, rules_of


@dataclass(frozen=True, slots=True)
class Content:
    """What an editor writes: one revision of an entry.

    `told` names the rules that a file says anything of: where it is one of many drafts, the others
    stay as they are. None: it says all, or where there are none, nothing.
    """

    question: str
    similar_questions: Sequence[str] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "other"
    category: str = ""
    rules: Rules = field(default_factory=Rules)
    told: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class LiveEntry:
    """One entry as customers get it."""

    key: str
    version_id: UUID
    content: Content


@dataclass(frozen=True, slots=True)
class ArticleState:
    """An entry with its live revision and its draft; either may be missing."""

    article: Article
    live: ArticleVersion | None
    draft: ArticleVersion | None


def content_of(version: ArticleVersion) -> Content:
    """Return what a revision says."""
    return Content(
        version.question,
        tuple(version.similar_questions),
        dict(version.answers),
        str(version.extra.get("kind", "other")),
        str(version.extra.get("category", "")),
        rules_of(version.extra.get("rules", {})),
    )


def columns_of(content: Content) -> dict[str, Any]:
    """Return a revision's columns for what an editor wrote."""
    extra: dict[str, Any] = {"kind": content.kind, "category": content.category}
    if kept := content.rules.stored():
        extra["rules"] = kept
    return {
        "question": content.question,
        "similar_questions": list(content.similar_questions),
        "answers": dict(content.answers),
        "extra": extra,
    }


def current_release(session: Session) -> int:
    """Return the number of the live release, 0 before the first."""
    return session.exec(select(func.max(Release.number))).one() or 0


def releases(session: Session, limit: int = 50, offset: int = 0) -> list[Release]:
    """Return the releases, newest first."""
    query = select(Release).order_by(col(Release.number).desc())
    return list(session.exec(query.limit(limit).offset(offset)))


def live_entries(session: Session) -> list[LiveEntry]:
    """Return every live entry, by key."""
    query = (
        select(Article.key, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id)
        .where(col(ArticleVersion.live_from).is_not(None), col(ArticleVersion.live_to).is_(None))
        .order_by(Article.key)
    )
    return [LiveEntry(key, version.id, content_of(version)) for key, version in session.exec(query)]


def drafts(session: Session, keys: Collection[str] | None) -> dict[str, ArticleVersion]:
    """Return the drafts of these entries, or of all, by key."""
    query = (
        select(Article.key, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id)
        .where(col(ArticleVersion.live_from).is_(None), col(ArticleVersion.live_to).is_(None))
        .order_by(Article.key)
    )
    return {key: version for key, version in session.exec(query) if keys is None or key in keys}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which entries are asked for; an empty word chooses nothing.

    A category holds those below it: `a` holds `a/b`.
    """

    query: str = ""
    kind: str = ""
    category: str = ""
    drafted: bool = False
    """Only those whose next release would be another."""


ALL = Chosen()


def list_articles(
    session: Session, chosen: Chosen = ALL, limit: int = 50, offset: int = 0
) -> list[ArticleState]:
    """Return entries that are live or drafted, by key, with both states."""
    found = select(Article).where(*conditions(chosen)).order_by(col(Article.key))
    articles = list(session.exec(found.limit(limit).offset(offset)))
    return states(session, articles)


def count_articles(session: Session, chosen: Chosen = ALL) -> int:
    """Return how many entries `list_articles` would find in all."""
    return session.exec(select(func.count()).select_from(Article).where(*conditions(chosen))).one()


def questions(session: Session, keys: Collection[str] | None = None) -> dict[str, str]:
    """Return the standard questions of these entries, or of all, live or drafted, by key."""
    query = (
        select(Article.key, ArticleVersion.question)
        .where(ArticleVersion.article_id == Article.id, col(ArticleVersion.live_to).is_(None))
        .order_by(col(ArticleVersion.live_from).is_(None), Article.key)
    )
    if keys is not None:
        query = query.where(col(Article.key).in_(keys))
    return dict(session.exec(query).all())


def category_counts(session: Session) -> dict[str, int]:
    """Return how many entries that are live or drafted stand in each category itself."""
    query = (
        select(Article.category, func.count())
        .where(col(Article.id).in_(_current("")))
        .group_by(Article.category)
        .order_by(Article.category)
    )
    return dict(session.exec(query).all())


def conditions(chosen: Chosen) -> list[ColumnElement[bool]]:
    """Return what an entry must be to be chosen."""
    wanted: list[ColumnElement[bool]] = [col(Article.id).in_(_current(chosen.query))]
    if chosen.kind:
        wanted.append(col(Article.kind) == chosen.kind)
    if chosen.category:
        below = _pattern(f"{chosen.category}/")[1:]
        stands = col(Article.category)
        wanted.append(or_(stands == chosen.category, stands.like(below, escape="\\")))
    if chosen.drafted:
        wanted.append(col(Article.id).in_(_DRAFTED))
    return wanted


_DRAFTED = select(ArticleVersion.article_id).where(
    col(ArticleVersion.live_from).is_(None), col(ArticleVersion.live_to).is_(None)
)


def _current(query: str) -> SelectOfScalar[UUID]:
    found = select(ArticleVersion.article_id).where(col(ArticleVersion.live_to).is_(None))
    if query:
        pattern, in_json = _pattern(query), _pattern(json.dumps(query)[1:-1])
        keys = select(Article.id).where(col(Article.key).ilike(pattern, escape="\\"))
        lists = (col(ArticleVersion.similar_questions), col(ArticleVersion.answers))
        found = found.where(
            or_(
                col(ArticleVersion.question).ilike(pattern, escape="\\"),
                *(cast(texts, String).ilike(in_json, escape="\\") for texts in lists),
                col(ArticleVersion.article_id).in_(keys),
            )
        )
    return found


def _pattern(text: str) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"


def states(session: Session, articles: Sequence[Article]) -> list[ArticleState]:
    """Return the live revision and the draft of each entry."""
    ids = [article.id for article in articles]
    live: dict[UUID, ArticleVersion] = {}
    drafts: dict[UUID, ArticleVersion] = {}
    query = select(ArticleVersion).where(
        col(ArticleVersion.article_id).in_(ids), col(ArticleVersion.live_to).is_(None)
    )
    for version in session.exec(query):
        (drafts if version.live_from is None else live)[version.article_id] = version
    return [ArticleState(a, live.get(a.id), drafts.get(a.id)) for a in articles]


def get_article(session: Session, key: str) -> ArticleState | None:
    """Return one entry, None if there is none of this key."""
    article = session.exec(select(Article).where(Article.key == key)).one_or_none()
    return None if article is None else states(session, [article])[0]


def key_of(session: Session, version: ArticleVersion) -> str:
    """Return the key of a revision's entry."""
    return session.get_one(Article, version.article_id).key


def versions(session: Session, key: str) -> list[ArticleVersion]:
    """Return every revision of an entry, newest first."""
    query = (
        select(ArticleVersion)
        .where(ArticleVersion.article_id == Article.id, Article.key == key)
        .where(
            or_(col(ArticleVersion.live_from).is_not(None), col(ArticleVersion.live_to).is_(None))
        )
        .order_by(col(ArticleVersion.number).desc())
    )
    return list(session.exec(query))


def new_version(session: Session, article: Article, now: datetime) -> ArticleVersion:
    """Return the next revision of an entry, empty and not stored yet."""
    newest = session.exec(
        select(func.max(ArticleVersion.number)).where(ArticleVersion.article_id == article.id)
    ).one()
    return ArticleVersion(
        article_id=article.id, number=(newest or 0) + 1, question="", created_at=now
    )
