"""How far each side has read a thread; a mark only ever moves on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import BindParameter, bindparam, func, select
from sqlmodel import Session

from storage.models import Conversation, ReadMark
from storage.upsert import insert_for, table_of

Reader = Literal["by_contact", "by_agent"]

_mark, _talk = table_of(ReadMark), table_of(Conversation)
_here: tuple[BindParameter[str], ...] = (bindparam("b_inbox"), bindparam("b_thread"))
_READ = select(_mark.c.by_contact, _mark.c.by_agent).where(
    _mark.c.inbox == _here[0], _mark.c.thread == _here[1]
)
_LAST = select(func.max(_talk.c.last_position)).where(
    _talk.c.inbox == _here[0], _talk.c.thread == _here[1]
)


@dataclass(frozen=True, slots=True)
class Marks:
    """The last position that each side has seen; 0 for nothing."""

    by_contact: int = 0
    by_agent: int = 0


def of(session: Session, inbox: str, thread: str) -> Marks:
    """Return how far a thread was read."""
    given = {"b_inbox": inbox, "b_thread": thread}
    found = session.connection().execute(_READ, given).first()
    return Marks(*found) if found else Marks()


def is_news(session: Session, inbox: str, thread: str, reader: Reader, position: int) -> bool:
    """Say whether one side had not read up to there before."""
    given = {"b_inbox": inbox, "b_thread": thread}
    reached = min(position, session.connection().execute(_LAST, given).scalar_one() or 0)
    return reached > int(getattr(of(session, inbox, thread), reader))


def move(session: Session, inbox: str, thread: str, reader: Reader, position: int) -> bool:
    """Note that one side has read up to a position; False if that is nothing new.

    What is not there yet cannot have been read.
    """
    given = {"b_inbox": inbox, "b_thread": thread}
    connection = session.connection()
    reached = min(position, connection.execute(_LAST, given).scalar_one() or 0)
    if reached <= getattr(of(session, inbox, thread), reader):
        return False
    statement = _move(connection.dialect.name, reader)
    return connection.execute(statement, {**given, "b_position": reached}).first() is not None


@cache
def _move(dialect: str, reader: Reader) -> Any:  # noqa: ANN401 - two dialects' classes
    fresh = {"by_contact": 0, "by_agent": 0, reader: bindparam("b_position")}
    statement = insert_for(dialect, ReadMark).values(inbox=_here[0], thread=_here[1], **fresh)
    told = statement.excluded[reader]
    return statement.on_conflict_do_update(
        index_elements=[_mark.c.inbox, _mark.c.thread],
        set_={reader: told},
        where=_mark.c[reader] < told,
    ).returning(_mark.c.thread)
