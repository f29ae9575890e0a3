"""Makes an outcome true: in one transaction, and only if nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from channels.message import ContactEvent, IncomingMessage, Text
from handlers.base import Action, Handoff, OpenTicket, Outcome, Record, Resolve, SetDialog, Turn
from handlers.chat.handoff import hand_over
from handlers.desk.tickets import NewTicket, open_ticket
from storage import activity, contacts, conversations
from storage.models.activity import Fact
from storage.models.conversation import Author, Conversation, Message, Owner, Status
from storage.models.people import Identity
from storage.models.ticket import Ticket

_GONE = frozenset({"unfollowed", "blocked"})


class Stale(Exception):
    """The conversation has changed since the turn was built; build it and think again."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a turn: the stored conversation, what was said, what was opened."""

    conversation: Conversation
    message: Message
    replies: tuple[Message, ...] = ()
    ticket: Ticket | None = None


def apply(session: Session, turn: Turn, outcome: Outcome | None, now: datetime) -> Applied:
    """Store the customer's message and make the outcome true; the caller commits.

    Without an outcome the message is only stored: a person has the conversation.

    Raises:
        Stale: somebody changed the conversation, or opened it, since the turn was built.
    """
    conversation, identity = _conversation(session, turn, now)
    _note_identity(session, identity, turn.message)
    message = conversations.append(
        session,
        conversation,
        Author.CONTACT,
        turn.message.parts,
        now,
        echo_id=_echo(turn.message),
    )
    if outcome is None:
        return Applied(conversation, message)
    tickets = [
        _open_ticket(session, conversation, action, now)
        for action in outcome.actions
        if isinstance(action, OpenTicket)
    ]
    announced = tuple(Text(text=announce) for _, announce in tickets)
    spoken = replace(outcome, reply=outcome.reply + announced)
    replies = _say(session, conversation, spoken, turn.key, now)
    for action in outcome.actions:
        _do(session, turn, conversation, action, message)
    conversations.save(session, conversation)
    return Applied(conversation, message, replies, tickets[0][0] if tickets else None)


def failed_turn(turn: Turn, error_name: str) -> Outcome:
    """Return the outcome of a turn whose handlers failed: an apology, and a person."""
    return hand_over(turn, "error", error=error_name)


def _conversation(session: Session, turn: Turn, now: datetime) -> tuple[Conversation, Identity]:
    address, message = turn.message.address, turn.message
    contact, identity = contacts.find_or_make(
        session, address.inbox, address.contact, message.contact_name, turn.language, now
    )
    if turn.new:
        try:
            opened = conversations.open_for(session, address, contact, turn.language, now)
        except conversations.AlreadyOpen as problem:
            raise Stale("the conversation was opened meanwhile") from problem
        return opened, identity
    conversation = conversations.get(session, turn.conversation.id)
    if conversation is None or conversation.version != turn.conversation.version:
        raise Stale("the conversation was changed meanwhile")
    conversation.language = turn.language
    return conversation, identity


def _note_identity(session: Session, identity: Identity, message: IncomingMessage) -> None:
    """Remember who left, and that who writes is back."""
    events = {part.event for part in message.parts if isinstance(part, ContactEvent)}
    blocked = bool(events & _GONE)
    if identity.blocked != blocked:
        contacts.set_blocked(session, identity, blocked=blocked)


def _echo(message: IncomingMessage) -> str:
    # An edit has the platform id of what it replaces, and is a message of its own here.
    return message.dedupe_key if message.replaces else message.platform_id or message.dedupe_key


def _open_ticket(
    session: Session, conversation: Conversation, action: OpenTicket, now: datetime
) -> tuple[Ticket, str]:
    new = NewTicket(action.kind, action.fields, action.category, action.severity)
    ticket = open_ticket(session, conversation, new, now)
    return ticket, action.announce.replace("{number}", ticket.number)


def _say(
    session: Session, conversation: Conversation, outcome: Outcome, key: str, now: datetime
) -> tuple[Message, ...]:
    if not outcome.reply:
        return ()
    why = dict(outcome.why) if outcome.why is not None else None
    said = conversations.append(
        session, conversation, Author.BOT, outcome.reply, now, why=why, key=f"{key}:0"
    )
    return (said,)


def _do(
    session: Session, turn: Turn, conversation: Conversation, action: Action, message: Message
) -> None:
    match action:
        case Handoff():
            _to_the_queue(session, conversation, action, message)
        case SetDialog(dialog=dialog):
            conversation.dialog = dict(dialog) if dialog is not None else None
        case Record(fact=fact, data=data):
            about = {"position": message.position, "language": turn.language, **data}
            _log(session, fact, conversation, message.at, about)
        case Resolve():
            conversation.status = Status.RESOLVED
            conversation.waiting_since = None
            conversation.unread = 0
            about = {"reason": "helped", "owner": conversation.owner.value}
            _log(session, Fact.CONVERSATION_RESOLVED, conversation, message.at, about)
        case OpenTicket():
            pass  # opened before the reply, which names its number


def _to_the_queue(
    session: Session, conversation: Conversation, handoff: Handoff, message: Message
) -> None:
    conversation.owner = Owner.QUEUE
    conversation.assignee_id = None
    conversation.handoff_reason = handoff.reason
    conversation.team = handoff.team
    conversation.urgent = handoff.urgent
    conversation.waiting_since = conversation.waiting_since or message.at
    about = {"reason": handoff.reason, "team": handoff.team, "urgent": handoff.urgent}
    _log(session, Fact.CONVERSATION_HANDED_OFF, conversation, message.at, about)


def _log(
    session: Session,
    fact: Fact,
    conversation: Conversation,
    now: datetime,
    data: Mapping[str, Any],
) -> None:
    activity.log(
        session,
        fact,
        now,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        inbox=conversation.inbox,
        data=dict(data),
    )
