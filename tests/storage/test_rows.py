"""Rows written and read past SQLAlchemy's own machinery are the rows it would have written."""

import os
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import bindparam, select, update
from sqlmodel import select as pick

from channels.message import Choice, Choices, Text
from storage import lanes
from storage.among import among
from storage.database import Database
from storage.engine import make_engine
from storage.models import (
    Activity,
    Author,
    Contact,
    Conversation,
    Fact,
    Lane,
    LaneKind,
    Message,
    Owner,
    Status,
)
from storage.records import Later, draft, record, row_of, unknown, unopened
from storage.rows import add_all, decoders, execute_all, find_all, planned
from storage.types import new_id
from storage.upsert import table_of
from tests.postgres import on_sqlite

_lane = table_of(Lane)
_KIND = _lane.c.kind.type

PARTS = (
    Text(text='你好 "quoted" \\ 😀'),
    Choices(prompt="?", options=(Choice(value="a", label="甲"),)),
)


@pytest.fixture
async def talk(db: Database, now):
    contact = unknown(name="Lily", created_at=now)
    conversation = unopened(
        inbox="shop", thread="t", platform_contact="l", contact_id=contact.id, opened_at=now,
        last_activity_at=now,
    )  # fmt: skip
    await db.run(add_all, Contact, [row_of(contact)])
    await db.run(add_all, Conversation, [row_of(conversation)])
    return conversation


def said(talk, now, position, **more):
    return {
        "id": new_id(), "conversation_id": talk.id, "position": position, "author": Author.BOT,
        "parts": PARTS, "why": {"词": [1, None]}, "at": now, **more,
    }  # fmt: skip


async def everything(db, model, *order):
    return await db.read(lambda s: list(s.exec(pick(model).order_by(*order))))


async def test_what_is_written_in_bulk_reads_back_as_records(db, talk, now):
    rows = [said(talk, now, 1), said(talk, now + timedelta(microseconds=5), 2, why=None)]
    await db.run(add_all, Message, [{**row, "echo_id": None} for row in rows])
    first, second = await everything(db, Message, Message.position)
    assert (first.id, first.parts, first.why) == (rows[0]["id"], PARTS, {"词": [1, None]})
    assert (first.author, first.private, first.at) == (Author.BOT, False, now)
    assert (second.why, second.at) == (None, now + timedelta(microseconds=5))


async def test_what_is_not_named_takes_its_default(db, talk):
    (stored,) = await everything(db, Conversation)
    assert (stored.owner, stored.status, stored.version) == (Owner.BOT, Status.OPEN, 0)
    assert row_of(stored) == row_of(talk)


async def test_nothing_is_where_nothing_was_given(db, talk, now):
    await db.run(add_all, Message, [said(talk, now, 1, why=None)])
    query = "SELECT why IS NULL FROM message"
    assert await db.read(lambda s: s.connection().exec_driver_sql(query).scalar_one()) == 1


async def test_no_rows_are_no_statement(db):
    await db.run(add_all, Activity, [])
    assert await everything(db, Activity) == []


async def test_a_statement_is_run_for_each_row(db, talk, now):
    await db.run(add_all, Message, [said(talk, now, n) for n in (1, 2)])
    table = table_of(Message)
    change = (
        update(table)
        .where(table.c.position == bindparam("b_place", type_=table.c.position.type))
        .values(author=bindparam("b_author", type_=table.c.author.type))
    )
    rows = [{"b_place": 1, "b_author": Author.CONTACT}, {"b_place": 2, "b_author": Author.AGENT}]
    await db.run(execute_all, change, rows)
    stored = await everything(db, Message, Message.position)
    assert [m.author for m in stored] == [Author.CONTACT, Author.AGENT]


