"""Which of the customer's messages one of ours answers: some platforms must be told."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlmodel import Session

from storage.models import Author, Message
from storage.upsert import table_of

_message = table_of(Message)
_ours = _message.alias()
# Of what was said before: another attempt to send must name the same one.
_ANSWERED = (
    select(_message.c.echo_id)
    .join_from(
        _ours,
        _message,
        (_message.c.conversation_id == _ours.c.conversation_id)
        & (_message.c.position < _ours.c.position),
    )
    .where(
        _ours.c.id == bindparam("b_id", type_=_ours.c.id.type),
        _message.c.author == Author.CONTACT,
        _message.c.echo_id.is_not(None),
    )
    .order_by(_message.c.position.desc())
    .limit(1)
)


def answered(session: Session, message_id: UUID) -> str | None:
    """Return the platform's id of the customer's last message before one of ours."""
    found: str | None = session.connection().execute(_ANSWERED, {"b_id": message_id}).scalar()
    return found
