"""A form that Slack took in its own window is one complaint in the house."""

import pytest
from sqlmodel import select

from channels.slack.simulator import Simulator
from channels.testing import as_request, serve
from handlers.chain import build_chain
from handlers.chat.sheet import sheets
from handlers.desk import conversations as desk
from storage import conversations, people
from storage.models import Conversation, Owner, Role, Ticket
from tests.handlers.conftest import FakeAnswers


@pytest.fixture
async def slack(build, time):
    """A house with one Slack inbox, and its platform."""
    simulator = Simulator("shop", time)
    async with serve(simulator.app) as url:
        told = {"channel": "slack", "base_url": url, **simulator.settings}
        house = build(build_chain(FakeAnswers()), shop=told)
        house.inboxes.offer(sheets())
        yield await house.open(), simulator


async def take(house, push):
    reception = await house.intake.receive("shop", as_request(push))
    await house.adapter()._errands.finish()
    return reception


async def tickets(house):
    return await house.db.read(lambda s: s.exec(select(Ticket).order_by(Ticket.number)).all())


async def the_conversation(house):
    return await house.db.read(lambda s: s.exec(select(Conversation)).one())


async def test_a_form_that_is_handed_in_three_times_is_one_complaint(slack):
    house, simulator = slack
    await take(house, simulator.command("lilei", "/yingda", "complaint"))
    handed_in = simulator.submit("lilei", facts="My parcel is late", wish="Refund")
    for _ in range(3):
        assert (await take(house, handed_in)).body == b""
        await house.think()
    await house.send()
    (ticket,) = await tickets(house)
    assert ticket.fields == {"facts": "My parcel is late", "wish": "refund"}
    (told,) = simulator.seen_by("lilei")
    assert ticket.number in told.text


async def test_a_form_is_taken_while_a_person_has_the_conversation(slack):
    house, simulator = slack
    await take(house, simulator.say("lilei", "agent"))
    await house.think()
    conversation = await the_conversation(house)
    agent = await house.db.write(people.create_agent, "li", "no hash", Role.AGENT, house.time())
    await house.db.write(desk.take, conversation.id, agent, house.time())
    await take(house, simulator.say("lilei", "hello?"))
    await take(house, simulator.command("lilei", "/yingda", "complaint"))
    await take(house, simulator.submit("lilei", facts="My parcel is late", wish="Refund"))
    await house.think()
    conversation = await house.db.read(conversations.get, conversation.id)
    assert (conversation.owner, conversation.assignee_id) == (Owner.AGENT, agent.id)
    assert len(await tickets(house)) == 1
