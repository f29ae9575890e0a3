"""From a public thread to the private one of the same person."""

from datetime import timedelta

import pytest

from channels.message import Card, Visibility, text_of
from handlers.chat.texts import say
from handlers.desk.aside import reply_privately
from handlers.desk.conversations import reply, resolve, take
from handlers.desk.errors import (
    AlreadyTaken,
    BadText,
    NoReplyNow,
    NotYours,
    PersonalInPublic,
)
from storage import contacts, conversations
from storage.models import Author, Conversation, Owner, Status

TOLD = say("written_privately", "zh")
DETAILS = "您的订单 20261127001 由人民路88号退回"


@pytest.fixture
async def ann(hire):
    return await hire("ann")


@pytest.fixture
def passer_by(meet):
    """The public thread of the person whose private one is `customer`."""
    return meet(thread="post:1:ming", visibility=Visibility.PUBLIC)


@pytest.fixture
async def public(db, passer_by, ann, now):
    """A public conversation that is Ann's."""
    await passer_by.say("我要投诉")
    conversation = await passer_by.conversation()
    await db.write(take, conversation.id, ann, now)
    return conversation.id


async def said_in(db, conversation_id):
    found = await db.read(conversations.history, conversation_id)
    return [text_of(m.parts) for m in found if m.author is not Author.CONTACT]


async def change(db, conversation_id, **values):
    def write(session):
        for name, value in values.items():
            setattr(session.get_one(Conversation, conversation_id), name, value)

    await db.write(write)


async def test_the_details_go_to_the_private_thread_and_the_public_one_says_so(
    db, customer, public, ann, now
):
    await customer.say("转人工")
    notice = await db.write(reply_privately, public, ann, DETAILS, now)
    private = await customer.conversation()
    assert (await said_in(db, private.id))[-1] == DETAILS
    assert (await said_in(db, public))[-1] == text_of(notice.parts) == TOLD
    assert (private.owner, private.assignee_id) == (Owner.AGENT, ann.id)
    assert (await db.read(conversations.get, public)).contact_id == private.contact_id


async def test_a_link_on_a_line_of_its_own_is_a_card_there_too(db, customer, public, ann, now):
    await customer.say("转人工")
    await db.write(reply_privately, public, ann, "[退货](https://shop.example/r)", now)
    said = await db.read(conversations.history, (await customer.conversation()).id)
    assert said[-1].parts == (Card(title="退货", url="https://shop.example/r"),)


async def test_the_same_click_twice_writes_once(db, customer, public, ann, now):
    await customer.say("转人工")
    first, second = [
        await db.write(reply_privately, public, ann, DETAILS, now, echo_id="e1") for _ in range(2)
    ]
    assert first.id == second.id
    private = await customer.conversation()
    assert (await said_in(db, private.id)).count(DETAILS) == 1
    assert (await said_in(db, public)).count(TOLD) == 1


async def test_a_resolved_private_matter_is_opened_anew_with_its_window(
    db, customer, public, ann, now
):
    await customer.say("你好")
    before = await customer.conversation()
    until = now + timedelta(hours=3)
    await change(db, before.id, reply_until=until, replies_left=4)
    await db.write(resolve, before.id, ann, now)
    await db.write(reply_privately, public, ann, DETAILS, now)
    private = await customer.conversation()
    assert private.id != before.id
    assert (private.reply_until, private.replies_left) == (until, 4)
    assert (private.status, private.assignee_id) == (Status.OPEN, ann.id)
    assert private.last_position == before.last_position + 1


@pytest.mark.parametrize("why", ["nobody", "late", "blocked", "private"])
async def test_where_nothing_can_be_written_nothing_is_said(db, customer, public, ann, now, why):
    if why != "nobody":
        await customer.say("转人工")
        private = await customer.conversation()
    here = public
    if why == "late":
        await change(db, private.id, reply_until=now - timedelta(seconds=1))
    if why == "blocked":

        def leave(session):
            _, identity = contacts.find(session, "shop", "ming")
            contacts.set_blocked(session, identity, blocked=True)

        await db.write(leave)
    if why == "private":
        await db.write(take, private.id, ann, now)
        here = private.id
    before = await said_in(db, here)
    with pytest.raises(NoReplyNow) as refused:
        await db.write(reply_privately, here, ann, DETAILS, now)
    assert refused.value.reason == "no_private_thread"
    assert await said_in(db, here) == before


async def test_a_colleagues_private_conversation_stays_theirs(db, customer, public, ann, hire, now):
    bob = await hire("bob")
    await customer.say("转人工")
    private = await customer.conversation()
    await db.write(take, private.id, bob, now)
    with pytest.raises(AlreadyTaken):
        await db.write(reply_privately, public, ann, DETAILS, now)
    with pytest.raises(NotYours):
        await db.write(reply_privately, public, bob, DETAILS, now)
    with pytest.raises(BadText):
        await db.write(reply_privately, public, ann, " ", now)


async def test_nothing_that_looks_like_personal_data_is_said_in_public(db, public, ann, now):
    before = await said_in(db, public)
    with pytest.raises(PersonalInPublic) as refused:
        await db.write(reply, public, ann, "请打 13812345678 或 li@example.com", now)
    assert refused.value.kinds == ("phone", "email")
    assert await said_in(db, public) == before
    await db.write(reply, public, ann, "请私信我们", now)
    assert (await said_in(db, public))[-1] == "请私信我们"


async def test_in_private_everything_can_be_said(db, customer, ann, now):
    await customer.say("转人工")
    conversation = await customer.conversation()
    await db.write(take, conversation.id, ann, now)
    await db.write(reply, conversation.id, ann, DETAILS, now)
    assert (await said_in(db, conversation.id))[-1] == DETAILS
