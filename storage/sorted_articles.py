"""The list of entries in the order that an editor asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from storage import usage
from storage.articles import ArticleState, Chosen, conditions, list_articles, states
from storage.models import Article, ArticleVersion


class By(StrEnum):
    """What the list of entries is sorted by."""

    KEY = ""
    QUESTION = "question"
    HITS = "hits"
    HANDED = "handed"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the list; `falls`: the greatest comes first. Equal ones stand by their keys."""

    by: By = By.KEY
    falls: bool = False


def in_order(
    session: Session, chosen: Chosen, order: Order, since: datetime, limit: int, offset: int = 0
) -> list[ArticleState]:
    """Return a page of the entries that are live or drafted, with both states.

    What nobody asked for since then has no share of hand-overs and comes last, whichever way.
    """
    if order.by is By.KEY:
        return list_articles(session, chosen, limit, offset)
    ids = select(col(Article.id)).where(*conditions(chosen))
    match order.by:
        case By.HITS:
            ids = _by_hits(ids, order)
        case By.HANDED:
            ids = _by_handed(ids, order)
        case _:
            ids = _by_version(ids, order)
    page = ids.order_by(col(Article.key)).limit(limit).offset(offset)
    found = [row[0] for row in session.connection().execute(page, {"b_since": since})]
    articles = {a.id: a for a in session.exec(pick(Article).where(col(Article.id).in_(found)))}
    return states(session, [articles[each] for each in found])


def _by_hits(ids: Any, order: Order) -> Any:  # noqa: ANN401 - a select
    use = usage.HITS.subquery()
    hits = func.coalesce(use.c.hits, 0)
    joined = ids.join(use, use.c.entry == Article.key, isouter=True)
    return joined.order_by(_turned(hits, order))


def _by_handed(ids: Any, order: Order) -> Any:  # noqa: ANN401 - a select
    use = usage.counted().subquery()
    share = cast(use.c.handed, Float) / use.c.talks
    joined = ids.join(use, use.c.entry == Article.key, isouter=True)
    asked = case((use.c.talks > 0, 0), else_=1)
    return joined.order_by(asked, _turned(share, order), use.c.talks.desc())


def _by_version(ids: Any, order: Order) -> Any:  # noqa: ANN401 - a select
    """Sort by what is shown of an entry: its draft, else what is live, which has lower numbers."""
    shown = (
        select(col(ArticleVersion.article_id), func.max(ArticleVersion.number).label("number"))
        .where(col(ArticleVersion.live_to).is_(None))
        .group_by(col(ArticleVersion.article_id))
        .subquery()
    )
    column: Any = (
        col(ArticleVersion.question) if order.by is By.QUESTION else col(ArticleVersion.created_at)
    )
    joined = ids.join(shown, shown.c.article_id == Article.id).join(
        ArticleVersion,
        (col(ArticleVersion.article_id) == shown.c.article_id)
        & (col(ArticleVersion.number) == shown.c.number),
    )
    return joined.order_by(_turned(column, order))


def _turned(column: ColumnElement[Any], order: Order) -> ColumnElement[Any]:
    return column.desc() if order.falls else column.asc()
