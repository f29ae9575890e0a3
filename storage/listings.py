"""The lists of the desk: who waits, what was said, how it left. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import Session, col, select

from storage.models import (
    Activity,
    Agent,
    Contact,
    Conversation,
    Delivery,
    DeliveryStatus,
    Fact,
    Identity,
    Message,
    Owner,
    Status,
)

PAGE = 30


class View(StrEnum):
    """The tabs of the inbox."""

    QUEUE = "queue"
    MINE = "mine"
    BOT = "bot"
    ALL = "all"
    RESOLVED = "resolved"


SHOWN = (
    Fact.CONVERSATION_HANDED_OFF,
    Fact.CONVERSATION_TAKEN,
    Fact.CONVERSATION_HANDED_BACK,
    Fact.CONVERSATION_RESOLVED,
    Fact.TICKET_OPENED,
    Fact.TICKET_STEP,
)
"""The facts that a thread tells between its messages."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inbox."""

    conversation: Conversation
    contact: Contact
    assignee: Agent | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: after the row with this time and id (and urgency, queued)."""

    at: datetime
    id: UUID
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows: a tab, one person's view, some inboxes, some words."""

    view: View
    agent_id: UUID
    inboxes: Collection[str] | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many open conversations each tab has; `waiting` are those nobody has taken."""

    queue: int = 0
    mine: int = 0
    bot: int = 0
    all: int = 0


def rows(
    session: Session, wanted: Filter, cursor: Cursor | None = None, limit: int = PAGE
) -> list[Row]:
    """Return a page of the inbox: the queue urgent and longest waiting first, the rest newest."""
    query = _joined().where(*_conditions(wanted))
    at, number = _order(wanted.view), col(Conversation.id)
    if wanted.view is View.QUEUE:
        urgent = col(Conversation.urgent)
        if cursor:
            later = or_(at > cursor.at, and_(at == cursor.at, number > cursor.id))
            alike = and_(urgent.is_(cursor.urgent), later)
            query = query.where(or_(alike, urgent.is_(False)) if cursor.urgent else alike)
        query = query.order_by(urgent.desc(), at, number)
    else:
        if cursor:
            earlier = and_(at == cursor.at, number < cursor.id)
            query = query.where(or_(at < cursor.at, earlier))
        query = query.order_by(at.desc(), number.desc())
    return [Row(*found) for found in session.exec(query.limit(limit))]


def rows_of(session: Session, conversation_ids: Collection[UUID]) -> list[Row]:
    """Return the lines of some conversations, in no order."""
    query = _joined().where(col(Conversation.id).in_(conversation_ids))
    return [Row(*found) for found in session.exec(query)]


def row(session: Session, conversation_id: UUID) -> Row | None:
    """Return the line of one conversation."""
    return next(iter(rows_of(session, [conversation_id])), None)


def next_cursor(view: View, page: Sequence[Row], limit: int = PAGE) -> Cursor | None:
    """Return where the page after this one begins; None if this is the last."""
    if len(page) < limit:
        return None
    last = page[-1].conversation
    if view is View.QUEUE:
        return Cursor(last.waiting_since or last.opened_at, last.id, last.urgent)
    return Cursor(last.last_activity_at, last.id)


def queue(session: Session) -> list[UUID]:
    """Return the conversations that wait for a person, in the order of the desk's list."""
    query = select(Conversation.id).where(
        col(Conversation.status) != Status.RESOLVED, col(Conversation.owner) == Owner.QUEUE
    )
    order = (col(Conversation.urgent).desc(), _order(View.QUEUE), col(Conversation.id))
    return list(session.exec(query.order_by(*order)))


def counts(session: Session, agent_id: UUID) -> Counts:
    """Count the open conversations of each tab."""
    mine = func.sum(_as_number(col(Conversation.assignee_id) == agent_id))
    query = (
        select(Conversation.owner, func.count(), mine)
        .where(col(Conversation.status) != Status.RESOLVED)
        .group_by(col(Conversation.owner))
    )
    found = {owner: (number, own or 0) for owner, number, own in session.exec(query)}
    return Counts(
        queue=found.get(Owner.QUEUE, (0, 0))[0],
        mine=found.get(Owner.AGENT, (0, 0))[1],
        bot=found.get(Owner.BOT, (0, 0))[0],
        all=sum(number for number, _ in found.values()),
    )


