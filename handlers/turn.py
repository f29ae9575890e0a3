"""Builds a turn: what the customer said, and all that is known of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from channels.message import IncomingMessage, Text
from faq.sounds import is_shop_word, syllables
from handlers.base import Turn
from storage import edits, records, talks
from storage.models.conversation import Conversation, Message
from storage.models.people import Contact
from storage.records import Connection

HISTORY, FURTHER = 8, 20
"""How many messages back a handler can look, and how many when an edit names one of them.

Each costs time with every turn, and few handlers look further than at what was said last.
"""
TICKETS = 20
LONGEST = 2000
"""How much of a text is looked at to tell its language."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_PINYIN = re.compile(r"[A-Za-z' ]{4,200}[.?!]?")
_SURELY_PINYIN = 3
_ADDRESS = ("://", "www.", "@")
_SPOKEN = re.compile(r"\S+")
_WORD = re.compile(r"(?<![\w-])[a-z]{2,}(?![\w-])", re.IGNORECASE)
_EVERYWHERE = frozenset({"ok", "okay", "no", "app", "vip", "id", "qq", "bye"})
"""Latin words that Chinese customers use as well."""


def language_of(text: str, previous: str) -> str:
    """Return the language of a text: zh, en, or the one before if the text does not tell.

    Pinyin does not: its words are Chinese, its letters are not.
    """
    text = text[:LONGEST]
    if not text.isascii() and _HAN.search(text):
        return "zh"
    if _is_pinyin(text):
        return previous
    # Not one expression for it all: on a long text without spaces that took milliseconds.
    return "en" if any(_tells(spoken[0]) for spoken in _SPOKEN.finditer(text)) else previous


def _is_pinyin(text: str) -> bool:
    """Say whether a text is Chinese in Latin letters; a short one may be either (`change`).

    Unless it is a word that shops are asked about: `tuikuan`, `fa piao`.
    """
    if not _PINYIN.fullmatch(text):
        return False
    letters = text.casefold().rstrip(".?!")
    return (syllables(letters) or 0) >= _SURELY_PINYIN or is_shop_word(letters)


def _tells(spoken: str) -> bool:
    """Say whether something without spaces has a word that only who writes English uses."""
    if any(mark in spoken for mark in _ADDRESS):
        return False
    words = _WORD.finditer(spoken)
    return any(word.group().casefold() not in _EVERYWHERE for word in words)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that a turn is to be built of, and the turn's name for good."""

    message: IncomingMessage
    key: str


def build(session: Session, message: IncomingMessage, key: str, now: datetime) -> Turn:
    """Return the turn of a message; nothing is stored, new people and matters only in memory."""
    (turn,) = build_all(session.connection(), [Heard(message, key)], now)
    return turn


def build_all(connection: Connection, heard: Sequence[Heard], now: datetime) -> list[Turn]:
    """Return the turns of many messages, all of different threads."""
    addresses = [one.message.address for one in heard]
    people = talks.people(connection, addresses)
    talking = talks.open_ones(connection, addresses)
    said = _histories(connection, heard, talking)
    cases = talks.tickets(
        connection, [one.contact.id for one in people.values() if one.has_tickets]
    )
    turns = []
    for one, address in zip(heard, addresses, strict=True):
        person = people.get((address.inbox, address.contact))
        talk = talking.get((address.inbox, address.thread))
        contact = person.contact if person else _stranger(one.message, now)
        message = _named(connection, one.message)
        language = _language(message, contact, talk)
        turns.append(
            Turn(
                key=one.key,
                contact=contact,
                conversation=talk or _unopened(message, contact, language, now),
                message=message,
                history=said.get(talk.id, []) if talk else [],
                now=now,
                language=language,
                new=talk is None,
                tickets=cases.get(contact.id, [])[:TICKETS],
                person=person,
            )
        )
    return turns


def _histories(
    connection: Connection, heard: Sequence[Heard], talking: Mapping[talks.Pair, Conversation]
) -> dict[UUID, Sequence[Message]]:
    """Return what was said last in each conversation, further back where an edit names it."""
    back: dict[int, list[UUID]] = {HISTORY: [], FURTHER: []}
    for one in heard:
        address = one.message.address
        talk = talking.get((address.inbox, address.thread))
        if talk is not None:
            back[HISTORY if one.message.replaces is None else FURTHER].append(talk.id)
    found: dict[UUID, Sequence[Message]] = {}
    for limit, ids in back.items():
        found |= talks.histories(connection, ids, limit)
    return found


def _named(connection: Connection, message: IncomingMessage) -> IncomingMessage:
    """Let an edit name the message that is kept here; of an album only the first piece does."""
    if message.replaces is None:
        return message
    named = edits.named_by(connection, message.address, message.replaces)
    return message.model_copy(update={"replaces": named})


def _language(message: IncomingMessage, contact: Contact, talk: Conversation | None) -> str:
    previous = talk.language if talk else _spoken(contact, message)
    said = [part.text for part in message.parts if isinstance(part, Text)]
    return language_of("\n".join(said), previous)


def _stranger(message: IncomingMessage, now: datetime) -> Contact:
    return records.unknown(name=message.contact_name, language=message.language, created_at=now)


def _spoken(contact: Contact, message: IncomingMessage) -> str:
    """Return the language to begin with: what is known of the person, else the platform's word."""
    told = contact.language or message.language or "zh"
    return "zh" if told.casefold().startswith("zh") else "en"


def _unopened(
    message: IncomingMessage, contact: Contact, language: str, now: datetime
) -> Conversation:
    return records.unopened(
        inbox=message.address.inbox,
        thread=message.address.thread,
        platform_contact=message.address.contact,
        visibility=message.address.visibility,
        contact_id=contact.id,
        language=language,
        about=message.about.model_dump() if message.about else None,
        opened_at=now,
        last_activity_at=now,
    )
