"""Cases and their steps: numbered by day, moved only forwards, never rewritten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, or_
from sqlmodel import Session, col, func, select

from storage.models.ticket import Ticket, TicketStep
from storage.zone import ZONE

PREFIXES = {"complaint": "TS", "after_sales": "SH", "feedback": "YJ"}
"""How the number of each kind of ticket begins."""

View = Literal["pending", "handled"]


def next_number(session: Session, kind: str, now: datetime) -> str:
    """Return the number of the day's next ticket of this kind, as in TS20261122-0001.

    The day is the firm's: who complains at seven in the morning reads the date on their own wall.
    """
    day = f"{PREFIXES[kind]}{now.astimezone(ZONE):%Y%m%d}-"
    newest = session.exec(
        select(Ticket.number)
        .where(col(Ticket.number).startswith(day))
        .order_by(func.length(Ticket.number).desc(), col(Ticket.number).desc())
    ).first()
    return f"{day}{int(newest.removeprefix(day)) + 1 if newest else 1:04}"


def add(session: Session, ticket: Ticket) -> Ticket:
    """Store a new ticket."""
    session.add(ticket)
    session.flush()
    return ticket


def get(session: Session, number: str) -> Ticket | None:
    """Return the ticket with this number."""
    return session.exec(select(Ticket).where(Ticket.number == number)).first()


def by_id(session: Session, ticket_id: UUID) -> Ticket | None:
    """Return the ticket with this key."""
    return session.get(Ticket, ticket_id)


def steps(session: Session, ticket_id: UUID) -> list[TicketStep]:
    """Return what was done with a ticket, in order."""
    query = select(TicketStep).where(TicketStep.ticket_id == ticket_id)
    return list(session.exec(query.order_by(col(TicketStep.position))))


def add_step(
    session: Session,
    ticket: Ticket,
    action: str,
    target: str,
    fields: Mapping[str, str],
    actor_id: UUID | None,
    now: datetime,
) -> TicketStep:
    """Write down a step and move the ticket to `target`; what `fields` say is merged into it."""
    taken = func.max(TicketStep.position)
    last = session.exec(select(taken).where(TicketStep.ticket_id == ticket.id)).one() or 0
    step = TicketStep(
        ticket_id=ticket.id,
        position=last + 1,
        action=action,
        source=ticket.state if last else "",
        target=target,
        actor_id=actor_id,
        fields=dict(fields),
        at=now,
    )
    ticket.state = target
    ticket.fields = {**ticket.fields, **fields}
    ticket.version += 1
    session.add_all([step, ticket])
    session.flush()
    return step


def list_tickets(
    session: Session,
    *,
    kind: str | None = None,
    state: str | None = None,
    view: View | None = None,
    query: str = "",
    limit: int = 50,
    before: str | None = None,
) -> list[Ticket]:
    """Return tickets, newest first; `before` is the number of the last one seen."""
    statement = select(Ticket).order_by(
        col(Ticket.opened_at).desc(), func.length(Ticket.number).desc(), col(Ticket.number).desc()
    )
    if kind is not None:
        statement = statement.where(Ticket.kind == kind)
    if state is not None:
        statement = statement.where(Ticket.state == state)
    if view is not None:
        closed = col(Ticket.closed_at)
        statement = statement.where(closed.is_(None) if view == "pending" else closed.is_not(None))
    if words := query.strip():
        statement = statement.where(_mentions(words))
    if before is not None and (seen := get(session, before)) is not None:
        statement = statement.where(_older_than(seen))
    return list(session.exec(statement.limit(limit)))


def of_contact(session: Session, contact_id: UUID, limit: int = 20) -> list[Ticket]:
    """Return a person's tickets, newest first."""
    query = select(Ticket).where(Ticket.contact_id == contact_id)
    order = col(Ticket.opened_at).desc(), col(Ticket.number).desc()
    return list(session.exec(query.order_by(*order).limit(limit)))


def of_conversation(session: Session, conversation_id: UUID) -> list[Ticket]:
    """Return the tickets that were opened in a conversation, newest first."""
    query = select(Ticket).where(Ticket.conversation_id == conversation_id)
    return list(session.exec(query.order_by(col(Ticket.opened_at).desc())))


def _mentions(words: str) -> ColumnElement[bool]:
    # JSON columns keep text escaped, so it is searched for as JSON would write it.
    escaped = json.dumps(words)[1:-1]
    return or_(
        col(Ticket.number).icontains(words, autoescape=True),
        col(Ticket.department).icontains(words, autoescape=True),
        cast(col(Ticket.fields), String).icontains(escaped, autoescape=True),
    )


def _older_than(seen: Ticket) -> ColumnElement[bool]:
    number = col(Ticket.number)
    size = func.length(number)
    same = col(Ticket.opened_at) == seen.opened_at
    earlier = or_(size < len(seen.number), (size == len(seen.number)) & (number < seen.number))
    return or_(col(Ticket.opened_at) < seen.opened_at, same & earlier)
