from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from channels.message import Visibility, text_of
from handlers.chat.texts import say
from handlers.desk.conversations import resolve, take
from handlers.desk.errors import AlreadyChanged, NotFound, NotPermitted
from handlers.desk.tickets import (
    NewTicket,
    authors_of,
    history,
    open_from_desk,
    options_for,
    take_step,
)
from handlers.desk.workflow import Incomplete, Invalid, NotAllowed, NotPossible
from storage import activity, conversations, tickets
from storage.models import Author, Delivery, Fact, Owner, Role, Status

FACTS = "杯子是碎的而且漏水"


@pytest.fixture
async def number(customer):
    """A complaint, made in the chat."""
    await customer.say(f"我要投诉，{FACTS}")
    await customer.say("没有")
    await customer.tap("form:wish:refund")
    return "TS20261122-0001"


@pytest.fixture
async def ann(hire):
    return await hire("ann")


@pytest.fixture
async def eva(hire):
    return await hire("eva", Role.SUPERVISOR)


@pytest.fixture
async def hal(hire):
    return await hire("hal", Role.HANDLER)


@pytest.fixture
def walk(db, number, ann, hal, eva, now):
    """Take the complaint along the manual's way, each step by whose it is."""
    steps = [
        (ann, "record", {"category": "quality", "facts": FACTS, "severity": "high"}),
        (ann, "accept", {}),
        (ann, "assign", {"department": "物流部", "due": "2026-11-30"}),
        (hal, "analyse", {"cause": "包装太薄"}),
        (hal, "propose", {"solution": "换新并道歉", "amount": "59"}),
        (eva, "approve", {}),
        (hal, "implement", {"notice": "新杯子已寄出，单号 SF123。"}),
        (ann, "close", {"feedback": "客户满意", "result": "satisfied"}),
    ]

    async def go(count):
        ticket = await db.read(tickets.get, number)
        for who, action, fields in steps[:count]:
            ticket = await db.write(take_step, number, action, who, fields, now)
        return ticket

    return go


@pytest.mark.parametrize(
    ("due", "until"),
    [
        ("2026-03-29", "2026-03-29T22:00+00:00"),
        ("2026-10-25", "2026-10-25T23:00+00:00"),
        ("2028-02-28", "2028-02-28T23:00+00:00"),
        ("2028-02-29", "2028-02-29T23:00+00:00"),
    ],
)
async def test_the_day_a_case_is_due_ends_with_that_day_however_long_it_is(
    db, walk, number, ann, live_in, due, until
):
    live_in("America/New_York")
    await walk(2)
    midnight = datetime.fromisoformat(due).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    fields = {"department": "物流部", "due": due}
    ticket = await db.write(take_step, number, "assign", ann, fields, midnight)
    assert ticket.due_at == datetime.fromisoformat(until)


