"""Makes an outcome true: in one transaction, and only if nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from channels.base import ReplyWindow
from channels.message import ContactEvent, IncomingMessage, Text, came_from
from handlers.base import Action, Handoff, OpenTicket, Outcome, Record, Resolve, SetDialog, Turn
from handlers.chat.handoff import hand_over
from handlers.desk.tickets import NewTicket, file
from storage import drafts, edits, talks, windows
from storage.drafts import Drafts
from storage.engine import session_on
from storage.models.activity import Fact
from storage.models.conversation import Author, Conversation, Message, Owner, Status
from storage.models.ticket import Ticket
from storage.records import Connection, draft, row_of
from storage.talks import Pair, Person

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


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn that was thought about, what came of it, and how long we may answer now.

    `heard_at` is when the platform brought the message: from then on replies count. With
    `stored_is_sent` the customer reads the answer where it is stored.
    """

    turn: Turn
    outcome: Outcome | None
    window: ReplyWindow | None = None
    heard_at: datetime | None = None
    stored_is_sent: bool = False


def apply(session: Session, turn: Turn, outcome: Outcome | None, now: datetime) -> Applied:
    """Store the customer's message and make the outcome true; the caller commits.

    Without an outcome the message is only stored: a person has the conversation.

    Raises:
        Stale: somebody changed the conversation, or opened it, since the turn was built.
    """
    (applied,) = apply_all(session.connection(), [Decided(turn, outcome)], now)
    if isinstance(applied, Stale):
        raise applied
    return applied


def apply_all(
    connection: Connection, decided: Sequence[Decided], now: datetime
) -> list[Applied | Stale]:
    """Make many turns true, all of different threads; a stale one is told so and left out.

    A message that was stored before under the same echo breaks the write, unless it is alone.
    """
    standing = _standing(connection, [one.turn for one in decided])
    sound = [one for one in decided if one.turn.key not in standing.stale]
    turns, log, alone = [one.turn for one in sound], Drafts(), len(decided) == 1
    known = _meet(connection, turns, now)
    talking = _talking(connection, turns, standing, known, log, now)
    done, changed = {}, []
    for one in sound:
        key, before = one.turn.key, talking[one.turn.key]
        talk = draft(Conversation, before)
        changed.append((before, talk))
        heard = _hear(connection, log, talk, one.turn, now, alone=alone)
        done[key] = _make_true(connection, log, talk, one, heard, now)
        talk.version += 1
    drafts.save_all(connection, changed)
    log.store(connection, now)
    return [done.get(one.turn.key) or standing.stale[one.turn.key] for one in decided]


def failed_turn(turn: Turn, error_name: str) -> Outcome:
    """Return the outcome of a turn whose handlers failed: an apology, and a person."""
    return hand_over(turn, "error", error=error_name)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What of the turns' conversations may be different now, and which turns are stale."""

    loose: Mapping[UUID, dict[str, Any]]
    stale: dict[str, Stale]


def _standing(connection: Connection, turns: Sequence[Turn]) -> _Standing:
    now = talks.lock(connection, [turn.conversation.id for turn in turns if not turn.new])
    opened = talks.open_ones(connection, [turn.message.address for turn in turns if turn.new])
    stale: dict[str, Stale] = {}
    for turn in turns:
        address = turn.message.address
        if turn.new:
            if (address.inbox, address.thread) in opened:
                stale[turn.key] = Stale("the conversation was opened meanwhile")
            continue
        talk = now.get(turn.conversation.id)
        if talk is None or talk["version"] != turn.conversation.version:
            stale[turn.key] = Stale("the conversation was changed meanwhile")
    return _Standing(now, stale)


def _meet(connection: Connection, turns: Sequence[Turn], now: datetime) -> Mapping[Pair, Person]:
    """Return who wrote; make those who are new, note what is new about the others.

    A name or language that is already known is kept: an agent may have put it right.
    """
    unknown = [turn.message.address for turn in turns if turn.person is None]
    known = talks.people(connection, unknown)
    known |= {_name(turn): turn.person for turn in turns if turn.person is not None}
    stored = dict(known)
    for turn in turns:
        person = known.get(_name(turn)) or talks.stranger(turn.contact)
        known[_name(turn)] = _noted(person, turn)
    strangers = {name: person for name, person in known.items() if name not in stored}
    changed = {
        name: person for name, person in known.items() if stored.get(name, person) is not person
    }
    drafts.add_people(connection, strangers, now)
    drafts.change_people(connection, changed)
    return known


def _name(turn: Turn) -> Pair:
    return turn.message.address.inbox, turn.message.address.contact


def _noted(person: Person, turn: Turn) -> Person:
    """Remember who left, that who writes is back, and how they are called."""
    events = {part.event for part in turn.message.parts if isinstance(part, ContactEvent)}
    name = person.name or turn.message.contact_name
    language = person.language or turn.language
    blocked = bool(events & _GONE)
    if (name, language, blocked) == (person.name, person.language, person.blocked):
        return person
    return replace(person, name=name, language=language, blocked=blocked)


