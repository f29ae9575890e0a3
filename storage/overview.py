"""What the console's overviews count and list besides the lists of their own rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from storage.articles import ArticleState, states
from storage.models import (
    Agent,
    Article,
    ArticleVersion,
    Conversation,
    Delivery,
    DeliveryStatus,
    InboundEvent,
    Lane,
    Message,
    Role,
)

ON_THEIR_WAY = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
_REVISIONS_EACH = 4
"""How many revisions of an entry that is gone are looked through, all in all."""
LOST = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many messages of each inbox wait, failed since a moment, or were not understood."""

    waiting: Mapping[str, int]
    lost: Mapping[str, int]
    unclear: Mapping[str, int]


def traffic(session: Session, since: datetime) -> Traffic:
    """Return what the inboxes have on their way now, and what went wrong `since` then."""
    undecided = col(Delivery.created_at) >= since, col(Delivery.superseded).is_(False)
    return Traffic(
        _by_inbox(session, Delivery.inbox, col(Delivery.status).in_(ON_THEIR_WAY)),
        _by_inbox(session, Delivery.inbox, col(Delivery.status).in_(LOST), *undecided),
        _by_inbox(session, InboundEvent.inbox, col(InboundEvent.problem).is_not(None)),
    )


def _by_inbox(session: Session, inbox: str, *where: ColumnElement[bool]) -> dict[str, int]:
    query = select(inbox, func.count()).where(*where).group_by(inbox)
    return dict(session.exec(query).all())


def unfinished(session: Session) -> int:
    """Return how many threads have something that was not worked yet, on its way in or out."""
    behind = col(Lane.last_in) > col(Lane.done)
    return session.exec(select(func.count()).select_from(Lane).where(behind)).one()


def spoken(session: Session, inbox: str) -> list[Message]:
    """Return everything that was said on an inbox, each thread in its order."""
    query = select(Message).join(Conversation, col(Conversation.id) == Message.conversation_id)
    order = (col(Conversation.thread), col(Message.position))
    return list(session.exec(query.where(Conversation.inbox == inbox).order_by(*order)))


def deliveries(session: Session, inbox: str) -> list[Delivery]:
    """Return everything that was to be sent on an inbox, each thread in its order."""
    order = (col(Delivery.lane), col(Delivery.sequence))
    return list(session.exec(select(Delivery).where(Delivery.inbox == inbox).order_by(*order)))


def is_unused(session: Session) -> bool:
    """Say whether nobody ever worked with this database."""
    return not any(session.exec(select(kind).limit(1)).first() for kind in (InboundEvent, Article))


def drafted(session: Session, limit: int = 500) -> list[ArticleState]:
    """Return the entries that have a draft, by key."""
    with_draft = select(ArticleVersion.article_id).where(*_is_draft())
    query = select(Article).where(col(Article.id).in_(with_draft)).order_by(col(Article.key))
    return states(session, list(session.exec(query.limit(limit))))


def newest_drafts(session: Session, limit: int) -> dict[str, ArticleVersion]:
    """Return the drafts that were written last, by key, without those that take an entry out."""
    query = (
        select(Article.key, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id, *_is_draft())
        .where(col(ArticleVersion.deleted).is_(False))
        .order_by(col(ArticleVersion.created_at).desc(), Article.key)
        .limit(limit)
    )
    return dict(session.exec(query).all())


def gone(session: Session, limit: int) -> list[tuple[str, ArticleVersion]]:
    """Return the entries that are neither live nor drafted any more, as they were live last.

    By key, those first that left last.
    """
    there = select(ArticleVersion.article_id).where(col(ArticleVersion.live_to).is_(None))
    query = (
        select(Article.key, ArticleVersion)
        .where(ArticleVersion.article_id == Article.id, col(Article.id).not_in(there))
        .where(col(ArticleVersion.live_from).is_not(None))
    )
    latest = col(ArticleVersion.live_to).desc(), Article.key, col(ArticleVersion.number).desc()
    last: dict[str, ArticleVersion] = {}
    for key, version in session.exec(query.order_by(*latest).limit(_REVISIONS_EACH * limit)):
        last.setdefault(key, version)
    return list(last.items())[:limit]


def count_drafts(session: Session) -> int:
    """Return how many entries have a draft."""
    return session.exec(select(func.count()).select_from(ArticleVersion).where(*_is_draft())).one()


def categories(session: Session) -> list[str]:
    """Return the categories in use, by name."""
    query = select(Article.category).distinct().where(Article.category != "")
    return list(session.exec(query.order_by(Article.category)))


def count_admins(session: Session) -> int:
    """Return how many administrators can log in."""
    admins = (Agent.role == Role.ADMIN, col(Agent.enabled).is_(True))
    return session.exec(select(func.count()).select_from(Agent).where(*admins)).one()


def _is_draft() -> tuple[ColumnElement[bool], ...]:
    return col(ArticleVersion.live_from).is_(None), col(ArticleVersion.live_to).is_(None)
