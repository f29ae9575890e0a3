"""Reply windows: how long, and how often, a platform still lets a conversation be answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, case, func, select, update
from sqlmodel import Session

from channels.base import Grant, ReplyWindow
from channels.message import Part
from storage.models import Conversation, Delivery
from storage.records import Connection
from storage.rows import execute_all
from storage.upsert import table_of

CLOSED, USED, KEPT = "window_closed", "quota_used", "kept_for_person"
"""Why a message is not even tried: too late, nothing left, only a person's last word left."""
RENEWED = frozenset({CLOSED, USED, KEPT})
"""What the customer's next words put right."""
_talk, _delivery = table_of(Conversation), table_of(Delivery)


def heard(
    connection: Connection,
    talk: Conversation,
    window: ReplyWindow,
    parts: Sequence[Part],
    at: datetime,
) -> None:
    """Let what a customer did open, renew or close the window of a conversation in memory.

    What it permits counts from when the platform brought it: replies since then have used it. (The
    platform's own time of a message knows only seconds.) A short permission never shortens a
    longer one of which something is left.
    """
    granted = window.after(parts)
    if granted is None:
        talk.reply_until, talk.replies_left = at, 0
        return
    until = at + granted.length
    if talk.reply_until is not None and talk.reply_until > until and talk.replies_left != 0:
        return
    talk.reply_until = until
    talk.replies_left = _left(connection, talk, granted, at)


def _left(connection: Connection, talk: Conversation, granted: Grant, at: datetime) -> int | None:
    if granted.messages is None:
        return None
    used: int = connection.execute(_SINCE, {"b_talk": talk.id, "b_at": at}).scalar_one()
    return max(granted.messages - used, 0)


def refusal(
    conversation: Conversation, now: datetime, *, person: bool = True, kept: bool = False
) -> str | None:
    """Return why a message is not tried now, or None.

    `person` says that one wrote it; with `kept` the last reply is for a person only.
    """
    if conversation.reply_until is not None and now > conversation.reply_until:
        return CLOSED
    left = conversation.replies_left
    if left is None:
        return None
    if left <= 0:
        return USED
    return KEPT if kept and not person and left == 1 else None


def use(session: Session, conversation_id: UUID, pieces: int) -> None:
    """Count what the platform took, never below nothing."""
    use_all(session.connection(), [(conversation_id, pieces)])


def use_all(connection: Connection, used: Sequence[tuple[UUID, int]]) -> None:
    """Do so for many conversations."""
    rows = [{"b_id": talk, "b_pieces": pieces} for talk, pieces in sorted(used)]
    execute_all(connection, _USE, rows)


def doubt(session: Session, conversation_id: UUID) -> None:
    """Count a reply that perhaps arrived; the last one is left for a person to try."""
    execute_all(session.connection(), _DOUBT, [{"b_id": conversation_id}])


def correct(session: Session, conversation_id: UUID, reason: str, now: datetime) -> None:
    """Believe the platform where it says that the window is closed, or its replies used."""
    values = {"reply_until": now} if reason == CLOSED else {"replies_left": 0}
    session.connection().execute(
        update(_talk).where(_talk.c.id == conversation_id).values(**values)
    )


# Statements are built once: building costs more than running them.
_pieces = bindparam("b_pieces", type_=_talk.c.replies_left.type)
_USE = (
    update(_talk)
    .where(_talk.c.id == bindparam("b_id", type_=_talk.c.id.type), _talk.c.replies_left > 0)
    .values(
        replies_left=case((_talk.c.replies_left > _pieces, _talk.c.replies_left - _pieces), else_=0)
    )
)
_DOUBT = (
    update(_talk)
    .where(_talk.c.id == bindparam("b_id", type_=_talk.c.id.type), _talk.c.replies_left > 1)
    .values(replies_left=_talk.c.replies_left - 1)
)
_SINCE = select(func.coalesce(func.sum(_delivery.c.pieces), 0)).where(
    _delivery.c.conversation_id == bindparam("b_talk", type_=_talk.c.id.type),
    _delivery.c.sent_at >= bindparam("b_at", type_=_delivery.c.sent_at.type),
)