def deliveries_of(session: Session, message_ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """Return how each message stands on its way; of several parts, the one worst off."""
    worst: dict[UUID, Delivery] = {}
    query = select(Delivery).where(
        col(Delivery.message_id).in_(message_ids), col(Delivery.superseded).is_(False)
    )
    for delivery in session.exec(query):
        known = worst.get(delivery.message_id)
        if known is None or _rank(delivery) > _rank(known):
            worst[delivery.message_id] = delivery
    return worst


def events_of(
    session: Session, conversation_id: UUID, after: int, limit: int = 50
) -> list[Activity]:
    """Return what happened to a conversation besides words, after a fact's number, in order."""
    query = (
        select(Activity)
        .where(Activity.conversation_id == conversation_id, col(Activity.id) > after)
        .where(col(Activity.fact).in_(SHOWN))
        .order_by(col(Activity.id).desc())
    )
    return list(session.exec(query.limit(limit)))[::-1]


def messages_of(session: Session, message_ids: Collection[UUID]) -> list[Message]:
    """Return some messages in order."""
    query = select(Message).where(col(Message.id).in_(message_ids))
    return list(session.exec(query.order_by(col(Message.position))))


def agents_of(session: Session, agent_ids: Collection[UUID]) -> dict[UUID, Agent]:
    """Return some people by id."""
    query = select(Agent).where(col(Agent.id).in_(agent_ids))
    return {agent.id: agent for agent in session.exec(query)}


def identities(session: Session, contact_id: UUID) -> list[Identity]:
    """Return under which names a contact is known, inbox by inbox."""
    query = select(Identity).where(Identity.contact_id == contact_id)
    return list(session.exec(query.order_by(col(Identity.inbox))))


def earlier(session: Session, conversation: Conversation, limit: int = 8) -> list[Conversation]:
    """Return the contact's other conversations, newest first."""
    query = (
        select(Conversation)
        .where(
            Conversation.contact_id == conversation.contact_id,
            Conversation.id != conversation.id,
        )
        .order_by(col(Conversation.last_activity_at).desc())
    )
    return list(session.exec(query.limit(limit)))


def _joined() -> Any:  # noqa: ANN401 - a three-column select has no shorter name
    return (
        select(Conversation, Contact, Agent)
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .join(Agent, col(Agent.id) == col(Conversation.assignee_id), isouter=True)
    )


def _order(view: View) -> Any:  # noqa: ANN401 - a column or a function of two
    if view is View.QUEUE:
        return func.coalesce(col(Conversation.waiting_since), col(Conversation.opened_at))
    return col(Conversation.last_activity_at)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    made = list(_of_view(wanted.view, wanted.agent_id))
    if wanted.inboxes is not None:
        made.append(col(Conversation.inbox).in_(wanted.inboxes))
    if wanted.words:
        made.append(_mentions(wanted.words))
    return made


def _of_view(view: View, agent_id: UUID) -> tuple[ColumnElement[bool], ...]:
    is_open = col(Conversation.status) != Status.RESOLVED
    match view:
        case View.QUEUE:
            return is_open, col(Conversation.owner) == Owner.QUEUE
        case View.MINE:
            return (
                is_open,
                col(Conversation.owner) == Owner.AGENT,
                col(Conversation.assignee_id) == agent_id,
            )
        case View.BOT:
            return is_open, col(Conversation.owner) == Owner.BOT
        case View.ALL:
            return (is_open,)
        case View.RESOLVED:
            return (col(Conversation.status) == Status.RESOLVED,)


def _mentions(words: str) -> ColumnElement[bool]:
    named = col(Contact.name).icontains(words, autoescape=True)
    said = col(Conversation.preview).icontains(words, autoescape=True)
    return or_(named, said)


def _as_number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


_ORDER = (
    DeliveryStatus.SENT,
    DeliveryStatus.SENDING,
    DeliveryStatus.PENDING,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.FAILED,
)


def _rank(delivery: Delivery) -> int:
    return _ORDER.index(delivery.status)
