"""What is told in private about a case from in public is added to it, and to no other."""

from datetime import timedelta

import pytest

from channels.message import Visibility
from handlers.chat.texts import say
from handlers.desk.conversations import resolve, take
from handlers.desk.tickets import NewTicket, history, open_from_desk, take_step
from storage import tickets
from storage.models import Role

FACTS = "杯子是碎的而且漏水"
PUBLIC = {"facts": "网友说杯子坏了", "order": "A-1"}


@pytest.fixture
async def ann(hire):
    return await hire("ann", Role.SUPERVISOR)


@pytest.fixture
def open_in(db, ann):
    """A case that an agent opened about somebody's talk."""

    async def make(talker, **fields):
        await talker.say("你好")
        talk = await talker.conversation()
        new = NewTicket("complaint", fields)
        return await db.write(open_from_desk, talk.id, ann, new, talker.now)

    return make


@pytest.fixture
def passer_by(meet):
    return meet(thread="post:1:ming", visibility=Visibility.PUBLIC)


async def complain(customer, facts=FACTS):
    await customer.say(f"我要投诉，{facts}")
    await customer.say("没有")
    return await customer.tap("form:wish:refund")


async def all_of(db):
    return await db.read(tickets.list_tickets)


async def test_a_complaint_in_private_is_added_to_the_open_one_from_in_public(
    db, customer, passer_by, open_in, ann
):
    opened = await open_in(passer_by, **PUBLIC)
    heard = await complain(customer)
    assert heard.words == say("complaint_added", "zh", number=opened.number)
    (ticket,) = await all_of(db)
    assert ticket.fields == {"facts": f"网友说杯子坏了\n{FACTS}", "order": "A-1", "wish": "refund"}
    first, added = await db.read(history, ticket.number)
    assert (added.action, added.source, added.target) == ("add", "received", "received")
    assert (first.fields["facts"], added.fields["facts"]) == (PUBLIC["facts"], FACTS)
    step = {"category": "quality", "facts": FACTS, "severity": "high"}
    after = await db.write(take_step, ticket.number, "record", ann, step, customer.now)
    assert after.state == "recorded"


async def test_danger_that_is_told_in_private_makes_the_case_critical(
    db, customer, passer_by, open_in
):
    await open_in(passer_by, **PUBLIC)
    await complain(customer, "杯子漏电，孩子被电伤了")
    (ticket,) = await all_of(db)
    assert (ticket.severity, "漏电" in ticket.fields["facts"]) == ("critical", True)


async def test_another_matter_gets_a_number_of_its_own(db, customer, meet, passer_by, open_in, ann):
    await open_in(meet(thread="post:2:tom", contact="tom", visibility=Visibility.PUBLIC))
    assert "TS20261122-0002" in (await complain(customer)).words
    closed = await open_in(passer_by, **PUBLIC)
    await db.write(take_step, closed.number, "withdraw", ann, {"reason": "x"}, customer.now)
    assert "TS20261122-0004" in (await complain(customer)).words
    assert len(await all_of(db)) == 4


async def test_what_was_said_in_public_days_ago_is_another_matter(
    db, customer, passer_by, open_in, ann
):
    await open_in(passer_by, **PUBLIC)
    talk = await passer_by.conversation()
    await db.write(take, talk.id, ann, passer_by.now)
    await db.write(resolve, talk.id, ann, passer_by.now)
    customer.now += timedelta(days=5)
    assert "TS20261127-0001" in (await complain(customer)).words
