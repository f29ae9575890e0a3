"""What an agent does with a conversation: take it, answer, note, hand it back, resolve it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from channels.cards import carded
from channels.message import Part, Text, Visibility
from handlers.desk.errors import (
    AlreadyClosed,
    AlreadyTaken,
    BadText,
    NoReplyNow,
    NotFound,
    NotPermitted,
    NotYours,
    PersonalInPublic,
)
from handlers.desk.files import parts_of
from handlers.desk.roles import may
from handlers.personal import personal
from storage import activity, conversations, marks, windows
from storage.models.activity import Fact
from storage.models.conversation import Author, Conversation, Message, Owner, Status
from storage.models.people import Agent

TEXT_LIMIT = 5000
"""How many characters an agent can say at once."""


def take(
    session: Session, conversation_id: UUID, agent: Agent, now: datetime, *, force: bool = False
) -> Conversation:
    """Make the agent the one who answers; of two who try at once, one wins.

    `force` takes it from a colleague and is for supervisors. Taking what one has is no change.

    Raises:
        AlreadyTaken: a colleague has it.
        AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    if force:
        _permitted(agent, "approve")
    before = _open(session, conversation_id)
    if before.owner is Owner.AGENT and before.assignee_id == agent.id:
        return before
    previous, owner = before.assignee_id, before.owner
    if not conversations.claim(session, conversation_id, agent.id, now, force=force):
        now_is = _open(session, conversation_id)
        raise AlreadyTaken(_name(session, now_is.assignee_id))
    data = {"from": owner.value, "previous": str(previous) if previous else None}
    _log(session, Fact.CONVERSATION_TAKEN, before, agent, now, data)
    return before


def reply(
    session: Session,
    conversation_id: UUID,
    agent: Agent,
    text: str,
    now: datetime,
    *,
    echo_id: str | None = None,
    files: Sequence[str] = (),
) -> Message:
    """Answer the customer, with `files` that were attached; the same `echo_id` is the same answer.

    Raises:
        NotYours: the bot, the queue or a colleague has the conversation.
        NoReplyNow: the platform's window is closed, or its replies are used.
        PersonalInPublic: others read along, and it looks like somebody's own data.
        FileGone, BadText, AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    said = sayable(text) if text.strip() or not files else ""
    conversation = may_reply(session, conversation_id, agent)
    if (first := conversations.echoed(session, conversation_id, own_echo(echo_id))) is not None:
        return first
    parts: tuple[Part, ...] = carded(said) if said else ()
    parts += parts_of(session, conversation_id, agent, files)
    if conversation.visibility is Visibility.PUBLIC and (kinds := personal(parts)):
        raise PersonalInPublic(kinds=kinds)
    if (reason := windows.refusal(conversation, now)) is not None:
        raise NoReplyNow(reason=reason)
    return conversations.append(
        session,
        conversation,
        Author.AGENT,
        parts,
        now,
        agent_id=agent.id,
        echo_id=own_echo(echo_id),
    )


def may_reply(session: Session, conversation_id: UUID, agent: Agent) -> Conversation:
    """Return the conversation if this agent is the one who answers in it.

    Raises:
        NotYours, AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    conversation = _open(session, conversation_id)
    if conversation.owner is not Owner.AGENT or conversation.assignee_id != agent.id:
        raise NotYours
    return conversation


def note(
    session: Session,
    conversation_id: UUID,
    agent: Agent,
    text: str,
    now: datetime,
    *,
    echo_id: str | None = None,
) -> Message:
    """Write something that only the firm can read; resolved conversations take notes too.

    Raises:
        BadText, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "tickets")
    said = sayable(text)
    return conversations.append(
        session,
        _find(session, conversation_id),
        Author.AGENT,
        (Text(text=said),),
        now,
        agent_id=agent.id,
        private=True,
        echo_id=own_echo(echo_id, "note"),
    )


def hand_back(session: Session, conversation_id: UUID, agent: Agent, now: datetime) -> Conversation:
    """Let the bot answer again; a form that was begun can be resumed.

    Raises:
        NotYours: a colleague has the conversation, and the agent is no supervisor.
        AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    conversation = _open(session, conversation_id)
    _not_a_colleagues(conversation, agent)
    if conversation.owner is Owner.BOT:
        return conversation
    conversation.owner = Owner.BOT
    conversation.assignee_id = None
    conversation.team = None
    conversation.handoff_reason = None
    conversation.urgent = False
    conversation.last_activity_at = now
    conversations.save(session, conversation)
    _log(session, Fact.CONVERSATION_HANDED_BACK, conversation, agent, now, {})
    return conversation


