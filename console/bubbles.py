"""A thread as it is shown: who speaks, in which group, on which day, and how it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from channels.message import ContactEvent, Media
from console.files import FileView, view_of
from storage import conversations, edits, listings, media
from storage.models import Activity, Agent, Author, Delivery, Message
from storage.zone import ZONE

LAST = 50
"""How many messages a thread shows at first."""
TOGETHER = timedelta(minutes=5)
"""What one person says within this belongs together."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, or one event between messages."""

    kind: str
    """in, bot, system, agent, note: a message; event: something that happened."""
    at: datetime
    message: Message | None = None
    fact: Activity | None = None
    who: str = ""
    delivery: Delivery | None = None
    joined: bool = False
    """It goes on what the bubble before began."""
    day: datetime | None = None
    """Set where a new day begins."""
    files: Mapping[int, FileView] = field(default_factory=dict)
    """The files among its parts."""
    before: Message | None = None
    """What the customer had said instead, where this is an edit."""

    @property
    def changes(self) -> bool:
        """Whether a file of it will look otherwise without anybody's doing."""
        return any(file.state in ("waiting", "failed") for file in self.files.values())

    @property
    def said_before(self) -> str:
        """What an edit or a recall takes the place of, in one line."""
        return conversations.preview_of(self.before.parts) if self.before else ""

    @property
    def match(self) -> Mapping[str, Any] | None:
        """What the bot's answer was taken from: a question and its score."""
        why = self.message.why if self.message else None
        found = (why or {}).get("candidates") or []
        return found[0] if found and isinstance(found[0], dict) else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a thread, and where the next one begins."""

    bubbles: list[Bubble]
    first: int
    position: int
    fact: int
    more: bool = False
    """There are earlier messages."""
    heard: bool = False
    """The customer said something in it."""


def latest(session: Session, conversation_id: UUID) -> Stretch:
    """Return the end of a thread."""
    messages = conversations.history(session, conversation_id, limit=LAST + 1)
    shown = messages[-LAST:]
    events = listings.events_of(session, conversation_id, 0)
    if len(messages) > LAST:
        events = [fact for fact in events if fact.at >= shown[0].at]
    return _stretch(session, shown, events, more=len(messages) > LAST)


def earlier(session: Session, conversation_id: UUID, before: int) -> Stretch:
    """Return the messages before a position."""
    messages = conversations.history(session, conversation_id, before=before, limit=LAST + 1)
    shown = messages[-LAST:]
    events: list[Activity] = []
    if shown:
        until = conversations.history(session, conversation_id, after=before - 1, limit=1)
        end = until[0].at if until else shown[-1].at
        known = listings.events_of(session, conversation_id, 0, 500)
        events = [
            fact
            for fact in known
            if fact.at < end and (fact.at >= shown[0].at or len(messages) <= LAST)
        ]
    return _stretch(session, shown, events, more=len(messages) > LAST)


def newer(session: Session, conversation_id: UUID, after: int, fact: int) -> Stretch:
    """Return the messages after a position, and the events after a fact."""
    before = conversations.history(session, conversation_id, before=after + 1, limit=1)
    messages = conversations.history(session, conversation_id, after=after, limit=200)
    events = listings.events_of(session, conversation_id, fact)
    made = _stretch(session, messages, events, previous=before[-1] if before else None)
    return Stretch(
        made.bubbles,
        made.first,
        max(made.position, after),
        max(made.fact, fact),
        heard=made.heard,
    )


def states(session: Session, conversation_id: UUID, message_ids: Sequence[UUID]) -> list[Bubble]:
    """Return some messages again, for how they stand on their way."""
    found = listings.messages_of(session, message_ids)
    own = [message for message in found if message.conversation_id == conversation_id]
    return _stretch(session, own, []).bubbles


def _stretch(
    session: Session,
    messages: Sequence[Message],
    events: Sequence[Activity],
    *,
    previous: Message | None = None,
    more: bool = False,
) -> Stretch:
    return Stretch(
        _bubbles(session, messages, events, previous),
        first=messages[0].position if messages else 0,
        position=messages[-1].position if messages else 0,
        fact=(events[-1].id or 0) if events else 0,
        more=more,
        heard=any(message.author is Author.CONTACT for message in messages),
    )


def _bubbles(
    session: Session,
    messages: Sequence[Message],
    events: Sequence[Activity],
    previous: Message | None,
) -> list[Bubble]:
    sent = listings.deliveries_of(session, [message.id for message in messages])
    speaking = {message.agent_id for message in messages} | {fact.agent_id for fact in events}
    names = listings.agents_of(session, {who for who in speaking if who is not None})
    files, instead = _files(session, messages), edits.before(session, messages)
    last = _bubble(previous, names, sent) if previous else None
    made: list[Bubble] = []
    for bubble in _merged(messages, events, names, sent):
        last = _placed(bubble, last)
        if (said := bubble.message) is not None and (said.id in files or said.id in instead):
            last = replace(last, files=files.get(said.id, {}), before=instead.get(said.id))
        made.append(last)
    return made


def _files(session: Session, messages: Sequence[Message]) -> Mapping[UUID, Mapping[int, FileView]]:
    carrying = [message for message in messages if media.has_media(message.parts)]
    known = media.of_messages(session, [message.id for message in carrying])
    return {
        message.id: {
            number: view_of(part, known[message.id, number])
            for number, part in enumerate(message.parts)
            if isinstance(part, Media) and (message.id, number) in known
        }
        for message in carrying
    }


def _merged(
    messages: Sequence[Message],
    events: Sequence[Activity],
    names: Mapping[UUID, Agent],
    sent: Mapping[UUID, Delivery],
) -> list[Bubble]:
    made: list[Bubble] = []
    waiting = list(events)
    for message in messages:
        while waiting and waiting[0].at < message.at:
            made.append(_event(waiting.pop(0), names))
        made.append(_bubble(message, names, sent))
    return made + [_event(fact, names) for fact in waiting]


def _bubble(message: Message, names: Mapping[UUID, Agent], sent: Mapping[UUID, Delivery]) -> Bubble:
    kind = "note" if message.private else _KINDS[message.author]
    if kind == "in" and all(isinstance(part, ContactEvent) for part in message.parts):
        kind = "event"
    return Bubble(
        kind, message.at, message, None, _name(message.agent_id, names), sent.get(message.id)
    )


def _event(fact: Activity, names: Mapping[UUID, Agent]) -> Bubble:
    return Bubble("event", fact.at, None, fact, _name(fact.agent_id, names))


def _placed(bubble: Bubble, last: Bubble | None) -> Bubble:
    """Return the bubble with its place in its group and its day."""
    new_day = last is None or bubble.at.astimezone(ZONE).date() != last.at.astimezone(ZONE).date()
    joined = (
        last is not None
        and not new_day
        and bubble.kind == last.kind != "event"
        and bubble.who == last.who
        and bubble.at - last.at < TOGETHER
    )
    return Bubble(
        bubble.kind,
        bubble.at,
        bubble.message,
        bubble.fact,
        bubble.who,
        bubble.delivery,
        joined,
        bubble.at if new_day else None,
    )


def _name(agent_id: UUID | None, names: Mapping[UUID, Agent]) -> str:
    agent = names.get(agent_id) if agent_id else None
    return (agent.display_name or agent.name) if agent else ""


_KINDS: Mapping[Author, str] = {
    Author.CONTACT: "in",
    Author.BOT: "bot",
    Author.SYSTEM: "system",
    Author.AGENT: "agent",
}