async def test_a_query_finds_what_sqlalchemy_finds(db, talk, now):
    rows = [said(talk, now, 1), said(talk, now + timedelta(hours=1), 2, why=None)]
    await db.run(add_all, Message, rows)
    table = table_of(Message)
    # A number of the query's own, an id, a time and many values: each is written its own way.
    query = (
        select(table)
        .where(
            table.c.position > 0,
            table.c.conversation_id == bindparam("b_talk", type_=table.c.conversation_id.type),
            table.c.at >= bindparam("b_from", type_=table.c.at.type),
            among(table.c.id, "b_ids"),
        )
        .order_by(table.c.position)
    )
    for ids, since in (([row["id"] for row in rows], now), ([rows[1]["id"]], now), ([], now)):
        asked = {"b_talk": talk.id, "b_from": since, "b_ids": ids}
        found = await db.run(find_all, query, asked)
        assert found == await db.run(lambda c, asked=asked: [*map(tuple, c.execute(query, asked))])
        assert len(found) == len(ids)


async def test_later_records_are_the_records(db, talk, now):
    await db.run(add_all, Message, [said(talk, now, n) for n in (1, 2)])
    raw = "SELECT * FROM message ORDER BY position"

    def late(connection):
        rows = connection.exec_driver_sql(raw).all()
        return Later(Message, rows, decoders(connection, table_of(Message)))

    found = await db.run(late)
    assert len(found) == 2
    assert found[-1] is found[1], "each is made once"
    stored = await everything(db, Message, Message.position)
    assert [row_of(m) for m in found] == [row_of(m) for m in stored]
    assert [m.position for m in found[1:]] == [2]
    assert found[-1].parts == PARTS


def test_a_record_is_its_class_and_a_draft_changes_without_it():
    made = record(Contact, {"id": UUID(int=1), "name": "Lily", "language": None})
    assert isinstance(made, Contact)
    copy = draft(Contact, row_of(made))
    copy.name = "Lili"
    assert (made.name, row_of(copy)["name"]) == ("Lily", "Lili")


@pytest.mark.parametrize("many", [0, 1, 3, 500])
async def test_among_many_values_means_any_of_them(db, now, many):
    contacts = [unknown(name=f"n{n}", created_at=now) for n in range(3)]
    await db.run(add_all, Contact, [row_of(contact) for contact in contacts])
    table = table_of(Contact)
    query = select(table.c.id).where(among(table.c.id, "b_ids"))
    asked = [contact.id for contact in contacts[:many]] + [new_id() for _ in range(3, many)]
    found = await db.run(lambda c: c.execute(query, {"b_ids": asked}).scalars().all())
    assert sorted(found) == sorted(asked[: min(many, 3)])


def test_among_uses_the_index_of_a_file(empty):
    table = table_of(Contact)
    query = select(table.c.id).where(among(table.c.id, "b_ids"))
    engine = make_engine(empty)
    with engine.connect() as connection:
        text = f"EXPLAIN QUERY PLAN {query.compile(dialect=connection.dialect)}"
        plan = " ".join(row[3] for row in connection.exec_driver_sql(text, ("[]",)).all())
    engine.dispose()
    assert "SEARCH contact" in plan


def test_new_ids_are_all_different_and_in_the_order_of_their_milliseconds(monkeypatch):
    moments = iter(range(1000))
    monkeypatch.setattr("storage.types.time_ns", lambda: next(moments) * 1_000_000)
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}


def test_children_of_a_process_make_ids_of_their_own():
    new_id()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, new_id().bytes)
        os._exit(0)
    os.wait()
    theirs, ours = os.read(reader, 16), new_id().bytes
    os.close(reader), os.close(writer)
    assert theirs[6:] != ours[6:]


async def test_a_fact_gets_its_number(db, now):
    rows = [{"fact": Fact.INBOX_STATE, "at": now, "inbox": "shop", "data": {"n": n}} for n in "ab"]
    await db.run(add_all, Activity, rows)
    facts = await everything(db, Activity, Activity.id)
    assert [(fact.id, fact.data["n"]) for fact in facts] == [(1, "a"), (2, "b")]


