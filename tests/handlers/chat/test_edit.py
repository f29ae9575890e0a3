"""An edit is kept beside what it changes, and answered only where that helps."""

from __future__ import annotations

from channels.message import ContactEvent, Text
from storage import conversations
from storage.models import Owner, Status


async def said(customer):
    talk = await customer.conversation()
    found = await customer.db.read(conversations.history, talk.id)
    return [(m.position, m.replaces, m.parts[0].text) for m in found if m.author == "contact"]


async def edit(customer, text, named="7"):
    return await customer.do(Text(text=text), platform_id=named, replaces=named)


async def test_both_wordings_stay_and_the_last_words_are_answered_anew(customer):
    await customer.do(Text(text="怎么退"), platform_id="7")
    heard = await edit(customer, "怎么退货")
    assert "七天内可以退货。" in heard.words
    assert await said(customer) == [(1, None, "怎么退"), (3, 1, "怎么退货")]


async def test_an_edit_of_an_edit_names_the_first_wording(customer):
    await customer.do(Text(text="怎么退"), platform_id="7")
    await edit(customer, "你好")
    heard = await edit(customer, "怎么退货")
    assert "七天内可以退货。" in heard.words
    assert [place for _, place, _ in await said(customer)] == [None, 1, 1]


async def test_an_edit_of_what_was_followed_by_more_is_kept_without_a_word(customer):
    await customer.do(Text(text="怎么退"), platform_id="7")
    await customer.do(Text(text="运费多少"), platform_id="8")
    assert (await edit(customer, "怎么退货")).parts == ()
    assert [place for _, place, _ in await said(customer)] == [None, None, 1]


async def test_an_edit_that_changes_nothing_is_not_answered(customer):
    await customer.do(Text(text="怎么退货"), platform_id="7")
    assert (await edit(customer, "怎么退货")).parts == ()


async def test_an_edit_of_what_nobody_knows_is_answered_as_new(customer):
    assert "七天内可以退货。" in (await edit(customer, "怎么退货", "99")).words
    assert await said(customer) == [(1, None, "怎么退货")]


async def test_a_form_says_that_it_takes_no_edits(customer):
    await customer.say("我要投诉")
    await customer.do(Text(text="你们送来的东西是坏的"), platform_id="7")
    before = (await customer.conversation()).dialog
    heard = await edit(customer, "你们送来的东西是旧的")
    assert "不会自动更新" in heard.words
    assert (await customer.conversation()).dialog == before


async def test_danger_is_heard_in_any_edit(customer):
    await customer.do(Text(text="充电器"), platform_id="7")
    await customer.do(Text(text="运费多少"), platform_id="8")
    await edit(customer, "充电器着火了")
    talk = await customer.conversation()
    assert (talk.owner, talk.urgent) == (Owner.QUEUE, True)


async def test_an_edit_in_a_matter_that_is_closed_still_names_what_it_changes(customer):
    await customer.do(Text(text="怎么退货"), platform_id="7")
    await customer.tap("helped:yes:returns")
    assert (await customer.conversation()).status is Status.RESOLVED
    heard = await edit(customer, "怎么退货？")
    assert heard.applied.message.replaces == 1


async def test_a_recall_names_what_was_taken_back(customer):
    await customer.do(Text(text="怎么退货"), platform_id="7")
    heard = await customer.do(ContactEvent(event="recalled"), replaces="7")
    assert heard.parts == ()
    assert heard.applied.message.replaces == 1


async def test_a_conversation_knows_where_its_customer_came_from(customer):
    await customer.do(ContactEvent(event="opened", context="order_8812"))
    await customer.say("怎么退货")
    assert (await customer.conversation()).context == "order_8812"
    await customer.do(ContactEvent(event="opened"))
    assert (await customer.conversation()).context == "order_8812"
    await customer.do(ContactEvent(event="opened", context="shop_2"))
    assert (await customer.conversation()).context == "shop_2"
