import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import select

from channels.message import Card, Notice, Text, text_of
from handlers.desk.approved import notify
from handlers.desk.conversations import hand_back, mark_read, note, reply, resolve, take
from handlers.desk.errors import (
    AlreadyClosed,
    AlreadyTaken,
    BadText,
    NoReplyNow,
    NotFound,
    NotPermitted,
    NotYours,
    StillOpen,
)
from storage import activity, conversations
from storage.models import Author, Delivery, Fact, Owner, Role, Status


def deliveries(session):
    return list(session.exec(select(Delivery).order_by(Delivery.sequence)))


@pytest.fixture
async def waiting(customer):
    """A conversation in the queue."""
    await customer.say("转人工")
    return (await customer.conversation()).id


@pytest.fixture
async def ann(hire):
    return await hire("ann")


async def last_fact(db):
    return (await db.read(activity.since, 0, 500))[-1]


async def test_taking_makes_one_the_one_who_answers(db, waiting, ann, now):
    before = await db.read(conversations.get, waiting)
    taken = await db.write(take, waiting, ann, now)
    assert (taken.owner, taken.assignee_id) == (Owner.AGENT, ann.id)
    assert taken.version == before.version + 1
    fact = await last_fact(db)
    assert (fact.fact, fact.agent_id) == (Fact.CONVERSATION_TAKEN, ann.id)
    assert fact.data == {"from": "queue", "previous": None}


async def test_of_many_who_take_at_once_one_wins(db, waiting, hire, now):
    agents = [await hire(f"agent{number}") for number in range(8)]
    results = await asyncio.gather(
        *(db.write(take, waiting, agent, now) for agent in agents), return_exceptions=True
    )
    winners = [result for result in results if not isinstance(result, Exception)]
    losers = [result for result in results if isinstance(result, AlreadyTaken)]
    assert (len(winners), len(losers)) == (1, 7)
    conversation = await db.read(conversations.get, waiting)
    winner = next(agent for agent in agents if agent.id == conversation.assignee_id)
    assert {loser.by for loser in losers} == {winner.display_name}


async def test_of_two_claims_on_one_row_the_second_is_told(db, waiting, ann, hire, now):
    bob = await hire("bob")
    assert await db.write(conversations.claim, waiting, ann.id, now, force=False)
    assert not await db.write(conversations.claim, waiting, bob.id, now, force=False)
    assert (await db.read(conversations.get, waiting)).assignee_id == ann.id


async def test_taking_what_one_has_changes_nothing(db, waiting, ann, now):
    first = await db.write(take, waiting, ann, now)
    before = await db.read(activity.last_id)
    again = await db.write(take, waiting, ann, now)
    assert again.version == first.version
    assert await db.read(activity.last_id) == before


async def test_the_bots_conversations_can_be_taken(db, customer, ann):
    await customer.say("怎么退货")
    conversation = await customer.conversation()
    taken = await db.write(take, conversation.id, ann, customer.now)
    assert taken.owner is Owner.AGENT
    assert (await customer.say("运费多少")).parts == ()


async def test_only_a_supervisor_takes_from_a_colleague(db, waiting, ann, hire, now):
    bob, eva = await hire("bob"), await hire("eva", Role.SUPERVISOR)
    await db.write(take, waiting, ann, now)
    with pytest.raises(NotPermitted):
        await db.write(take, waiting, bob, now, force=True)
    with pytest.raises(AlreadyTaken) as error:
        await db.write(take, waiting, eva, now)
    assert error.value.by == "客服ann"
    taken = await db.write(take, waiting, eva, now, force=True)
    assert taken.assignee_id == eva.id
    assert (await last_fact(db)).data == {"from": "agent", "previous": str(ann.id)}


