"""Many rows in one statement are the rows that the driver would have stored one by one."""

import pytest
from sqlalchemy import bindparam, text, update
from sqlmodel import select

from channels.message import Text
from storage.models import Activity, Contact, Conversation, Fact, InboundEvent, Owner, Status
from storage.rows import add_all, execute_all
from storage.types import new_id
from storage.upsert import insert_for, table_of
from tests.postgres import on_postgres

ODD = [
    "",
    " ",
    "NULL",
    "null",
    '"',
    "\\",
    '\\"',
    "{a,b}",
    "'; --",
    "%s %(name)s",
    "a\nb\tc",
    "你😀",
]


def event(number, now, **more):
    return {
        "id": new_id(), "inbox": "shop", "dedupe_key": f"{number}", "lane": "shop:t",
        "sequence": number, "payload": {}, "received_at": now, **more,
    }  # fmt: skip


def statements(session):
    """Return by how many statements the events were stored: each counts them up in its rows."""
    found = session.connection().execute(
        text("SELECT count(DISTINCT cmin::text) FROM inboundevent")
    )
    return found.scalar_one()


async def stored(db):
    found = await db.read(lambda s: list(s.exec(select(InboundEvent))))
    return sorted(found, key=lambda one: one.sequence)


@on_postgres
async def test_many_rows_are_one_statement(db, now):
    await db.run(add_all, InboundEvent, [event(n, now, dead=n % 2 == 0) for n in range(20)])
    assert await db.read(statements) == 1
    assert [(one.sequence, one.dead) for one in await stored(db)] == [
        (n, n % 2 == 0) for n in range(20)
    ]


@on_postgres
async def test_no_text_is_taken_for_anything_but_text(db, now):
    rows = [
        event(number, now, problem=odd, payload={odd: [odd, Text(text=odd).model_dump()]})
        for number, odd in enumerate(ODD)
    ]
    await db.run(add_all, InboundEvent, [*rows, event(len(ODD), now, problem=None)])
    found = await stored(db)
    assert [one.problem for one in found] == [*ODD, None]
    assert [one.payload for one in found[:-1]] == [row["payload"] for row in rows]


@on_postgres
async def test_the_character_that_postgresql_cannot_keep_is_left_out(db, now):
    await db.run(add_all, InboundEvent, [event(n, now, problem=f"a\x00{n}") for n in (0, 1)])
    assert [one.problem for one in await stored(db)] == ["a0", "a1"]


@on_postgres
async def test_numbers_of_the_database_s_own_go_up_with_the_rows(db, now):
    facts = [{"fact": Fact.NOTE_ADDED, "at": now, "data": {"n": n}} for n in range(50)]
    await db.run(add_all, Activity, facts)
    found = await db.read(lambda s: list(s.exec(select(Activity).order_by(Activity.id))))
    assert [fact.data["n"] for fact in found] == list(range(50))


@on_postgres
async def test_what_is_there_already_is_left_as_the_statement_says(db, now):
    statement = insert_for("postgresql", Contact).on_conflict_do_nothing()
    one, other = ({"id": new_id(), "name": name, "created_at": now} for name in "ab")
    for rows in ([one, other], [{**one, "name": "c"}, {**other, "name": "d"}]):
        await db.run(lambda connection, rows: connection.execute(statement, rows) and None, rows)
    found = await db.read(lambda s: sorted(contact.name for contact in s.exec(select(Contact))))
    assert found == ["a", "b"]


@on_postgres
@pytest.mark.parametrize(
    "expression", ["lower(%(name)s::VARCHAR)", "%(name)s::VARCHAR(1)", "%(name)s"]
)
async def test_what_is_not_a_plain_row_is_left_to_the_driver(db, now, expression):
    sql = f"INSERT INTO contact (id, name, created_at) VALUES (%(id)s::UUID, {expression}, now())"
    rows = [{"id": new_id(), "name": name} for name in "AB"]
    await db.run(lambda connection: connection.exec_driver_sql(sql, rows) and None)
    found = await db.read(
        lambda s: sorted(contact.name.upper() for contact in s.exec(select(Contact)))
    )
    assert found == ["A", "B"]


def talk(number, contact_id, now):
    return {
        "id": new_id(), "inbox": "shop", "thread": f"t{number:02}", "platform_contact": "lily",
        "contact_id": contact_id, "owner": Owner.BOT, "status": Status.OPEN, "urgent": False,
        "language": "zh", "opened_at": now, "last_activity_at": now,
    }  # fmt: skip


async def talks(db):
    query = select(Conversation).order_by(Conversation.thread)
    return await db.read(lambda s: list(s.exec(query)))


def changed_by(session):
    """Return by how many statements the conversations were changed last."""
    found = session.connection().execute(
        text("SELECT count(DISTINCT cmin::text) FROM conversation")
    )
    return found.scalar_one()


CHANGE = (
    update(table_of(Conversation))
    .where(table_of(Conversation).c.id == bindparam("b_id", type_=table_of(Conversation).c.id.type))
    .values(
        {
            name: bindparam(f"b_{name}", type_=table_of(Conversation).c[name].type)
            for name in ("preview", "dialog", "urgent", "version", "reply_until", "assignee_id")
        }
    )
)


def change(one, odd, number, now):
    return {
        "b_id": one.id, "b_preview": odd, "b_dialog": {odd: odd} if number % 2 else None,
        "b_urgent": number % 3 == 0, "b_version": number, "b_assignee_id": None,
        "b_reply_until": now if number % 2 else None,
    }  # fmt: skip


@on_postgres
@pytest.mark.parametrize("twice", [False, True])
async def test_many_changes_are_what_they_are_one_by_one(db, now, twice):
    contact = new_id()
    await db.run(add_all, Contact, [{"id": contact, "created_at": now}])
    await db.run(add_all, Conversation, [talk(n, contact, now) for n in range(len(ODD))])
    rows = [change(one, ODD[n], n, now) for n, one in enumerate(await talks(db))]
    await db.run(execute_all, CHANGE, [*rows, rows[0]] if twice else rows)
    found = [
        {**{f"b_{name}": getattr(one, name) for name in ("preview", "dialog", "urgent", "version")},
         "b_id": one.id, "b_assignee_id": one.assignee_id, "b_reply_until": one.reply_until}
        for one in await talks(db)
    ]  # fmt: skip
    assert found == rows
    assert (await db.read(changed_by) == 1) is not twice