@pytest.mark.parametrize("due", ["9999-12-31", "0001-01-01", "2037-01-01"])
async def test_a_day_that_is_far_away_is_no_deadline(db, walk, number, ann, due):
    await walk(2)
    night = datetime(2026, 11, 30, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
    fields = {"department": "物流部", "due": due}
    with pytest.raises(Invalid) as error:
        await db.write(take_step, number, "assign", ann, fields, night)
    assert error.value.field == "due"
    assert (await db.read(tickets.get, number)).state == "valid"
    over = fields | {"due": "2026-11-29"}
    assert (await db.write(take_step, number, "assign", ann, over, night)).state == "assigned"


async def told(customer):
    """What the customer was told by the workflow."""
    messages = await customer.db.read(conversations.thread_messages, "shop", customer.thread, 0)
    return [text_of(m.parts) for m in messages if m.author is Author.SYSTEM]


async def test_eight_steps_by_three_people(db, walk, number, ann, hal, eva, now):
    ticket = await walk(8)
    assert ticket.state == "closed"
    assert ticket.closed_at == now
    assert (ticket.category, ticket.severity, ticket.department) == ("quality", "high", "物流部")
    assert ticket.due_at == datetime(2026, 12, 1, tzinfo=UTC)
    assert ticket.fields["cause"] == "包装太薄"
    assert ticket.fields["wish"] == "refund"
    steps = await db.read(history, number)
    assert [step.position for step in steps] == list(range(1, 10))
    assert [step.action for step in steps] == [
        "receive",
        "record",
        "accept",
        "assign",
        "analyse",
        "propose",
        "approve",
        "implement",
        "close",
    ]
    assert [step.source for step in steps[1:]] == [step.target for step in steps[:-1]]
    people = [None, ann, ann, ann, hal, hal, eva, hal, ann]
    assert [step.actor_id for step in steps] == [who and who.id for who in people]
    assert steps[1].fields == {"category": "quality", "facts": FACTS, "severity": "high"}


async def test_the_customer_is_not_bothered_with_inner_steps(customer, walk):
    assert (await walk(6)).state == "approved"
    assert await told(customer) == []


async def test_the_notice_and_the_end_reach_the_customer(db, customer, walk, number):
    await walk(8)
    implemented, closed = await told(customer)
    assert implemented == (
        say("complaint_told_implemented", "zh", number=number) + "\n新杯子已寄出，单号 SF123。"
    )
    assert closed == say("complaint_told_closed", "zh", number=number)
    query = select(Delivery).order_by(Delivery.sequence)
    sent = await db.read(lambda session: list(session.exec(query)))
    assert [text_of(d.parts) for d in sent[-2:]] == [implemented, closed]


async def test_every_step_is_in_the_log(db, walk, number, ann):
    await walk(1)
    facts = [f for f in await db.read(activity.since, 0, 500) if f.fact is Fact.TICKET_STEP]
    (fact,) = facts
    assert fact.agent_id == ann.id
    assert fact.data == {
        "number": number,
        "action": "record",
        "source": "received",
        "target": "recorded",
    }


async def test_nobody_approves_their_own_proposal(db, walk, number, eva, now):
    await walk(4)
    await db.write(take_step, number, "propose", eva, {"solution": "x"}, now)
    with pytest.raises(NotAllowed):
        await db.write(take_step, number, "approve", eva, {}, now)
    assert (await db.read(tickets.get, number)).state == "proposed"


async def test_who_once_proposed_does_not_approve_a_later_proposal(db, walk, number, eva, hal, now):
    await walk(4)
    await db.write(take_step, number, "propose", eva, {"solution": "x"}, now)
    await db.write(take_step, number, "return", eva, {"reason": "too dear"}, now)
    await db.write(take_step, number, "propose", hal, {"solution": "y"}, now)
    with pytest.raises(NotAllowed):
        await db.write(take_step, number, "approve", eva, {}, now)


async def test_a_returned_proposal_keeps_its_history(db, walk, number, eva, hal, now):
    await walk(5)
    await db.write(take_step, number, "return", eva, {"reason": "too dear"}, now)
    ticket = await db.write(take_step, number, "propose", hal, {"solution": "new"}, now)
    assert ticket.fields["solution"] == "new"
    steps = await db.read(history, number)
    solutions = [step.fields["solution"] for step in steps if step.action == "propose"]
    assert solutions == ["换新并道歉", "new"]


async def test_a_step_on_an_old_page_is_refused(db, walk, number, ann, now):
    ticket = await walk(1)
    await db.write(take_step, number, "accept", ann, {}, now, version=ticket.version)
    with pytest.raises(AlreadyChanged):
        await db.write(
            take_step, number, "withdraw", ann, {"reason": "x"}, now, version=ticket.version
        )
    assert (await db.read(tickets.get, number)).state == "valid"


@pytest.mark.parametrize(
    ("action", "fields", "error"),
    [("close", {"feedback": "x"}, NotPossible), ("record", {"facts": "x"}, Incomplete)],
)
async def test_a_refused_step_changes_nothing(db, number, ann, now, action, fields, error):
    before = await db.read(tickets.get, number)
    with pytest.raises(error):
        await db.write(take_step, number, action, ann, fields, now)
    after = await db.read(tickets.get, number)
    assert (after.version, after.state) == (before.version, before.state)
    assert len(await db.read(history, number)) == 1


async def test_fields_that_are_not_asked_for_are_not_stored(db, number, ann, now):
    fields = {"category": "price", "facts": "x", "state": "closed", "solution": "million"}
    ticket = await db.write(take_step, number, "record", ann, fields, now)
    assert "solution" not in ticket.fields
    assert "state" not in ticket.fields


@pytest.mark.parametrize(("action", "state"), [("decline", "declined"), ("withdraw", "withdrawn")])
async def test_an_early_end_is_told_without_the_inner_reason(
    customer, walk, number, ann, now, action, state
):
    await walk(1)
    ticket = await customer.db.write(take_step, number, action, ann, {"reason": "secret"}, now)
    assert ticket.closed_at == now
    assert await told(customer) == [say(f"complaint_told_{state}", "zh", number=number)]


async def test_a_declined_complaint_can_be_explained(db, customer, walk, number, ann, now):
    await walk(1)
    fields = {"reason": "secret", "notice": "照片中的杯子不是本店商品。"}
    await db.write(take_step, number, "decline", ann, fields, now)
    (text,) = await told(customer)
    assert text.endswith("\n照片中的杯子不是本店商品。")


async def test_news_of_an_old_case_come_into_the_newest_conversation(
    db, customer, walk, number, ann, now
):
    first = (await customer.conversation()).id
    await db.write(take, first, ann, now)
    await db.write(resolve, first, ann, now)
    await customer.say("你好")
    second = await customer.conversation()
    await walk(7)
    messages = await db.read(conversations.history, second.id)
    assert messages[-1].author is Author.SYSTEM
    assert (await customer.conversation()).owner is Owner.BOT


async def test_news_do_not_bring_a_resolved_conversation_back(db, customer, walk, number, ann, now):
    conversation = await customer.conversation()
    await db.write(take, conversation.id, ann, now)
    await db.write(resolve, conversation.id, ann, now)
    await walk(7)
    after = await customer.conversation()
    assert (after.id, after.status, after.owner) == (conversation.id, Status.RESOLVED, Owner.AGENT)
    assert len(await told(customer)) == 1
    heard = await customer.say("你好")
    assert heard.applied.message.position == after.last_position + 1


async def test_in_public_no_details_are_told(db, meet, hire, ann, now):
    passer_by = meet(visibility=Visibility.PUBLIC)
    await passer_by.say("你好")
    conversation = await passer_by.conversation()
    await db.write(open_from_desk, conversation.id, ann, NewTicket("complaint"), now)
    assert await told(passer_by) == [say("ticket_in_public", "zh")]


async def test_of_a_public_case_its_person_hears_in_private_where_they_wrote(
    db, meet, customer, ann, now
):
    passer_by = meet(thread="post:1:ming", visibility=Visibility.PUBLIC)
    await passer_by.say("你好")
    await customer.say("你好")
    conversation = await passer_by.conversation()
    ticket = await db.write(open_from_desk, conversation.id, ann, NewTicket("complaint"), now)
    assert await told(customer) == [say("complaint_received", "zh", number=ticket.number)]
    assert await told(passer_by) == []


async def test_an_agent_opens_a_case_and_the_customer_hears_its_number(db, customer, ann, now):
    await customer.say("where is my parcel")
    conversation = await customer.conversation()
    new = NewTicket("complaint", {"facts": "late"}, "service", "high")
    ticket = await db.write(open_from_desk, conversation.id, ann, new, now)
    assert (ticket.number, ticket.category) == ("TS20261122-0001", "service")
    assert await told(customer) == [say("complaint_received", "en", number=ticket.number)]
    (step,) = await db.read(history, ticket.number)
    assert step.actor_id == ann.id


async def test_a_case_that_is_opened_twice_is_one_and_told_once(db, customer, meet, ann, now):
    await customer.say("where is my parcel")
    conversation = await customer.conversation()
    new = NewTicket("complaint", {"facts": "late"}, "service")
    first, second = [
        await db.write(open_from_desk, conversation.id, ann, new, now) for _ in range(2)
    ]
    assert first.number == second.number
    assert await told(customer) == [say("complaint_received", "en", number=first.number)]
    stranger = meet(thread="t2", contact="stranger")
    await stranger.say("hello")
    elsewhere = await stranger.conversation()
    with pytest.raises(NotFound):
        await db.write(open_from_desk, elsewhere.id, ann, new, now)


async def test_who_has_no_business_with_tickets_is_refused(db, customer, number, hire, now):
    editor = await hire("ed", Role.EDITOR)
    conversation = await customer.conversation()
    with pytest.raises(NotPermitted):
        await db.write(open_from_desk, conversation.id, editor, NewTicket("complaint"), now)
    with pytest.raises(NotPermitted):
        await db.write(take_step, number, "accept", editor, {}, now)


async def test_what_does_not_exist_is_not_found(db, ann, now):
    with pytest.raises(NotFound):
        await db.write(open_from_desk, ann.id, ann, NewTicket("complaint"), now)
    with pytest.raises(NotFound):
        await db.write(take_step, "TS1", "accept", ann, {}, now)
    with pytest.raises(NotFound):
        await db.read(history, "TS1")
    with pytest.raises(NotFound):
        await db.read(options_for, "TS1", ann)


async def test_each_sees_their_own_next_steps(db, walk, number, hal, eva):
    await walk(5)

    async def allowed(agent):
        return {o.step.action for o in await db.read(options_for, number, agent) if o.allowed}

    assert await allowed(hal) == set()
    assert await allowed(eva) == {"approve", "return", "withdraw"}


def test_nobody_is_the_author_of_what_a_machine_did():
    assert authors_of([]) == {}