@pytest.mark.parametrize("role", [Role.HANDLER, Role.EDITOR])
async def test_who_is_no_agent_takes_nothing(db, waiting, hire, now, role):
    person = await hire("x", role)
    for action in (take, hand_back, resolve):
        with pytest.raises(NotPermitted):
            await db.write(action, waiting, person, now)
    with pytest.raises(NotPermitted):
        await db.write(reply, waiting, person, "hi", now)
    with pytest.raises(NotPermitted):
        await db.write(mark_read, waiting, person)


async def test_who_was_shut_out_does_nothing(db, waiting, ann, now):
    ann.enabled = False
    with pytest.raises(NotPermitted):
        await db.write(take, waiting, ann, now)


async def test_what_does_not_exist_is_not_found(db, ann, now):
    for action in (take, hand_back, resolve):
        with pytest.raises(NotFound):
            await db.write(action, ann.id, ann, now)
    for say in (reply, note):
        with pytest.raises(NotFound):
            await db.write(say, ann.id, ann, "hi", now)
    with pytest.raises(NotFound):
        await db.write(mark_read, ann.id, ann)


async def test_an_answer_is_stored_and_on_its_way(db, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    before = len(await db.read(deliveries))
    message = await db.write(reply, waiting, ann, "  我来帮您  ", now)
    assert text_of(message.parts) == "我来帮您"
    assert (message.author, message.agent_id) == (Author.AGENT, ann.id)
    sent = await db.read(deliveries)
    assert len(sent) == before + 1
    assert sent[-1].key == f"m:{message.id}"
    conversation = await db.read(conversations.get, waiting)
    assert (conversation.unread, conversation.waiting_since) == (0, None)
    assert conversation.preview == "我来帮您"


async def test_a_link_on_its_own_line_is_sent_as_a_card(db, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    said = '请看：\n[退货步骤](https://shop.example/r "三步")'
    message = await db.write(reply, waiting, ann, said, now)
    card = Card(title="退货步骤", url="https://shop.example/r", description="三步")
    assert message.parts == (Text(text="请看："), card)
    talk = await db.read(conversations.get, waiting)
    assert talk.preview == "请看： 退货步骤 三步 https://shop.example/r"


async def test_the_same_answer_twice_is_sent_once(db, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    first = await db.write(reply, waiting, ann, "hi", now, echo_id="e1")
    second = await db.write(reply, waiting, ann, "hi", now, echo_id="e1")
    assert second.id == first.id
    keys = [delivery.key for delivery in await db.read(deliveries)]
    assert keys.count(f"m:{first.id}") == 1


async def test_only_who_has_it_answers(db, waiting, ann, hire, now):
    bob = await hire("bob", Role.SUPERVISOR)
    with pytest.raises(NotYours):
        await db.write(reply, waiting, ann, "hi", now)
    await db.write(take, waiting, ann, now)
    with pytest.raises(NotYours):
        await db.write(reply, waiting, bob, "hi", now)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 5001])
async def test_nothing_and_too_much_is_refused(db, waiting, ann, now, text):
    await db.write(take, waiting, ann, now)
    with pytest.raises(BadText):
        await db.write(reply, waiting, ann, text, now)
    with pytest.raises(BadText):
        await db.write(note, waiting, ann, text, now)


async def test_a_note_never_leaves_the_house(db, customer, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    before = await db.read(deliveries)
    preview = (await db.read(conversations.get, waiting)).preview
    message = await db.write(note, waiting, ann, "the customer is my aunt", now)
    assert message.private
    assert await db.read(deliveries) == before
    public = await db.read(conversations.thread_messages, "shop", "t1", 0)
    assert message.id not in [m.id for m in public]
    conversation = await db.read(conversations.get, waiting)
    assert conversation.preview == preview
    assert conversation.waiting_since is not None
    assert (await last_fact(db)).fact is Fact.NOTE_ADDED


async def test_a_handler_may_note_but_not_answer(db, waiting, hire, now):
    handler = await hire("h", Role.HANDLER)
    assert (await db.write(note, waiting, handler, "checked", now)).private


async def test_an_editor_may_not_even_note(db, waiting, hire, now):
    with pytest.raises(NotPermitted):
        await db.write(note, waiting, await hire("e", Role.EDITOR), "x", now)


async def test_handing_back_lets_the_bot_answer_again(db, customer, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    back = await db.write(hand_back, waiting, ann, now)
    assert (back.owner, back.assignee_id) == (Owner.BOT, None)
    assert (back.handoff_reason, back.urgent) == (None, False)
    assert (await last_fact(db)).fact is Fact.CONVERSATION_HANDED_BACK
    assert "七天内可以退货。" in (await customer.say("怎么退货")).words


async def test_handing_back_what_the_bot_has_changes_nothing(db, customer, ann):
    await customer.say("你好")
    before = await customer.conversation()
    after = await db.write(hand_back, before.id, ann, customer.now)
    assert after.version == before.version


async def test_a_colleagues_conversation_is_left_alone(db, waiting, ann, hire, now):
    bob, eva = await hire("bob"), await hire("eva", Role.SUPERVISOR)
    await db.write(take, waiting, ann, now)
    for action in (hand_back, resolve):
        with pytest.raises(NotYours):
            await db.write(action, waiting, bob, now)
    assert (await db.write(resolve, waiting, eva, now)).status is Status.RESOLVED


async def test_what_is_resolved_is_over(db, customer, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    closed = await db.write(resolve, waiting, ann, now, "answered")
    assert (closed.status, closed.unread, closed.waiting_since) == (Status.RESOLVED, 0, None)
    assert (await last_fact(db)).data == {"reason": "answered", "owner": "agent"}
    for action in (take, hand_back, resolve):
        with pytest.raises(AlreadyClosed):
            await db.write(action, waiting, ann, now)
    with pytest.raises(AlreadyClosed):
        await db.write(reply, waiting, ann, "one more thing", now)
    assert (await db.write(note, waiting, ann, "for the files", now)).private
    heard = await customer.say("怎么退货")
    assert heard.applied.conversation.id != waiting
    assert "七天内可以退货。" in heard.words


async def test_a_conversation_that_is_resolved_while_it_is_taken_is_closed(db, waiting, ann, now):
    def race(session):
        conversation = conversations.get(session, waiting)
        conversation.status = Status.RESOLVED
        conversations.save(session, conversation)
        return conversations.claim(session, waiting, ann.id, now, force=True)

    assert await db.write(race) is False


async def test_reading_is_noted_for_who_answers_and_disturbs_nobody(db, waiting, ann, hire, now):
    bob = await hire("bob")
    taken = await db.write(take, waiting, ann, now)
    assert taken.unread == 1
    assert (await db.write(mark_read, waiting, bob)).unread == 1
    read = await db.write(mark_read, waiting, ann)
    assert (read.unread, read.version) == (0, taken.version)


NOTICE = Notice(name="answered", label="an answer waits")


async def closed(db, conversation_id, now):
    def close(session):
        found = conversations.get(session, conversation_id)
        found.reply_until = now - timedelta(seconds=1)
        conversations.save(session, found)

    await db.write(close)


async def test_who_can_be_answered_no_more_can_be_sent_a_notice(db, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    await closed(db, waiting, now)
    with pytest.raises(NoReplyNow):
        await db.write(reply, waiting, ann, "too late", now)
    sent = await db.write(partial(notify, notice=NOTICE), waiting, ann, now)
    assert (sent.author, sent.parts, sent.agent_id) == (Author.AGENT, (NOTICE,), ann.id)
    assert (await db.read(deliveries))[-1].parts == (NOTICE,)


async def test_who_can_be_answered_is_sent_no_notice(db, waiting, ann, now):
    await db.write(take, waiting, ann, now)
    with pytest.raises(StillOpen):
        await db.write(partial(notify, notice=NOTICE), waiting, ann, now)


async def test_only_who_has_the_conversation_sends_a_notice(db, waiting, ann, now):
    await closed(db, waiting, now)
    with pytest.raises(NotYours):
        await db.write(partial(notify, notice=NOTICE), waiting, ann, now)
