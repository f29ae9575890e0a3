"""Which conversations belong together: a person's public threads and their private one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from channels.message import Visibility
from storage import windows
from storage.models import Conversation, Identity, Status, Ticket

BELONGS = timedelta(hours=48)
"""How long after the last word of one conversation another one still belongs to it."""
MOST = 8


def beside(session: Session, conversation: Conversation) -> list[Conversation]:
    """Return the person's conversations that went on at the same time as this one, newest first.

    On whatever inbox: it is one person with one matter, told here and there.
    """
    query = select(Conversation).where(
        Conversation.contact_id == conversation.contact_id,
        Conversation.id != conversation.id,
        or_(
            col(Conversation.status) != Status.RESOLVED,
            col(Conversation.last_activity_at) >= conversation.opened_at - BELONGS,
        ),
    )
    if conversation.status is Status.RESOLVED:
        query = query.where(col(Conversation.opened_at) <= conversation.last_activity_at + BELONGS)
    order = col(Conversation.last_activity_at).desc(), col(Conversation.id)
    return list(session.exec(query.order_by(*order).limit(MOST)))


def open_case(session: Session, conversation: Conversation, kind: str) -> Ticket | None:
    """Return the open case of a person's public thread to which a private one belongs, if any.

    Only from private: who speaks in public adds nothing to what was said in private.
    """
    if conversation.visibility is not Visibility.PRIVATE:
        return None
    public = [
        other.id for other in beside(session, conversation) if other.visibility is Visibility.PUBLIC
    ]
    query = select(Ticket).where(
        Ticket.kind == kind,
        Ticket.contact_id == conversation.contact_id,
        col(Ticket.conversation_id).in_(public),
        col(Ticket.closed_at).is_(None),
    )
    newest = col(Ticket.opened_at).desc(), col(Ticket.number).desc()
    return session.exec(query.order_by(*newest).limit(1)).first() if public else None


def private_place(
    session: Session, conversation: Conversation, now: datetime
) -> Conversation | None:
    """Return where the person of a public thread can be written to in private now, if anywhere.

    It is the newest conversation of their private thread on the same inbox, resolved or not.
    """
    query = (
        select(Conversation)
        .join(
            Identity,
            (col(Identity.inbox) == col(Conversation.inbox))
            & (col(Identity.platform_user) == col(Conversation.platform_contact)),
        )
        .where(
            Conversation.contact_id == conversation.contact_id,
            Conversation.inbox == conversation.inbox,
            Conversation.platform_contact == conversation.platform_contact,
            col(Conversation.visibility) == Visibility.PRIVATE,
            col(Identity.blocked).is_(False),
        )
        .order_by(col(Conversation.last_position).desc(), col(Conversation.opened_at).desc())
    )
    found = session.exec(query.limit(1)).first()
    return found if found is not None and windows.refusal(found, now) is None else None
