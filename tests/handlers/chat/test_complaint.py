import pytest

from channels.message import Media, Text, Visibility
from handlers.base import SetDialog
from handlers.chat.texts import say
from storage import tickets
from storage.models import Owner

FACTS = "昨天收到的杯子是碎的，包装也破了"


async def opened(customer):
    ticket = customer.heard[-1].applied.ticket
    assert ticket is not None
    return await customer.db.read(tickets.get, ticket.number)


async def test_a_complaint_is_asked_for_one_thing_at_a_time(customer):
    assert say("complaint_facts", "zh") in (await customer.say("我要投诉")).words
    assert (await customer.say(FACTS)).values == ["form:order:skip"]
    assert "form:wish:refund" in (await customer.say("20261120888")).values
    heard = await customer.say("1")
    assert "TS20261122-0001" in heard.words
    assert "{number}" not in heard.words
    ticket = await opened(customer)
    assert ticket.fields == {"facts": FACTS, "order": "20261120888", "wish": "refund"}
    assert ticket.state == "received"
    conversation = await customer.conversation()
    assert conversation.dialog is None
    assert conversation.owner is Owner.BOT


async def test_the_same_in_english(customer):
    assert say("complaint_facts", "en") in (await customer.say("I want to make a complaint")).words
    await customer.say("The cup came broken and the box was wet")
    assert say("complaint_wish", "en") in (await customer.say("no")).words
    heard = await customer.say("please exchange it")
    assert "received under number TS20261122-0001" in heard.words
    ticket = await opened(customer)
    assert ticket.fields["wish"] == "exchange"
    assert ticket.fields["wish_words"] == "please exchange it"
    assert "order" not in ticket.fields


async def test_what_was_said_with_the_wish_to_complain_is_the_first_answer(customer):
    assert (await customer.say(f"我要投诉，{FACTS}")).values == ["form:order:skip"]


async def test_too_little_is_asked_again_more_kindly(customer):
    await customer.say("我要投诉")
    assert (await customer.say("坏")).words == say("complaint_facts_short", "zh")


async def test_a_picture_is_kept_and_words_are_asked_for(customer):
    await customer.say("我要投诉")
    heard = await customer.do(Media(kind="image", ref="p"))
    assert heard.words == say("complaint_evidence", "zh")
    await customer.say(FACTS)
    heard = await customer.do(Media(kind="image", ref="p"))
    assert heard.values == ["form:order:skip"]


async def test_an_answer_that_is_too_long_is_cut_kindly(customer):
    await customer.say("我要投诉")
    heard = await customer.say("很" * 3000)
    assert say("complaint_cut", "zh") in heard.words
    assert len((await customer.conversation()).dialog["fields"]["facts"]) == 2000


@pytest.mark.parametrize("word", ["取消", "退出", "算了", "cancel", "Never mind"])
@pytest.mark.parametrize("back", ["继续", "我要投诉", "continue"])
async def test_a_form_can_be_left_and_resumed(customer, word, back):
    await customer.say("我要投诉")
    await customer.say(FACTS)
    left = await customer.say(word)
    assert left.words in {say("form_cancelled", "zh"), say("form_cancelled", "en")}
    assert "七天内可以退货。" in (await customer.say("怎么退货")).words
    resumed = await customer.say(back)
    assert resumed.values == ["form:order:skip"]
    await customer.say("没有")
    await customer.tap("form:wish:apology")
    assert (await opened(customer)).fields == {"facts": FACTS, "wish": "apology"}


async def test_a_number_out_of_range_opens_no_ticket_and_asks_again(customer):
    await customer.say(f"我要投诉，{FACTS}")
    await customer.say("没有")
    assert "form:wish:refund" in (await customer.say("9")).values
    await customer.say("1")
    assert (await opened(customer)).fields == {"facts": FACTS, "wish": "refund"}


async def test_leaving_by_a_tap(customer):
    await customer.say("我要投诉")
    assert (await customer.tap("form:cancel")).words == say("form_cancelled", "zh")


async def test_the_menu_puts_the_form_aside(customer):
    await customer.say(f"我要投诉，{FACTS}")
    assert "human" in (await customer.say("菜单")).values
    assert (await customer.conversation()).dialog["paused"] is True
    assert (await customer.say("继续")).values == ["form:order:skip"]


async def test_a_question_in_the_middle_is_answered_and_the_form_goes_on(customer):
    await customer.say(f"我要投诉，{FACTS}")
    heard = await customer.say("怎么退货？")
    assert "七天内可以退货。" in heard.words
    assert heard.values == ["form:order:skip"]
    assert "order" not in (await customer.conversation()).dialog["fields"]


