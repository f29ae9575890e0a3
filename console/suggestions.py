"""What an agent might answer: the knowledge base's word on what the customer asked last."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session

from channels.message import text_of
from console.services import Services
from faq.matcher import Candidate
from storage import conversations
from storage.models import Author

NEAR = 0.3
"""From this score on a suggested answer is worth an agent's glance."""
OFFERED = 3
LISTENED = 3
"""A word of thanks or a wish for a person asks nothing: the messages before it may."""


async def suggestions(found: Services, conversation_id: UUID) -> dict[str, Any]:
    """Return what the knowledge base says to the last words of the customer that ask something."""
    heard, language = await found.db.read(_last_words, conversation_id)
    near: list[Candidate] = []
    for words in heard:
        decision = await found.knowledge.decide(words)
        near = [each for each in decision.candidates if each.score >= NEAR][:OFFERED]
        if near:
            break
    return {"suggestions": near, "speaks": language}


def _last_words(session: Session, conversation_id: UUID) -> tuple[list[str], str]:
    """Return what the customer said last, newest first, and in which language."""
    conversation = conversations.get(session, conversation_id)
    said = conversations.history(session, conversation_id, limit=20)
    heard = [text_of(message.parts) for message in said if message.author is Author.CONTACT]
    words = [text for text in reversed(heard) if text][:LISTENED]
    return words, conversation.language if conversation else "zh"
