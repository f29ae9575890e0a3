"""What an agent might answer: the knowledge base's word on what the customer asked last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from channels.files import Kind, Takes, kind_for
from channels.message import text_of
from console.rows import inboxes
from console.services import Services
from faq.matcher import Candidate
from storage import conversations
from storage.models import Author
from storage.rules import Attachment

NEAR = 0.3
"""From this score on a suggested answer is worth an agent's glance."""
OFFERED = 3
LISTENED = 3
"""A word of thanks or a wish for a person asks nothing: the messages before it may."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """An answer as this customer would get it, and the files that go with it."""

    candidate: Candidate
    answer: str
    files: Sequence[tuple[Attachment, Kind | None]]
    """With what the channel takes each for; None: it takes no such file."""


async def suggestions(found: Services, conversation_id: UUID) -> dict[str, Any]:
    """Return what the knowledge base says to the last words of the customer that ask something."""
    heard, language, inbox = await found.db.read(_last_words, conversation_id)
    near: list[Candidate] = []
    for words in heard:
        decision = await found.knowledge.decide(words)
        near = [each for each in decision.candidates if each.score >= NEAR][:OFFERED]
        if near:
            break
    state = inboxes(found).get(inbox)
    channel, takes = (state.channel, state.takes) if state is not None else ("", {})
    return {"suggestions": [_suggested(each, language, channel, takes) for each in near]}


def _suggested(
    candidate: Candidate, language: str, channel: str, takes: Mapping[Kind, Takes]
) -> Suggested:
    code, text = candidate.entry.answered(language, channel)
    files = [
        (file, kind_for(takes, file.type, file.size))
        for file in candidate.entry.rules.files
        if file.goes_with(code, channel)
    ]
    return Suggested(candidate, text or "", files)


def _last_words(session: Session, conversation_id: UUID) -> tuple[list[str], str, str]:
    """Return what the customer said last, newest first, in which language and where."""
    conversation = conversations.get(session, conversation_id)
    said = conversations.history(session, conversation_id, limit=20)
    heard = [text_of(message.parts) for message in said if message.author is Author.CONTACT]
    words = [text for text in reversed(heard) if text][:LISTENED]
    if conversation is None:
        return words, "zh", ""
    return words, conversation.language, conversation.inbox
