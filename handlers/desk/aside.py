"""From a public thread to the person's private one: the answer there, and here that it is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from channels.cards import carded
from channels.message import Address, Text, Visibility
from handlers.chat.texts import say
from handlers.desk.conversations import may_reply, own_echo, sayable, take
from handlers.desk.errors import AlreadyChanged, NoReplyNow
from storage import contacts, conversations, kindred
from storage.models.conversation import Author, Conversation, Message, Status
from storage.models.people import Agent

NOWHERE = "no_private_thread"
"""Why nothing can be said in private: they have not written there, or too long ago."""


def reply_privately(
    session: Session,
    conversation_id: UUID,
    agent: Agent,
    text: str,
    now: datetime,
    *,
    echo_id: str | None = None,
) -> Message:
    """Answer a public thread in private, and say there that we have; return what was said here.

    The agent has both conversations then. The same `echo_id` is the same answer.

    Raises:
        NotYours: the public conversation is not this agent's.
        AlreadyTaken: a colleague has the private one.
        NoReplyNow: there is no private thread that may be written to now.
        BadText, AlreadyChanged, AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    said = sayable(text)
    public = may_reply(session, conversation_id, agent)
    if (first := conversations.echoed(session, public.id, own_echo(echo_id))) is not None:
        return first
    place = None
    if public.visibility is Visibility.PUBLIC:
        place = kindred.private_place(session, public, now)
    if place is None:
        raise NoReplyNow(reason=NOWHERE)
    place = _taken(session, _opened(session, place, now), agent, now)
    conversations.append(session, place, Author.AGENT, carded(said), now, agent_id=agent.id)
    notice = (Text(text=say("written_privately", public.language)),)
    echo = own_echo(echo_id)
    return conversations.append(
        session, public, Author.AGENT, notice, now, agent_id=agent.id, echo_id=echo
    )


def _opened(session: Session, place: Conversation, now: datetime) -> Conversation:
    """Return an open conversation of the same thread, with what is left of the window."""
    if place.status is not Status.RESOLVED:
        return place
    address = Address(inbox=place.inbox, thread=place.thread, contact=place.platform_contact)
    contact = contacts.get(session, place.contact_id)
    assert contact is not None  # noqa: S101 - a foreign key
    try:
        opened = conversations.open_for(session, address, contact, place.language, now)
    except conversations.AlreadyOpen:
        raise AlreadyChanged from None
    opened.reply_until, opened.replies_left = place.reply_until, place.replies_left
    return opened


def _taken(session: Session, place: Conversation, agent: Agent, now: datetime) -> Conversation:
    take(session, place.id, agent, now)
    return session.get_one(Conversation, place.id)
