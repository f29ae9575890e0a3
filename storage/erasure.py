"""Forgets customers who left, where their platform demands it: what was said, and who they were.

That there were conversations, and when, stays for the reports; so do cases: decision 0030 says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, update
from sqlalchemy import select as pick
from sqlmodel import Session, col, select

from channels.message import Unsupported
from storage import timers
from storage.models import (
    Activity,
    Contact,
    Conversation,
    Delivery,
    Fact,
    Identity,
    InboundEvent,
    Lane,
    LaneKind,
    MediaFile,
    MediaState,
    Message,
    Pace,
    PassiveSlot,
    ReadMark,
    Rehearsal,
    Status,
    Timer,
)
from storage.upsert import table_of

KIND = "forget"
AFTER = timedelta(minutes=1)
"""How long what is on its way has to end; then it is looked again."""
NOTHING = (Unsupported(platform_kind="erased"),)
"""What stands where something was said."""
_TELL_REASONS = (Fact.DELIVERY_FAILED, Fact.DELIVERY_UNCERTAIN)
_talk, _event, _delivery = table_of(Conversation), table_of(InboundEvent), table_of(Delivery)
_message, _media, _slot = table_of(Message), table_of(MediaFile), table_of(PassiveSlot)
_lane, _pace, _mark = table_of(Lane), table_of(Pace), table_of(ReadMark)
_rehearsal = table_of(Rehearsal)


def plan(session: Session, conversation_id: UUID, left_at: datetime) -> bool:
    """Plan to forget who left; return False where that is planned already."""
    return _plan(session, conversation_id, left_at, left_at + AFTER)


def forget(session: Session, timer: Timer, now: datetime) -> None:
    """Forget a customer up to when they left; one who came back begins anew.

    As long as something of them is on its way it is put off.
    """
    left_at = datetime.fromisoformat(str(timer.payload["left_at"]))
    known = session.get(Conversation, UUID(str(timer.payload["conversation"])))
    if known is None:
        return
    lane = f"{known.inbox}:{known.thread}"
    if _is_busy(session, lane):
        _plan(session, known.id, left_at, now + AFTER)
        return
    talks = session.exec(
        select(Conversation)
        .where(
            col(Conversation.inbox) == known.inbox,
            col(Conversation.thread) == known.thread,
            col(Conversation.opened_at) <= left_at,
        )
        .order_by(col(Conversation.opened_at))
    )
    ended = list(talks)
    ids = [talk.id for talk in ended]
    _forget_words(session, ids, lane, left_at, now)
    _forget_reasons(session, ids)
    for talk in ended:
        talk.dialog, talk.preview, talk.context = None, "", None
        talk.version += 1
    if not _came_back(session, known, left_at):
        _forget_who(session, known, ended, lane)


def _plan(session: Session, conversation_id: UUID, left_at: datetime, due_at: datetime) -> bool:
    payload = {"conversation": str(conversation_id), "left_at": left_at.isoformat()}
    key = f"{KIND}:{conversation_id}:{due_at.isoformat()}"
    return timers.add(session, key, KIND, due_at, payload)


def _is_busy(session: Session, lane: str) -> bool:
    waits = or_(_lane.c.done < _lane.c.last_in, _lane.c.token.is_not(None))
    found = session.connection().execute(pick(_lane.c.key).where(*_both_ways(lane), waits))
    return found.first() is not None


def _both_ways(lane: str) -> tuple[ColumnElement[bool], ...]:
    # With both kinds named, the key of the lanes leads to them.
    return _lane.c.kind.in_(LaneKind), _lane.c.key == lane


def _came_back(session: Session, known: Conversation, left_at: datetime) -> bool:
    later = pick(_message.c.id).where(
        _message.c.conversation_id == _talk.c.id,
        _talk.c.inbox == known.inbox,
        _talk.c.thread == known.thread,
        _message.c.at > left_at,
    )
    return session.connection().execute(later.limit(1)).first() is not None


def _forget_words(
    session: Session, talk_ids: Sequence[UUID], lane: str, left_at: datetime, now: datetime
) -> None:
    events = pick(_event.c.id).where(_event.c.lane == lane, _event.c.received_at <= left_at)
    statements = (
        update(_message)
        .where(_message.c.conversation_id.in_(talk_ids), _message.c.at <= left_at)
        .values(parts=NOTHING, why=None, echo_id=None),
        update(_delivery)
        .where(_delivery.c.conversation_id.in_(talk_ids), _delivery.c.created_at <= left_at)
        .values(parts=NOTHING, problem=None),
        update(_media)
        .where(_media.c.conversation_id.in_(talk_ids), _media.c.created_at <= left_at)
        .values(state=MediaState.DOOMED, next_at=now, name=None, ref=None, problem=None),
        update(_slot).where(_slot.c.event_id.in_(events)).values(answer=None),
        update(_event).where(_event.c.id.in_(events)).values(payload={}),
        # A rehearsal repeats what many customers wrote; it is made anew in a minute.
        delete(_rehearsal),
    )
    for statement in statements:
        session.connection().execute(statement)


def _forget_reasons(session: Session, talk_ids: Sequence[UUID]) -> None:
    """Take out of the log what platforms said of deliveries: it may name who they went to."""
    told = select(Activity).where(
        col(Activity.conversation_id).in_(talk_ids), col(Activity.fact).in_(_TELL_REASONS)
    )
    for fact in session.exec(told):
        fact.data = {name: value for name, value in fact.data.items() if name != "problem"}
        session.add(fact)


def _forget_who(
    session: Session, known: Conversation, talks: Sequence[Conversation], lane: str
) -> None:
    """Put a name that means nothing in the place of the platform's own."""
    inbox, thread, contact = known.inbox, known.thread, known.platform_contact
    nobody = f"erased-{known.id.hex}"
    for talk in talks:
        talk.thread = talk.platform_contact = nobody
        talk.status, talk.waiting_since, talk.unread = Status.RESOLVED, None, 0
    session.flush()
    identity = session.exec(
        select(Identity).where(col(Identity.inbox) == inbox, col(Identity.platform_user) == contact)
    ).one_or_none()
    if identity is not None:
        identity.platform_user = nobody
        identity.user_id = identity.attributes = None
        _forget_name(session, identity)
    new = f"{inbox}:{nobody}"
    unread = (
        # Few have no lane; found by its inbox SQLite would look at every event there is.
        func.coalesce(_event.c.inbox, "") == inbox,
        _event.c.lane.is_(None),
        cast(_event.c.payload, String).contains(contact, autoescape=True),
    )
    statements = (
        update(_event).where(*unread).values(payload={}),
        update(_event).where(_event.c.lane == lane).values(lane=new),
        update(_delivery)
        .where(_delivery.c.lane == lane)
        .values(lane=new, key=func.replace(_delivery.c.key, lane, new)),
        update(_media)
        .where(_of(talks), _media.c.inbox == inbox, _media.c.thread == thread)
        .values(thread=nobody),
        update(_lane).where(*_both_ways(lane)).values(key=new),
        update(_mark).where(_mark.c.inbox == inbox, _mark.c.thread == thread).values(thread=nobody),
        update(_pace).where(_pace.c.inbox == inbox, _pace.c.chat == thread).values(chat=nobody),
    )
    for statement in statements:
        session.connection().execute(statement)


def _of(talks: Sequence[Conversation]) -> ColumnElement[bool]:
    """Return the condition on files that they are of these conversations, or of none yet."""
    owner = _media.c.conversation_id
    return or_(owner.in_([talk.id for talk in talks]), owner.is_(None))


def _forget_name(session: Session, identity: Identity) -> None:
    others = pick(col(Identity.id)).where(
        col(Identity.contact_id) == identity.contact_id, col(Identity.id) != identity.id
    )
    contact = session.get(Contact, identity.contact_id)
    if contact is not None and session.connection().execute(others).first() is None:
        contact.name = contact.language = None
