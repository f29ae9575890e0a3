"""What entries did for customers of late, counted from the log of facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlmodel import Session

from storage.among import among
from storage.models import Activity, Fact
from storage.models.activity import EntryOf
from storage.rows import find_all
from storage.types import Moment
from storage.upsert import table_of

MOST_OFFERS = 5000
"""How many of the newest suggestions are looked at for what became of them."""
_activity, _handed = table_of(Activity), table_of(Activity).alias("handed")
_entry: Any = EntryOf(_activity.c.data)
_since: ColumnElement[Any] = bindparam("b_since", type_=Moment())


@dataclass(frozen=True, slots=True)
class Use:
    """What one entry did since a moment.

    `hits`: how often it answered; `talks`: in how many conversations; `handed`: how many of these
    went to a person afterwards. `offered`: in how many conversations it was among the suggestions
    that were looked at; `taken`: in how many of these it answered after that.
    """

    hits: int = 0
    talks: int = 0
    handed: int = 0
    offered: int = 0
    taken: int = 0


def _is(table: Any, fact: Fact) -> ColumnElement[bool]:  # noqa: ANN401 - a table or its alias
    # As a literal: only then the index of this kind of facts is used.
    found: ColumnElement[bool] = table.c.fact == literal_column(f"'{fact}'")
    return found


def counted(*chosen: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select of four columns
    """Return the query of `entry`, `hits`, `talks` and `handed`; `b_since` is its parameter."""
    # The entry is cast, since SQLite joins only what has a type by an index of its own making.
    # Materialised: else the JSON of each fact is read several times.
    answers = (
        select(
            _entry.label("entry"),
            _activity.c.conversation_id.label("talk"),
            _activity.c.id.label("number"),
        )
        .where(_is(_activity, Fact.FAQ_ANSWERED), _activity.c.at >= _since, *chosen)
        .cte("answers")
        .prefix_with("MATERIALIZED")
    )
    went = exists().where(
        _is(_handed, Fact.CONVERSATION_HANDED_OFF),
        _handed.c.conversation_id == answers.c.talk,
        _handed.c.id > answers.c.number,
    )
    return select(
        cast(answers.c.entry, String).label("entry"),
        func.count().label("hits"),
        func.count(answers.c.talk.distinct()).label("talks"),
        func.count(case((went, answers.c.talk)).distinct()).label("handed"),
    ).group_by(answers.c.entry)


HITS = (
    select(cast(_entry, String).label("entry"), func.count().label("hits"))
    .where(_is(_activity, Fact.FAQ_ANSWERED), _activity.c.at >= _since)
    .group_by(_entry)
)
"""The query of `entry` and `hits` alone, which costs less; `b_since` is its parameter."""
_OF_SOME = counted(among(_entry, "b_keys"))
_OFFERS = (
    select(_activity.c.id, _activity.c.conversation_id, _activity.c.data)
    .where(_is(_activity, Fact.FAQ_SUGGESTED), _activity.c.at >= _since)
    .order_by(_activity.c.at.desc(), _activity.c.id.desc())
    .limit(bindparam("b_limit", type_=_activity.c.id.type))
)
_LAST = (
    select(_entry, _activity.c.conversation_id, func.max(_activity.c.id))
    .where(_is(_activity, Fact.FAQ_ANSWERED), among(_entry, "b_keys"), _activity.c.at >= _since)
    .group_by(_entry, _activity.c.conversation_id)
)


def of(session: Session, keys: Collection[str], since: datetime) -> dict[str, Use]:
    """Return what these entries did since then, by key; one that did nothing is missing."""
    if not keys:
        return {}
    given = {"b_keys": list(keys), "b_since": since}
    counts = session.connection().execute(_OF_SOME, given)
    found = {entry: Use(hits, talks, handed) for entry, hits, talks, handed in counts}
    for key, (offered, taken) in _offers(session, set(keys), since).items():
        found[key] = replace(found.get(key, Use()), offered=offered, taken=taken)
    return found


def _offers(session: Session, keys: set[str], since: datetime) -> dict[str, tuple[int, int]]:
    """Return in how many conversations entries were suggested, and in how many taken then."""
    first: dict[tuple[str, Any], int] = {}
    some = {"b_since": since, "b_limit": MOST_OFFERS}
    for number, talk, data in find_all(session.connection(), _OFFERS, some):
        for key in keys.intersection(data.get("entries", ())):
            first[key, talk] = number  # the newest come first: the first of all stays
    given = {"b_keys": sorted({key for key, _ in first}), "b_since": since}
    last: dict[tuple[str, Any], int] = {}
    if first:
        rows = session.connection().execute(_LAST, given)
        last = {(key, talk): number for key, talk, number in rows}
    return {
        key: (len(offers), sum(last.get((key, talk), 0) > first[key, talk] for talk in offers))
        for key, offers in _by_key(first)
    }


def _by_key(first: Collection[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for key, talk in first:
        found.setdefault(key, []).append(talk)
    yield from found.items()
