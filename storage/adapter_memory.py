"""What adapters remember between restarts: tokens, cursors, and who is fetching one."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlmodel import Session

from storage.jobs import GLANCE, on_terms
from storage.models import AdapterMemory
from storage.upsert import insert_for, table_of

_memory = table_of(AdapterMemory)


@on_terms(GLANCE)
def recall(session: Session, inbox: str, key: str, now: datetime) -> str | None:
    """Return what was kept, unless it has expired."""
    given = {"b_inbox": inbox, "b_key": key, "b_now": now}
    found: str | None = session.connection().execute(_RECALL, given).scalar_one_or_none()
    return found


def remember(
    session: Session, inbox: str, key: str, value: str, expires_at: datetime | None
) -> None:
    """Keep a value, replacing the one before."""
    connection = session.connection()
    given = {"b_inbox": inbox, "b_key": key, "b_value": value, "b_until": expires_at}
    connection.execute(_remember(connection.dialect.name), given)


def swap(
    session: Session,
    inbox: str,
    key: str,
    old: str | None,
    new: str | None,
    expires_at: datetime | None,
    now: datetime,
) -> bool:
    """Put `new` in the place of `old`, which None means nothing; False if there is another value.

    Of two that swap the same, in two processes too, one is told True.
    """
    connection = session.connection()
    given = {
        "b_inbox": inbox, "b_key": key, "b_now": now,
        "b_old": old, "b_value": new, "b_until": expires_at,
    }  # fmt: skip
    if old is None and new is None:
        return recall(session, inbox, key, now) is None
    if old is None:
        statement = _claim(connection.dialect.name)
    else:
        statement = _REPLACE if new is not None else _DROP
    return connection.execute(statement, given).first() is not None


def drop_leases(session: Session) -> int:
    """Forget every lease, kept under `lease:...`; return how many there were.

    For the owner of an embedded database when it starts: who held them is dead.
    """
    return session.connection().execute(_DROP_LEASES).rowcount


_now = bindparam("b_now", type_=_memory.c.expires_at.type)
_until = bindparam("b_until", type_=_memory.c.expires_at.type)
_mine = (_memory.c.inbox == bindparam("b_inbox"), _memory.c.key == bindparam("b_key"))
_lasts = or_(_memory.c.expires_at.is_(None), _memory.c.expires_at > _now)
_is_old = (*_mine, _lasts, _memory.c.value == bindparam("b_old"))

_RECALL = select(_memory.c.value).where(*_mine, _lasts)
_REPLACE = (
    update(_memory)
    .where(*_is_old)
    .values(value=bindparam("b_value"), expires_at=_until)
    .returning(_memory.c.key)
)
_DROP_LEASES = delete(_memory).where(_memory.c.key.startswith("lease:", autoescape=True))
_DROP = delete(_memory).where(*_is_old).returning(_memory.c.key)


def _insert(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    return insert_for(dialect, AdapterMemory).values(
        inbox=bindparam("b_inbox"),
        key=bindparam("b_key"),
        value=bindparam("b_value"),
        expires_at=_until,
    )


@cache
def _remember(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    statement = _insert(dialect)
    return statement.on_conflict_do_update(
        index_elements=[_memory.c.inbox, _memory.c.key],
        set_={"value": statement.excluded.value, "expires_at": statement.excluded.expires_at},
    )


@cache
def _claim(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    statement = _insert(dialect)
    return statement.on_conflict_do_update(
        index_elements=[_memory.c.inbox, _memory.c.key],
        set_={"value": statement.excluded.value, "expires_at": statement.excluded.expires_at},
        where=_memory.c.expires_at <= _now,
    ).returning(_memory.c.key)
