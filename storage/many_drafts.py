"""Drafts by the ten thousand: written in few statements, so that nobody waits for them long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlmodel import Session

from storage import attachments
from storage.among import among
from storage.articles import Content, columns_of
from storage.models import Article, ArticleVersion
from storage.rows import add_all, execute_all, find_all
from storage.rules import Rules, rules_of
from storage.types import new_id
from storage.upsert import table_of

_article, _version = table_of(Article), table_of(ArticleVersion)
_KNOWN = select(_article.c.key, _article.c.id).where(among(_article.c.key, "b_keys"))
_NUMBERS = (
    select(_version.c.article_id, func.max(_version.c.number))
    .where(among(_version.c.article_id, "b_ids"))
    .group_by(_version.c.article_id)
)
_DRAFTS = select(_version.c.article_id, _version.c.id).where(
    among(_version.c.article_id, "b_ids"),
    _version.c.live_from.is_(None),
    _version.c.live_to.is_(None),
)
# Of a draft and what is live, the draft comes last: it counts.
_RULES = (
    select(_version.c.article_id, _version.c.extra)
    .where(among(_version.c.article_id, "b_ids"), _version.c.live_to.is_(None))
    .order_by(_version.c.number)
)
_FILLED = ("question", "similar_questions", "answers", "extra", "deleted", "author_id",
           "created_at")  # fmt: skip
_REWRITE = (
    update(_version)
    .where(_version.c.id == bindparam("b_id", type_=_version.c.id.type))
    .values({name: bindparam(f"b_{name}", type_=_version.c[name].type) for name in _FILLED})
)
_MOVE = (
    update(_article)
    .where(_article.c.id == bindparam("b_id", type_=_article.c.id.type))
    .values(
        kind=bindparam("b_kind", type_=_article.c.kind.type),
        category=bindparam("b_category", type_=_article.c.category.type),
    )
)


def save_drafts(
    session: Session, contents: Mapping[str, Content], author_id: UUID | None, now: datetime
) -> int:
    """Write many drafts by key, as `save_draft` would one by one; return how many.

    An entry whose new content has no rules keeps those that it has: a table says nothing of them
    but the files, and of these only where there are some.
    """
    session.flush()
    connection = session.connection()
    ids = dict(_pairs(session, _KNOWN, {"b_keys": list(contents)}))
    numbers = dict(_pairs(session, _NUMBERS, {"b_ids": list(ids.values())}))
    drafts = dict(_pairs(session, _DRAFTS, {"b_ids": list(ids.values())}))
    rules = dict(_pairs(session, _RULES, {"b_ids": list(ids.values())}))
    articles: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for key, content in contents.items():
        if key not in ids:
            ids[key] = new_id()
            articles.append(_article_row(ids[key], key, content, now))
        else:
            moved.append({"b_id": ids[key], "b_kind": content.kind, "b_category": content.category})
        before = rules.get(ids[key], {}).get("rules", {})
        content = replace(content, rules=_kept(rules_of(before), content.rules))  # noqa: PLW2901 - what is stored
        row = {**columns_of(content), "deleted": False, "author_id": author_id, "created_at": now}
        draft = drafts.get(ids[key])
        if draft is None:
            number = numbers.get(ids[key], 0) + 1
            new.append({"id": new_id(), "article_id": ids[key], "number": number, **row})
        else:
            changed.append({"b_id": draft, **{f"b_{name}": row[name] for name in _FILLED}})
    add_all(connection, Article, articles)
    execute_all(connection, _MOVE, moved)
    add_all(connection, ArticleVersion, new)
    execute_all(connection, _REWRITE, changed)
    attachments.use(session, (file for each in contents.values() for file in each.rules.files), now)
    session.expire_all()
    return len(contents)


def _kept(before: Rules, told: Rules) -> Rules:
    if told != Rules(files=told.files):
        return told
    return replace(before, files=told.files or before.files)


def _article_row(article_id: UUID, key: str, content: Content, now: datetime) -> dict[str, Any]:
    about = {"kind": content.kind, "category": content.category}
    return {"id": article_id, "key": key, **about, "created_at": now}


def _pairs(
    session: Session, query: Select[Any], given: Mapping[str, Sequence[Any]]
) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in find_all(session.connection(), query, given)]
