"""Paces by the dozen: the parts of many chats of one inbox, taken at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, String, bindparam, case, or_, select, true

from channels.base import Rate
from storage.among import among, each_of
from storage.models import Pace
from storage.rates import parts_of, when_again
from storage.rows import find_all
from storage.upsert import insert_for, table_of

_pace = table_of(Pace)


def take_each(
    connection: Connection, inbox: str, chats: Sequence[str], rate: Rate, now: datetime
) -> dict[str, datetime]:
    """Take one message's part of each chat's rate; return when there is one, where there is none.

    The chats are all different. Their rows are taken in the order of their names.
    """
    asked, parts = sorted(chats), parts_of(1, rate, now)
    given = {"b_inbox": inbox, "b_chats": asked, "b_now": now, **parts}
    taken = {chat for (chat,) in find_all(connection, _spend(connection.dialect.name), given)}
    late = [chat for chat in asked if chat not in taken]
    if not late:
        return {}
    found = find_all(connection, _STATES, {"b_inbox": inbox, "b_chats": late})
    return {chat: when_again(until, blocked, 1, rate) for chat, until, blocked in found}


_inbox = bindparam("b_inbox", type_=String)
_at, _cost = bindparam("b_at", type_=BigInteger), bindparam("b_cost", type_=BigInteger)
_STATES = select(_pace.c.chat, _pace.c.taken_until, _pace.c.blocked_until).where(
    _pace.c.inbox == _inbox, among(_pace.c.chat, "b_chats")
)


@cache
def _spend(dialect: str) -> Any:  # noqa: ANN401 - two dialects' classes
    # Where nothing is left nothing is updated, and nothing is returned.
    chat = each_of(dialect, "b_chats", String())
    fresh = select(_inbox, chat, _at + _cost, bindparam("b_none", 0, BigInteger())).where(true())
    statement = insert_for(dialect, Pace).from_select(
        ["inbox", "chat", "taken_until", "failures"], fresh, include_defaults=False
    )
    begin = case((_pace.c.taken_until > _at, _pace.c.taken_until), else_=_at)
    now = bindparam("b_now", type_=_pace.c.blocked_until.type)
    return statement.on_conflict_do_update(
        index_elements=(_pace.c.inbox, _pace.c.chat),
        set_={"taken_until": begin + _cost},
        where=(_pace.c.taken_until <= bindparam("b_latest", type_=BigInteger))
        & or_(_pace.c.blocked_until.is_(None), _pace.c.blocked_until <= now),
    ).returning(_pace.c.chat)
