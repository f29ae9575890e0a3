from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import ContactEvent, Text, text_of
from handlers.apply import Stale, failed_turn
from handlers.base import Handoff, OpenTicket, Outcome, Record, Resolve, SetDialog
from handlers.chat.texts import say
from handlers.desk.conversations import take
from storage import activity, contacts, conversations, tickets
from storage.models import Author, Delivery, Fact, Message, Owner, Status

HELLO = Outcome(reply=(Text(text="hello"),), why={"handler": "test"})


def everything(session, model):
    return list(session.exec(select(model)))


async def facts(db):
    return [fact.fact for fact in await db.read(activity.since, 0, 500)]


async def test_message_reply_and_delivery_are_stored_together(customer):
    turn = await customer.turn(Text(text="hi"), platform_id="p1")
    heard = await customer.apply(turn, HELLO)
    said, replied = await customer.db.read(conversations.history, heard.applied.conversation.id)
    assert (said.author, said.position, said.echo_id) == (Author.CONTACT, 1, "p1")
    assert (replied.author, replied.position) == (Author.BOT, 2)
    assert replied.why == {"handler": "test"}
    (delivery,) = await customer.db.read(everything, Delivery)
    assert delivery.message_id == replied.id
    assert delivery.key == f"{turn.key}:0"
    assert await facts(customer.db) == [
        Fact.CONVERSATION_OPENED,
        Fact.MESSAGE_RECEIVED,
        Fact.MESSAGE_ADDED,
    ]


async def test_without_an_outcome_only_the_message_is_stored(customer):
    heard = await customer.apply(await customer.turn(Text(text="hi")), None)
    assert heard.parts == ()
    assert await customer.db.read(everything, Delivery) == []


async def test_an_outcome_without_words_sends_nothing(customer):
    await customer.apply(await customer.turn(Text(text="hi")), Outcome())
    assert await customer.db.read(everything, Delivery) == []


async def test_a_turn_that_is_applied_twice_is_stale(customer):
    turn = await customer.turn(Text(text="hi"))
    await customer.apply(turn, HELLO)
    with pytest.raises(Stale):
        await customer.apply(turn, HELLO)
    assert len(await customer.db.read(everything, Message)) == 2


async def test_a_turn_on_an_old_version_is_stale_and_stores_nothing(customer):
    await customer.say("你好")
    slow = await customer.turn(Text(text="怎么退货"))
    await customer.say("运费多少")
    before = len(await customer.db.read(everything, Message))
    with pytest.raises(Stale):
        await customer.apply(slow, HELLO)
    assert len(await customer.db.read(everything, Message)) == before


async def test_the_bot_does_not_talk_over_an_agent_who_took_over_meanwhile(customer, hire):
    await customer.say("你好")
    slow = await customer.turn(Text(text="怎么退货"))
    outcome = await customer.chain(slow)
    agent = await hire("ann")
    await customer.db.write(take, slow.conversation.id, agent, customer.now)
    with pytest.raises(Stale):
        await customer.apply(slow, outcome)
    again = await customer.turn(Text(text="怎么退货"))
    assert await customer.chain(again) is None


async def test_a_handoff_puts_the_conversation_into_the_queue(customer):
    turn = await customer.turn(Text(text="help"))
    called = Outcome(reply=(Text(text="wait"),), actions=(Handoff("asked", "vip", urgent=True),))
    await customer.apply(turn, called)
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert (conversation.handoff_reason, conversation.team) == ("asked", "vip")
    assert conversation.urgent
    assert conversation.waiting_since == turn.now
    last = (await customer.db.read(activity.since, 0, 500))[-1]
    assert last.fact is Fact.CONVERSATION_HANDED_OFF
    assert last.data == {"reason": "asked", "team": "vip", "urgent": True}


async def test_a_ticket_is_opened_and_its_number_announced(customer):
    new = OpenTicket("complaint", "quality", {"facts": "x"}, "No. {number} {x}", "high")
    heard = await customer.apply(
        await customer.turn(Text(text="x")), Outcome(reply=(Text(text="ok"),), actions=(new,))
    )
    assert heard.words == "ok\nNo. TS20261122-0001 {x}"
    ticket = heard.applied.ticket
    assert (ticket.category, ticket.severity, ticket.state) == ("quality", "high", "received")
    assert ticket.conversation_id == heard.applied.conversation.id
    (step,) = await customer.db.read(tickets.steps, ticket.id)
    assert (step.action, step.source, step.target) == ("receive", "", "received")
    assert step.fields == {"facts": "x"}


