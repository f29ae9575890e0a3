"""Builds a turn: what the customer said, and all that is known of them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlmodel import Session

from channels.message import IncomingMessage, Text
from handlers.base import Turn
from storage import contacts, conversations, tickets
from storage.models.conversation import Conversation
from storage.models.people import Contact

HISTORY = 20
"""How many messages back a handler can look."""
TICKETS = 20
LONGEST = 2000
"""How much of a text is looked at to tell its language."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*")
_WORD = re.compile(r"(?<![\w-])[a-z]{2,}(?![\w-])", re.IGNORECASE)
_EVERYWHERE = frozenset({"ok", "okay", "no", "app", "vip", "id", "qq", "bye"})
"""Latin words that Chinese customers use as well."""


def language_of(text: str, previous: str) -> str:
    """Return the language of a text: zh, en, or the one before if the text does not tell."""
    text = text[:LONGEST]
    if _HAN.search(text):
        return "zh"
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    return "en" if any(word.casefold() not in _EVERYWHERE for word in words) else previous


def build(session: Session, message: IncomingMessage, key: str, now: datetime) -> Turn:
    """Return the turn of a message; nothing is stored, new people and matters only in memory."""
    address = message.address
    known = contacts.find(session, address.inbox, address.contact)
    contact = known[0] if known else _stranger(message, now)
    conversation = conversations.find_open(session, address.inbox, address.thread)
    new = conversation is None
    previous = conversation.language if conversation else _spoken(contact, message)
    spoken = "\n".join(part.text for part in message.parts if isinstance(part, Text))
    language = language_of(spoken, previous)
    if conversation is None:
        conversation = _unopened(message, contact, language, now)
    return Turn(
        key=key,
        contact=contact,
        conversation=conversation,
        message=message,
        history=[] if new else conversations.history(session, conversation.id, limit=HISTORY),
        now=now,
        language=language,
        new=new,
        tickets=tickets.of_contact(session, contact.id, TICKETS) if known else [],
    )


def _stranger(message: IncomingMessage, now: datetime) -> Contact:
    return Contact(name=message.contact_name, language=message.language, created_at=now)


def _spoken(contact: Contact, message: IncomingMessage) -> str:
    """Return the language to begin with: what is known of the person, else the platform's word."""
    told = contact.language or message.language or "zh"
    return "zh" if told.casefold().startswith("zh") else "en"


def _unopened(
    message: IncomingMessage, contact: Contact, language: str, now: datetime
) -> Conversation:
    return Conversation(
        inbox=message.address.inbox,
        thread=message.address.thread,
        platform_contact=message.address.contact,
        visibility=message.address.visibility,
        contact_id=contact.id,
        language=language,
        opened_at=now,
        last_activity_at=now,
    )