def resolve(
    session: Session, conversation_id: UUID, agent: Agent, now: datetime, reason: str = ""
) -> Conversation:
    """Close the matter; the customer's next message opens a new conversation with the bot.

    Raises:
        NotYours: a colleague has the conversation, and the agent is no supervisor.
        AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    conversation = _open(session, conversation_id)
    _not_a_colleagues(conversation, agent)
    conversation.status = Status.RESOLVED
    conversation.waiting_since = None
    conversation.unread = 0
    conversation.last_activity_at = now
    conversations.save(session, conversation)
    data = {"reason": reason, "owner": conversation.owner.value}
    _log(session, Fact.CONVERSATION_RESOLVED, conversation, agent, now, data)
    return conversation


def mark_read(
    session: Session, conversation_id: UUID, agent: Agent, *, shown: bool = False
) -> Conversation:
    """Forget the count of unread messages if the reader is the one who answers.

    Nobody else's view depends on it, so the version stays: a bot that thinks need not start
    again because somebody looked. `shown` says that the customer is told of it.

    Raises:
        NotFound, NotPermitted: as they say.
    """
    _permitted(agent, "inbox")
    conversation = _find(session, conversation_id)
    if conversation.assignee_id != agent.id:
        return conversation
    if conversation.unread:
        conversation.unread = 0
        session.add(conversation)
        session.flush()
    if shown:
        place = conversation.inbox, conversation.thread
        marks.move(session, *place, "by_agent", conversation.last_position)
    return conversation


def _find(session: Session, conversation_id: UUID) -> Conversation:
    conversation = conversations.get(session, conversation_id)
    if conversation is None:
        raise NotFound
    return conversation


def _open(session: Session, conversation_id: UUID) -> Conversation:
    conversation = _find(session, conversation_id)
    if conversation.status is Status.RESOLVED:
        raise AlreadyClosed
    return conversation


def _permitted(agent: Agent, permission: str) -> None:
    if not agent.enabled or not may(agent.role, permission):
        raise NotPermitted


def _not_a_colleagues(conversation: Conversation, agent: Agent) -> None:
    if conversation.owner is not Owner.AGENT or conversation.assignee_id == agent.id:
        return
    if not may(agent.role, "approve"):
        raise NotYours


def sayable(text: str) -> str:
    """Return what an agent wrote, without white space around it.

    Raises:
        BadText: it is nothing, or too much.
    """
    said = text.strip()
    if not said or len(said) > TEXT_LIMIT:
        raise BadText
    return said


def own_echo(echo_id: str | None, kind: str = "desk") -> str | None:
    """Return the desk's own name for what a browser calls `echo_id`.

    Browsers and platforms both choose echo ids: one must not swallow the other's message, nor a
    note the reply that was sent from the same form.
    """
    return f"{kind}:{echo_id}" if echo_id else None


def _name(session: Session, agent_id: UUID | None) -> str:
    agent = session.get(Agent, agent_id) if agent_id else None
    return (agent.display_name or agent.name) if agent else "?"


def _log(
    session: Session,
    fact: Fact,
    conversation: Conversation,
    agent: Agent,
    now: datetime,
    data: Mapping[str, str | None],
) -> None:
    activity.log(
        session,
        fact,
        now,
        agent_id=agent.id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        inbox=conversation.inbox,
        data=dict(data),
    )