async def test_a_dialog_is_kept_and_forgotten(customer):
    await customer.apply(
        await customer.turn(Text(text="x")), Outcome(actions=(SetDialog({"misses": 1}),))
    )
    assert (await customer.conversation()).dialog == {"misses": 1}
    await customer.apply(await customer.turn(Text(text="x")), Outcome(actions=(SetDialog(None),)))
    assert (await customer.conversation()).dialog is None


async def test_a_record_says_which_message_it_is_about(customer):
    record = Record(Fact.FAQ_MISSED, {"entries": []})
    await customer.apply(await customer.turn(Text(text="x")), Outcome(actions=(record,)))
    last = (await customer.db.read(activity.since, 0, 500))[-1]
    assert last.data == {"entries": [], "position": 1, "language": "zh"}
    assert last.conversation_id == (await customer.conversation()).id


async def test_a_matter_can_be_closed_and_the_next_message_opens_another(customer):
    await customer.apply(await customer.turn(Text(text="x")), Outcome(actions=(Resolve(),)))
    first = await customer.conversation()
    assert first.status is Status.RESOLVED
    assert (first.unread, first.waiting_since) == (0, None)
    heard = await customer.apply(await customer.turn(Text(text="y")), HELLO)
    assert heard.applied.conversation.id != first.id
    assert heard.applied.message.position == 2


async def test_the_conversation_speaks_the_language_of_the_last_message(customer):
    await customer.say("你好")
    await customer.say("where is my parcel")
    assert (await customer.conversation()).language == "en"


async def test_who_blocks_us_is_remembered_until_they_write(customer):
    async def blocked():
        _, identity = await customer.db.read(contacts.find, "shop", "ming")
        return identity.blocked

    await customer.event("followed")
    assert not await blocked()
    await customer.event("blocked")
    assert await blocked()
    await customer.say("你好")
    assert not await blocked()


async def test_an_event_is_stored_but_nobody_waits_for_an_answer_to_it(customer):
    heard = await customer.event("unfollowed")
    assert heard.applied.message.parts == (ContactEvent(event="unfollowed"),)
    conversation = await customer.conversation()
    assert (conversation.unread, conversation.waiting_since) == (0, None)


async def test_an_edit_is_a_message_of_its_own(customer):
    first = await customer.apply(await customer.turn(Text(text="one"), platform_id="7"), Outcome())
    edit = await customer.apply(
        await customer.turn(Text(text="two"), platform_id="7", replaces="7"), Outcome()
    )
    assert edit.applied.message.id != first.applied.message.id
    assert text_of(edit.applied.message.parts) == "two"


async def test_a_turn_that_failed_ends_with_an_apology_and_a_person(customer):
    turn = await customer.turn(Text(text="怎么退货"))
    heard = await customer.apply(turn, failed_turn(turn, "TimeoutError"))
    assert heard.words == say("sorry_error", "zh")
    assert heard.why["error"] == "TimeoutError"
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.handoff_reason == "error"


async def test_two_customers_do_not_see_each_other(customer, meet):
    other = meet(thread="t2", contact="hua")
    await customer.say("怎么退货")
    await other.say("运费多少")
    theirs = await customer.db.read(conversations.thread_messages, "shop", "t2", 0)
    assert [text_of(message.parts).splitlines()[0] for message in theirs] == [
        "运费多少",
        "满 99 元包邮。",
    ]


async def test_positions_of_a_long_talk_have_no_gaps(customer):
    for text in ("你好", "怎么退货", "1", "菜单", "转人工", "在吗"):
        await customer.say(text)
    told = await customer.db.read(conversations.thread_messages, "shop", "t1", 0)
    assert [message.position for message in told] == list(range(1, len(told) + 1))


async def test_times_are_those_of_the_transaction(customer):
    turn = await customer.turn(Text(text="x"))
    customer.now += timedelta(minutes=5)
    heard = await customer.apply(turn, HELLO)
    assert heard.applied.message.at == turn.now + timedelta(minutes=5)
