"""Drafts by the ten thousand: written in few statements, so that nobody waits for them long."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from storage.rules import Rules, over, rules_of
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


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of some entries: ids by key, and by id their newest revision and its like."""

    ids: dict[str, UUID]
    numbers: Mapping[UUID, int]
    drafts: Mapping[UUID, UUID]
    extras: Mapping[UUID, Mapping[str, Any]]
    """What revisions say beside their words; of a draft and what is live, the draft counts."""

    @classmethod
    def of(cls, session: Session, keys: Collection[str]) -> Known:
        """Read it."""
        session.flush()
        ids = dict(_pairs(session, _KNOWN, {"b_keys": list(keys)}))
        about = {"b_ids": list(ids.values())}
        found = (dict(_pairs(session, query, about)) for query in (_NUMBERS, _DRAFTS, _RULES))
        return cls(ids, *found)

    def row(self, article_id: UUID, content: Content) -> dict[str, Any]:
        """Return what is stored of a content: the rules that it does not tell stay as they were."""
        before = rules_of(self.extras.get(article_id, {}).get("rules", {}))
        content = replace(content, rules=_kept(before, content))
        return {**columns_of(content), "deleted": False}

    def next_number(self, article_id: UUID) -> int:
        """Return the number of an entry's next revision."""
        return self.numbers.get(article_id, 0) + 1


def save_drafts(
    session: Session, contents: Mapping[str, Content], author_id: UUID | None, now: datetime
) -> int:
    """Write many drafts by key, as `save_draft` would one by one; return how many.

    An entry keeps the rules that its new content does not tell, and its files where there are none.
    """
    known, connection = Known.of(session, contents), session.connection()
    moved = [moving(known.ids[key], contents[key]) for key in contents if key in known.ids]
    add_articles(session, known, contents, now)
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for key, content in contents.items():
        article_id = known.ids[key]
        row = {**known.row(article_id, content), "author_id": author_id, "created_at": now}
        draft = known.drafts.get(article_id)
        if draft is None:
            number = known.next_number(article_id)
            new.append({"id": new_id(), "article_id": article_id, "number": number, **row})
        else:
            changed.append({"b_id": draft, **{f"b_{name}": row[name] for name in _FILLED}})
    move(session, moved)
    add_all(connection, ArticleVersion, new)
    execute_all(connection, _REWRITE, changed)
    attachments.use(session, (file for each in contents.values() for file in each.rules.files), now)
    session.expire_all()
    return len(contents)


def _kept(before: Rules, content: Content) -> Rules:
    rules = content.rules
    files = rules.files or before.files
    if content.told is not None:
        return replace(over(before, rules, content.told), files=files)
    return rules if rules != Rules(files=rules.files) else replace(before, files=files)


def add_articles(
    session: Session, known: Known, contents: Mapping[str, Content], now: datetime
) -> None:
    """Store the entries that are not there yet, and take note of their ids."""
    articles = []
    for key, content in contents.items():
        if key not in known.ids:
            known.ids[key] = new_id()
            about = {"kind": content.kind, "category": content.category}
            articles.append({"id": known.ids[key], "key": key, **about, "created_at": now})
    add_all(session.connection(), Article, articles)


def moving(article_id: UUID, content: Content) -> dict[str, Any]:
    """Return where an entry belongs by its content, for `move`."""
    return {"b_id": article_id, "b_kind": content.kind, "b_category": content.category}


def move(session: Session, moved: Sequence[Mapping[str, Any]]) -> None:
    """Put entries under their kinds and categories."""
    execute_all(session.connection(), _MOVE, moved)


def _pairs(
    session: Session, query: Select[Any], given: Mapping[str, Sequence[Any]]
) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in find_all(session.connection(), query, given)]
