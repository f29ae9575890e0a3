"""What an agent may still send when the platform lets us answer no more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from channels.message import Notice
from handlers.desk.conversations import may_reply
from handlers.desk.errors import StillOpen
from storage import conversations, windows
from storage.models.conversation import Author, Message
from storage.models.people import Agent


def notify(
    session: Session,
    conversation_id: UUID,
    agent: Agent,
    now: datetime,
    *,
    notice: Notice,
) -> Message:
    """Send what the platform approved for customers whom it lets us answer no more.

    Raises:
        StillOpen: they can be answered.
        NotYours: the bot, the queue or a colleague has the conversation.
        AlreadyClosed, NotFound, NotPermitted: as they say.
    """
    conversation = may_reply(session, conversation_id, agent)
    if windows.refusal(conversation, now) is None:
        raise StillOpen
    return conversations.append(
        session, conversation, Author.AGENT, (notice,), now, agent_id=agent.id
    )
