"""Who is served in the platform's own client is left to people there, and is ours afterwards."""

import pytest

from channels.message import ContactEvent
from handlers.desk.conversations import take
from storage.models import Owner, Status

SERVED = ContactEvent(event="served", context="LiSi")
RELEASED = ContactEvent(event="released")


async def test_the_bot_is_silent_while_a_servicer_has_the_customer(customer):
    await customer.say("怎么退货")
    heard = await customer.do(SERVED, automatic=True)
    talk = await customer.conversation()
    assert heard.parts == (await customer.say("几点营业")).parts == ()
    assert (talk.owner, talk.handoff_reason) == (Owner.QUEUE, "elsewhere")


@pytest.mark.parametrize("automatic", [True, False])
async def test_it_does_not_matter_whether_the_platform_says_who_told_it(customer, automatic):
    await customer.do(SERVED, automatic=automatic)
    assert (await customer.conversation()).handoff_reason == "elsewhere"
    await customer.do(RELEASED, automatic=automatic)
    assert (await customer.conversation()).status is Status.RESOLVED


async def test_who_is_let_go_there_is_answered_by_the_bot_again(customer):
    await customer.do(SERVED, automatic=True)
    await customer.say("几点营业")
    assert (await customer.do(RELEASED, automatic=True)).parts == ()
    assert "九点到十八点。" in (await customer.say("几点营业")).words


async def test_the_end_of_a_talk_there_ends_none_of_ours(customer, db, hire, now):
    await customer.say("转人工")
    talk = await customer.conversation()
    await customer.do(RELEASED, automatic=True)
    assert (await customer.conversation()).status is Status.OPEN
    await db.write(take, talk.id, await hire("ann"), now)
    await customer.do(RELEASED, automatic=True)
    assert (await customer.conversation()).owner is Owner.AGENT


async def test_an_end_of_which_nothing_is_known_leaves_nothing_open(customer):
    await customer.do(RELEASED, automatic=True)
    assert (await customer.conversation()).status is Status.RESOLVED
