"""How often entries answered, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from storage import activity, knowledge, sorted_articles, usage
from storage.articles import ALL
from storage.knowledge import Content
from storage.models import Fact
from storage.sorted_articles import By, Order
from storage.usage import Use
from tests.postgres import on_sqlite

MONTH = timedelta(days=30)
A, B, C, D = (UUID(int=number) for number in range(1, 5))


def answered(session, now, entry, talk):
    activity.log(session, Fact.FAQ_ANSWERED, now, conversation_id=talk, data={"entry": entry})


def handed(session, now, talk):
    activity.log(session, Fact.CONVERSATION_HANDED_OFF, now, conversation_id=talk)


def offered(session, now, talk, *entries):
    data = {"entries": list(entries)}
    activity.log(session, Fact.FAQ_SUGGESTED, now, conversation_id=talk, data=data)


@pytest.fixture
async def busy(db, now):
    """Some conversations about two entries, and one long ago."""

    def happen(session, at):
        answered(session, at - timedelta(days=31), "refund", D)
        handed(session, at, A)  # before the answer: not because of it
        for talk in (A, A, B, C):
            answered(session, at, "refund", talk)
        handed(session, at, B)
        handed(session, at, B)
        answered(session, at, "return", C)
        handed(session, at, C)
        offered(session, at, C, "return", "refund")
        offered(session, at, A, "cod", "return")
        answered(session, at, "return", A)
        offered(session, at, A, "return")  # again, after it was taken
        session.flush()

    await db.write(happen, now)
    return now - MONTH


async def test_hits_talks_and_those_that_went_to_a_person_after_the_answer_are_counted(db, busy):
    found = await db.read(usage.of, ["refund", "return", "never"], busy)
    refund, back = found["refund"], found["return"]
    assert (refund.hits, refund.talks, refund.handed) == (4, 3, 2)
    assert (back.hits, back.talks, back.handed) == (2, 2, 1)
    assert "never" not in found


async def test_a_suggestion_is_taken_where_the_entry_answers_afterwards(db, busy):
    found = await db.read(usage.of, ["refund", "return", "cod"], busy)
    assert (found["return"].offered, found["return"].taken) == (2, 1)
    assert (found["refund"].offered, found["refund"].taken) == (1, 0)
    assert found["cod"] == Use(offered=1)


async def test_nothing_is_counted_of_other_entries(db, busy):
    assert list(await db.read(usage.of, ["cod"], busy)) == ["cod"]
    assert await db.read(usage.of, [], busy) == {}


@pytest.fixture
async def shelf(db, now, busy):
    """Four entries: `refund` and `return` were asked for, `cod` is newest, `a` only drafted."""
    for at, (key, question) in enumerate([("refund", "C"), ("return", "B"), ("cod", "D")]):
        content, then = Content(question, (), {"zh": "x"}), now - timedelta(days=9 - at)
        await db.write(knowledge.save_draft, key, content, None, then)
    await db.write(knowledge.publish, None, "", now)
    draft = Content("A", (), {"zh": "x"})
    await db.write(knowledge.save_draft, "a", draft, None, now - timedelta(days=20))
    return busy


@pytest.mark.parametrize(
    ("by", "rising", "falling"),
    [
        (By.KEY, "a cod refund return", None),
        (By.QUESTION, "a return refund cod", "cod refund return a"),
        (By.HITS, "a cod return refund", "refund return a cod"),
        (By.HANDED, "return refund a cod", "refund return a cod"),
        (By.UPDATED, "a refund return cod", "cod return refund a"),
    ],
)
async def test_the_list_is_sorted_both_ways_and_equals_stand_by_key(db, shelf, by, rising, falling):
    for falls, expected in ((False, rising), (True, falling)):
        if expected is not None:
            order = Order(by, falls)
            found = await db.read(sorted_articles.in_order, ALL, order, shelf, 50)
            assert " ".join(state.article.key for state in found) == expected


async def test_pages_of_a_sorted_list_hold_each_entry_once(db, shelf):
    order = Order(By.HITS, falls=True)
    pages = [
        await db.read(sorted_articles.in_order, ALL, order, shelf, 1, offset) for offset in range(4)
    ]
    assert [state.article.key for page in pages for state in page] == [
        "refund",
        "return",
        "a",
        "cod",
    ]


async def test_a_draft_stands_where_its_own_question_belongs(db, now, shelf):
    await db.write(knowledge.save_draft, "cod", Content("AA", (), {"zh": "x"}), None, now)
    order = Order(By.QUESTION)
    found = await db.read(sorted_articles.in_order, ALL, order, shelf, 50)
    assert [state.article.key for state in found] == ["a", "cod", "return", "refund"]


@on_sqlite
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (usage.HITS, "activity_of_entry"),
        (usage.counted(), "activity_of_entry"),
        (usage.counted(), "activity_of_handoffs"),
        (usage._OFFERS, "activity_of_offers"),
    ],
)
async def test_facts_are_counted_through_an_index_and_not_one_by_one(db, now, query, index):
    def plan(session):
        connection = session.connection()
        made = query.compile(connection, compile_kwargs={"literal_binds": False})
        given = {name: now.isoformat() for name in made.params}
        given |= {name: value for name, value in made.params.items() if value is not None}
        lines = connection.execute(text(f"EXPLAIN QUERY PLAN {made}".replace("?", "1")), {})
        return " | ".join(str(line[-1]) for line in lines)

    assert index in await db.read(plan)
