"""What customers asked the bot of late, and which entry turned out to answer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from channels.message import Text, text_of
from storage.models import Activity, Author, Fact, Message

OTHERS = 4
"""How many replies are looked at for each question: not every reply is the matcher's."""
_SAID_NOTHING = frozenset({"empty", "greeting", "small-talk"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question as a customer wrote it; `confirmed` is the entry that they said helped."""

    text: str
    confirmed: str | None = None
    answered_by_agent: str | None = None
    """What an agent wrote where the bot had no answer."""


def recent(
    session: Session, since: datetime, limit: int, until: datetime | None = None
) -> list[Question]:
    """Return the questions put to the bot since a moment, and until another, newest first."""
    replies = _replies(session, since, limit, until)
    talks = {reply.conversation_id for reply in replies}
    helped = _helped(session, talks, since)
    threads: dict[UUID, dict[int, Message]] = {talk: {} for talk in talks}
    for message in _messages(session, talks, since):
        threads[message.conversation_id][message.position] = message
    found = []
    for reply in replies:
        thread = threads[reply.conversation_id]
        asked = thread.get(reply.position - 1)
        text = _written(asked) if asked is not None else ""
        if not text:
            continue
        first = _first(reply.why or {})
        confirmed = first if (reply.conversation_id, first) in helped else _chosen(thread, reply)
        by_agent = None if confirmed else _by_agent(thread, reply.position)
        found.append(Question(text, confirmed, by_agent))
    return found


def _replies(
    session: Session, since: datetime, limit: int, until: datetime | None
) -> list[Message]:
    query = (
        select(Message)
        .where(Message.author == Author.BOT, col(Message.at) >= since)
        .order_by(col(Message.at).desc(), col(Message.id))
        .limit(OTHERS * limit)
    )
    if until is not None:
        query = query.where(col(Message.at) <= until)
    return [message for message in session.exec(query) if _decided(message.why or {})][:limit]


def _decided(why: dict[str, Any]) -> bool:
    """Say whether a reply is the matcher's: forms, menus and commands are not."""
    return bool(why.get("band")) and why.get("route") not in _SAID_NOTHING


def _messages(session: Session, talks: set[UUID], since: datetime) -> Iterator[Message]:
    chosen = sorted(talks)
    for start in range(0, len(chosen), 500):
        query = select(Message).where(
            col(Message.conversation_id).in_(chosen[start : start + 500]),
            col(Message.private).is_(False),
            col(Message.at) >= since,
        )
        yield from session.exec(query)


def _written(message: Message) -> str:
    if message.author is not Author.CONTACT:
        return ""
    return "\n".join(part.text for part in message.parts if isinstance(part, Text)).strip()


def _helped(session: Session, talks: set[UUID], since: datetime) -> set[tuple[UUID, str]]:
    query = select(Activity).where(Activity.fact == Fact.FAQ_HELPED, col(Activity.at) >= since)
    return {
        (fact.conversation_id, str(fact.data.get("entry")))
        for fact in session.exec(query)
        if fact.conversation_id in talks
    }


def _chosen(thread: dict[int, Message], reply: Message) -> str | None:
    """Return which of the offered questions the customer chose."""
    following = thread.get(reply.position + 2)
    why = (following.why or {}) if following is not None else {}
    offered = {str(each.get("id")) for each in (reply.why or {}).get("candidates", ())}
    entry = str(why.get("entry", ""))
    return entry if why.get("handler") == "chosen" and entry in offered else None


def _by_agent(thread: dict[int, Message], position: int) -> str | None:
    """Return what an agent wrote next, before the customer asked the bot something else."""
    later = [thread[at] for at in sorted(thread) if at > position]
    for message in later[:6]:
        if message.author is Author.AGENT:
            return text_of(message.parts) or None
    return None


def _first(why: dict[str, Any]) -> str:
    candidates = why.get("candidates") or [{}]
    return str(candidates[0].get("id", "")) if why.get("band") == "answer" else ""
