import pytest
from sqlmodel import select

from channels.message import Choices, Selection, Text
from handlers.chat.sheet import NAME, sheets
from handlers.chat.texts import LANGUAGES
from handlers.desk import conversations as desk
from storage.models import Owner, Ticket

SKIPPED = Selection(value="form:order:skip", label="没有订单号，跳过")
REFUND = Selection(value="form:wish:refund", label="退款")


def handed_in(facts="包裹两周没有到", order=SKIPPED, wish=REFUND):
    return Selection(value=NAME, label="投诉登记"), Text(text=facts), order, wish


async def tickets(db):
    return await db.read(lambda session: session.exec(select(Ticket).order_by(Ticket.number)).all())


async def test_a_form_that_is_handed_in_whole_is_a_complaint(customer, db):
    heard = await customer.do(*handed_in(order=Text(text="A-17")))
    (ticket,) = await tickets(db)
    assert ticket.number in heard.words
    assert (ticket.kind, ticket.severity) == ("complaint", "normal")
    assert heard.why["gathered"] == {"facts": "包裹两周没有到", "order": "A-17", "wish": "refund"}


async def test_it_ends_a_form_that_was_begun_in_the_chat(customer, db):
    await customer.say("我要投诉")
    await customer.do(*handed_in())
    assert (await customer.conversation()).dialog is None
    assert len(await tickets(db)) == 1


async def test_what_is_missing_is_asked_for(customer, db):
    heard = await customer.do(*handed_in(wish=Selection(value="form:wish:nonsense")))
    assert any(isinstance(part, Choices) for part in heard.parts)
    assert await tickets(db) == []
    await customer.tap("form:wish:repair")
    assert len(await tickets(db)) == 1


async def test_who_talks_to_a_person_can_still_hand_one_in(customer, db, hire, now):
    await customer.say("人工")
    agent = await hire("li")
    conversation = await customer.conversation()
    await db.write(desk.take, conversation.id, agent, now)
    heard = await customer.do(*handed_in(facts="手机充电起火，烧到了手"))
    (ticket,) = await tickets(db)
    assert (ticket.severity, ticket.number in heard.words) == ("critical", True)
    conversation = await customer.conversation()
    assert (conversation.owner, conversation.assignee_id) == (Owner.AGENT, agent.id)


async def test_a_grave_one_calls_a_person(customer, db):
    await customer.do(*handed_in(facts="手机充电起火，烧到了手"))
    assert [ticket.severity for ticket in await tickets(db)] == ["critical"]
    assert (await customer.conversation()).owner is Owner.QUEUE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_fits_into_windows_of_platforms(language):
    (sheet,) = [each for each in sheets() if each.language == language]
    assert (sheet.name, sheet.opens) == ("form:complaint.1", "complaint")
    assert all(0 < len(each) <= 24 for each in (sheet.title, sheet.submit, sheet.cancel))
    assert [blank.name for blank in sheet.blanks] == ["facts", "order", "wish"]
    assert [bool(blank.skip) for blank in sheet.blanks] == [False, True, False]
    assert all(blank.label and (blank.skip or blank.wanting) for blank in sheet.blanks)
    assert all(len(option.label) <= 75 for blank in sheet.blanks for option in blank.options)