async def test_a_question_nobody_can_answer_is_an_answer(customer):
    await customer.say("我要投诉")
    await customer.say("怎么寄来的杯子是碎的？")
    assert (await customer.conversation()).dialog["fields"]["facts"] == "怎么寄来的杯子是碎的？"


async def test_a_question_instead_of_a_wish_is_answered(customer):
    await customer.say(f"我要投诉，{FACTS}")
    await customer.say("没有")
    heard = await customer.say("几点营业？")
    assert "九点到十八点。" in heard.words
    assert "form:wish:refund" in heard.values


async def test_asking_for_a_person_hands_over_what_was_gathered(customer):
    await customer.say(f"我要投诉，{FACTS}")
    heard = await customer.say("转人工")
    assert heard.words == say("handoff", "zh")
    assert heard.why["gathered"] == {"facts": FACTS}
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.dialog["fields"] == {"facts": FACTS}


async def test_a_long_answer_that_mentions_people_is_an_answer(customer):
    await customer.say("我要投诉")
    text = "我联系人工客服三次都没有人回复我，而且快递把箱子摔坏了，非常不满意"
    assert (await customer.say(text)).values == ["form:order:skip"]


async def test_danger_in_a_complaint_opens_it_at_once_and_calls_a_person(customer):
    await customer.say("我要投诉")
    heard = await customer.say("你们的充电器漏电，把我孩子电到了")
    assert say("handoff_safety", "zh") in heard.words
    assert "TS20261122-0001" in heard.words
    ticket = await opened(customer)
    assert ticket.severity == "critical"
    assert ticket.fields == {"facts": "你们的充电器漏电，把我孩子电到了"}
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.urgent
    assert conversation.handoff_reason == "safety"


async def test_danger_in_the_first_words_of_a_complaint_is_not_overlooked(customer):
    await customer.say("我要投诉，充电器起火了")
    assert (await customer.conversation()).urgent
    assert (await opened(customer)).severity == "critical"


async def test_a_threat_in_place_of_an_order_number_is_part_of_what_happened(customer):
    await customer.say(f"我要投诉，{FACTS}")
    heard = await customer.say("再不处理我就打12315")
    assert say("handoff_serious", "zh") in heard.words
    assert (await opened(customer)).fields == {"facts": f"{FACTS}\n再不处理我就打12315"}
    assert (await customer.conversation()).handoff_reason == "serious"


async def test_a_long_demand_for_a_person_leaves_the_form(customer):
    await customer.say(f"我要投诉，{FACTS}")
    heard = await customer.say("我不想填这个了，请直接帮我转接人工客服处理这件事情，谢谢")
    assert heard.words == say("handoff", "zh")
    assert heard.why["gathered"] == {"facts": FACTS}


async def test_anger_inside_a_complaint_does_not_stop_it(customer):
    await customer.say("我要投诉")
    assert (await customer.say("你们这些骗子，杯子是碎的")).values == ["form:order:skip"]


async def test_an_old_button_asks_the_open_question_again(customer):
    await customer.say(f"我要投诉，{FACTS}")
    assert (await customer.tap("form:wish:refund")).values == ["form:order:skip"]


async def test_a_button_of_a_form_that_is_over_shows_the_menu(customer):
    heard = await customer.tap("form:wish:refund")
    assert heard.values[-1] == "human"
    assert (await customer.conversation()).owner is Owner.BOT


async def test_there_is_nothing_to_resume(customer):
    assert (await customer.say("继续")).words == say("form_nothing", "zh")


async def test_a_form_of_an_older_version_is_begun_anew(chain, turn_of):
    stored = {"form": "complaint.0", "fields": {"what": "x"}}
    outcome = await chain(turn_of("我要投诉", dialog=stored))
    assert outcome.reply == (Text(text=say("complaint_facts", "zh")),)
    assert SetDialog({"form": "complaint.1"}) in outcome.actions


async def test_nobody_complains_in_public(meet):
    passer_by = meet(visibility=Visibility.PUBLIC)
    heard = await passer_by.say("我要投诉，杯子是碎的")
    assert heard.words == say("handoff_private", "zh")
    assert (await passer_by.conversation()).handoff_reason == "private"


async def test_two_complaints_have_two_numbers(customer):
    for number in ("0001", "0002"):
        await customer.say(f"我要投诉，{FACTS}")
        await customer.say("没有")
        heard = await customer.tap("form:wish:other")
        assert f"TS20261122-{number}" in heard.words


async def test_the_announcement_is_one_message(customer):
    await customer.say(f"我要投诉，{FACTS}")
    await customer.say("没有")
    heard = await customer.tap("form:wish:other")
    assert len(heard.applied.replies) == 1
    assert all(isinstance(part, Text) for part in heard.parts)