async def test_a_query_finds_lanes_of_the_kind_it_is_asked_for_each_time(db, now):
    for kind, key in ((LaneKind.IN, "a"), (LaneKind.OUT, "b"), (LaneKind.IN, "c")):
        await db.write(lanes.bump, kind, key, "shop", now)
    query = (
        select(_lane.c.key)
        .where(_lane.c.kind == bindparam("b_kind", type_=_lane.c.kind.type))
        .order_by(_lane.c.key)
    )
    for kind, keys in ((LaneKind.IN, ["a", "c"]), (LaneKind.OUT, ["b"]), (LaneKind.IN, ["a", "c"])):
        found = await db.run(find_all, query, {"b_kind": kind})
        assert [key for (key,) in found] == keys


async def test_many_changes_reach_lanes_of_several_kinds(db, now):
    for kind in LaneKind:
        await db.write(lanes.bump, kind, "a", "shop", now)
    change = (
        update(_lane)
        .where(_lane.c.kind == bindparam("b_kind", type_=_lane.c.kind.type))
        .values(done=bindparam("b_done", type_=_lane.c.done.type))
    )
    rows = [{"b_kind": LaneKind.IN, "b_done": 3}, {"b_kind": LaneKind.OUT, "b_done": 4}]
    await db.run(execute_all, change, rows)
    await db.run(execute_all, change, rows[:1])
    found = await db.run(find_all, select(_lane.c.kind, _lane.c.done).order_by(_lane.c.kind), {})
    assert found == [(LaneKind.IN, 3), (LaneKind.OUT, 4)]


@on_sqlite
async def test_a_kind_stands_in_the_text_so_that_nothing_is_prepared_anew(db):
    kind = bindparam("b_kind", type_=_lane.c.kind.type)
    query = select(_lane.c.key).where(_lane.c.inbox == bindparam("b_inbox"), _lane.c.kind == kind)

    def text_of(connection, given):
        return planned(connection, query, [given]).sql

    text = await db.run(text_of, {"b_inbox": "shop", "b_kind": LaneKind.OUT})
    assert "lane.inbox = ? AND lane.kind = 'out'" in text


@pytest.mark.parametrize("kind", list(LaneKind))
@pytest.mark.parametrize("keys", [[], ["b"], ["b", "a"], {"a": 1}, {"zoe"}])
async def test_one_value_of_many_finds_what_it_finds_among_others(db, now, kind, keys):
    for key in "abc":
        for each in LaneKind:
            await db.write(lanes.bump, each, key, "shop", now)
    query = (
        select(_lane.c.kind, _lane.c.key)
        .where(among(_lane.c.key, "b_keys"), _lane.c.kind == bindparam("b_kind", type_=_KIND))
        .order_by(_lane.c.key)
    )
    found = await db.run(find_all, query, {"b_kind": kind, "b_keys": keys})
    assert found == [(kind, key) for key in sorted({*keys} & {*"abc"})]


@on_sqlite
async def test_one_value_of_many_is_asked_for_by_itself_and_ids_are_written_as_ids(db, now):
    one = unknown(name="Lily", created_at=now)
    await db.run(add_all, Contact, [row_of(one)])
    table = table_of(Contact)
    query = select(table.c.id).where(among(table.c.id, "b_ids"))
    for ids, words in (([one.id], "contact.id = ?"), ([one.id, new_id()], "json_each")):
        given = {"b_ids": ids}
        assert words in await db.run(lambda c, given=given: planned(c, query, [given]).sql)
        assert await db.run(find_all, query, given) == [(one.id,)]


async def test_a_change_of_many_changes_what_each_row_names(db, now):
    for key in "abc":
        await db.write(lanes.bump, LaneKind.IN, key, "shop", now)
    change = (
        update(_lane)
        .where(among(_lane.c.key, "b_keys"))
        .values(done=bindparam("b_done", type_=_lane.c.done.type))
    )
    await db.run(execute_all, change, [{"b_keys": ["a"], "b_done": 7}])
    rows = [{"b_keys": ["b"], "b_done": 8}, {"b_keys": ["zoe", "c"], "b_done": 9}]
    await db.run(execute_all, change, rows)
    found = await db.run(find_all, select(_lane.c.key, _lane.c.done).order_by(_lane.c.key), {})
    assert found == [("a", 7), ("b", 8), ("c", 9)]