def _talking(
    connection: Connection,
    turns: Sequence[Turn],
    standing: _Standing,
    known: Mapping[Pair, Person],
    log: Drafts,
    now: datetime,
) -> dict[str, Mapping[str, Any]]:
    """Return each turn's conversation; those that are new continue their threads' numbering."""
    new = [turn for turn in turns if turn.new]
    last = talks.last_positions(connection, [turn.message.address for turn in new])
    opened: dict[str, Mapping[str, Any]] = {}
    for turn in new:
        address = turn.message.address
        opened[turn.key] = row_of(turn.conversation) | {
            "contact_id": known[_name(turn)].contact.id,
            "last_position": last.get((address.inbox, address.thread), 0),
            "opened_at": now,
            "last_activity_at": now,
        }
        log.log(Fact.CONVERSATION_OPENED, draft(Conversation, opened[turn.key]), now, {})
    drafts.open_all(connection, list(opened.values()))
    known_before = {
        turn.key: row_of(turn.conversation) | standing.loose[turn.conversation.id]
        for turn in turns
        if not turn.new
    }
    return opened | known_before


def _hear(
    connection: Connection,
    log: Drafts,
    talk: Conversation,
    turn: Turn,
    now: datetime,
    *,
    alone: bool,
) -> Message:
    echo = _echo(turn.message)
    first = talks.echoed(connection, talk.id, echo) if alone and not turn.new else None
    if first is not None:
        return first
    address, said = turn.message.address, turn.message.replaces
    place = edits.place_of(connection, address, said) if said else None
    return log.append(talk, Author.CONTACT, turn.message.parts, now, echo_id=echo, replaces=place)


def _make_true(
    connection: Connection,
    log: Drafts,
    talk: Conversation,
    one: Decided,
    heard: Message,
    now: datetime,
) -> Applied:
    turn, outcome = one.turn, one.outcome
    talk.language = turn.language
    talk.context = came_from(turn.message.parts) or talk.context
    if one.window is not None:
        heard_at = one.heard_at or turn.now
        windows.heard(connection, talk, one.window, turn.message.parts, heard_at)
    if outcome is None:
        return Applied(talk, heard)
    tickets = [
        _open_ticket(connection, talk, action, now)
        for action in outcome.actions
        if isinstance(action, OpenTicket)
    ]
    reply = outcome.reply + tuple(Text(text=announce) for _, announce in tickets)
    replies: tuple[Message, ...] = ()
    if reply:
        why = dict(outcome.why) if outcome.why is not None else None
        key = f"{turn.key}:0"
        said = log.append(
            talk, Author.BOT, reply, now, stored_is_sent=one.stored_is_sent, why=why, key=key
        )
        replies = (said,)
    for action in outcome.actions:
        _do(log, turn, talk, action, heard)
    return Applied(talk, heard, replies, tickets[0][0] if tickets else None)


def _echo(message: IncomingMessage) -> str:
    # An edit has the platform id of what it replaces, and is a message of its own here.
    return message.dedupe_key if message.replaces else message.platform_id or message.dedupe_key


def _open_ticket(
    connection: Connection, talk: Conversation, action: OpenTicket, now: datetime
) -> tuple[Ticket, str]:
    new = NewTicket(action.kind, action.fields, action.category, action.severity)
    with session_on(connection) as session:
        ticket, was_open = file(session, talk, new, now)
        session.flush()
    told = action.added if was_open and action.added else action.announce
    return ticket, told.replace("{number}", ticket.number)


def _do(
    log: Drafts, turn: Turn, conversation: Conversation, action: Action, message: Message
) -> None:
    match action:
        case Handoff():
            _to_the_queue(log, conversation, action, message)
        case SetDialog(dialog=dialog):
            conversation.dialog = dict(dialog) if dialog is not None else None
        case Record(fact=fact, data=data):
            about = {"position": message.position, "language": turn.language, **data}
            log.log(fact, conversation, message.at, about)
        case Resolve(reason=reason):
            conversation.status = Status.RESOLVED
            conversation.waiting_since = None
            conversation.unread = 0
            about = {"reason": reason, "owner": conversation.owner.value}
            log.log(Fact.CONVERSATION_RESOLVED, conversation, message.at, about)
        case OpenTicket():
            pass  # opened before the reply, which names its number


def _to_the_queue(
    log: Drafts, conversation: Conversation, handoff: Handoff, message: Message
) -> None:
    conversation.owner = Owner.QUEUE
    conversation.assignee_id = None
    conversation.handoff_reason = handoff.reason
    conversation.team = handoff.team
    conversation.urgent = handoff.urgent
    conversation.waiting_since = conversation.waiting_since or message.at
    about = {"reason": handoff.reason, "team": handoff.team, "urgent": handoff.urgent}
    log.log(Fact.CONVERSATION_HANDED_OFF, conversation, message.at, about)
