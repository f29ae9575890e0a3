"""What a waiting customer is told when nobody has come yet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from channels.message import Text
from handlers.chat import texts
from handlers.chat.elsewhere import ELSEWHERE
from storage import conversations, timers
from storage.models import Author, Conversation, Owner, Timer

KIND = "queue_notice"


def plan(session: Session, conversation: Conversation, due_at: datetime) -> bool:
    """Plan one notice for this stay in the queue; return False if there is one already."""
    since = conversation.waiting_since
    stay = int(since.timestamp()) if since is not None else 0
    key = f"{KIND}:{conversation.id}:{stay}"
    return timers.add(session, key, KIND, due_at, {"conversation": str(conversation.id)})


def remind(session: Session, timer: Timer, now: datetime) -> None:
    """Tell the customer that they are not forgotten, if they still wait."""
    conversation = session.get(Conversation, UUID(str(timer.payload["conversation"])))
    if conversation is None or conversation.owner is not Owner.QUEUE:
        return
    if conversation.handoff_reason == ELSEWHERE:
        return
    words = texts.say("still_waiting", conversation.language)
    conversations.append(
        session, conversation, Author.SYSTEM, (Text(text=words),), now, key=f"timer:{timer.key}"
    )
