from uuid import uuid4

from storage import activity
from storage.models import Fact


async def test_facts_are_numbered_in_order(db, now):
    ids = [
        (await db.write(activity.log, fact, now)).id
        for fact in (Fact.INBOX_STATE, Fact.FAQ_ANSWERED, Fact.FAQ_MISSED)
    ]
    assert ids == sorted(set(ids))
    assert await db.read(activity.last_id) == ids[-1]


async def test_an_empty_log_ends_at_nothing(db):
    assert await db.read(activity.last_id) == 0
    assert await db.read(activity.since, 0) == []


async def test_facts_are_read_by_cursor(db, now):
    for _ in range(5):
        await db.write(activity.log, Fact.INBOX_STATE, now)
    first = await db.read(activity.since, 0, 2)
    rest = await db.read(activity.since, first[-1].id, 500)
    assert [fact.id for fact in first + rest] == [1, 2, 3, 4, 5]


async def test_a_fact_keeps_what_it_is_about(db, now):
    who, what = uuid4(), uuid4()
    about = {"agent_id": who, "conversation_id": what, "inbox": "shop", "data": {"a": "你好"}}
    await db.write(activity.log, Fact.CONVERSATION_TAKEN, now, **about)
    (fact,) = await db.read(activity.since, 0)
    assert (fact.agent_id, fact.conversation_id, fact.inbox) == (who, what, "shop")
    assert (fact.contact_id, fact.ticket_id) == (None, None)
    assert fact.data == {"a": "你好"}
    assert fact.at == now
