import pytest

from channels.message import Visibility
from faq.matcher import Entry
from handlers.chat.texts import say
from storage import activity
from storage.models import Fact, Owner, Ticket


def ticket(number, state="received", closed_at=None):
    return Ticket(
        number=number,
        kind="complaint",
        state=state,
        contact_id=None,
        conversation_id=None,
        closed_at=closed_at,
    )


@pytest.mark.parametrize("text", ["转人工", "talk to a human", "找客服"])
async def test_who_asks_for_a_person_gets_one(customer, text):
    heard = await customer.say(text)
    assert heard.words in {say("handoff", "zh"), say("handoff", "en")}
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.handoff_reason == "asked"
    assert not conversation.urgent
    assert conversation.waiting_since is not None


async def test_a_person_can_be_asked_for_by_a_tap(customer):
    await customer.tap("human")
    assert (await customer.conversation()).owner is Owner.QUEUE


async def test_who_is_hurt_and_asks_for_a_person_is_urgent(customer):
    heard = await customer.say("我被烫伤了，转人工")
    assert heard.words == say("handoff_safety", "zh")
    assert (await customer.conversation()).urgent


async def test_a_greeting_is_returned_with_the_menu(customer):
    heard = await customer.say("你好")
    assert say("greeting", "zh") in heard.words
    assert heard.values == [
        "faq:returns",
        "faq:shipping",
        "faq:hours",
        "faq:screen:2",
        "complaint",
        "human",
    ]


async def test_the_greeting_is_not_said_twice(customer):
    await customer.say("你好")
    again = await customer.say("在吗")
    assert say("greeting", "zh") not in again.words
    assert say("welcome_back", "zh") in again.words


async def test_the_menu_is_shown(customer):
    assert (await customer.say("菜单")).values == (await customer.tap("menu")).values


async def test_a_number_picks_from_the_menu(customer):
    await customer.say("你好")
    assert "满 99 元包邮。" in (await customer.say("2")).words
    await customer.say("菜单")
    assert say("complaint_facts", "zh") in (await customer.say("5")).words


@pytest.mark.parametrize("text", ["你是机器人吗", "Are you a real person or a bot?"])
async def test_who_asks_for_a_machine_is_told_and_shown_the_way_to_a_person(customer, text):
    heard = await customer.say(text)
    assert say("robot", "zh" if text.startswith("你") else "en") in heard.words
    assert heard.values == ["human"]


async def test_an_entry_about_the_machine_goes_before_what_we_say(customer, answers):
    answers.known["bot"] = Entry("bot", "你是机器人吗", answers={"zh": "我叫小应。"})
    assert "我叫小应。" in (await customer.say("你是机器人吗？")).words


@pytest.mark.parametrize("text", ["你好", "谢谢", "好的，谢谢，再见", "你是机器人吗", "bye", "😀"])
async def test_manners_are_no_miss_however_often_they_are_shown(customer, text):
    for _ in range(4):
        heard = await customer.say(text)
        assert say("missed", "en" if text == "bye" else "zh") not in heard.words
    assert (await customer.conversation()).owner is Owner.BOT
    facts = await customer.db.read(activity.since, 0, 500)
    assert Fact.FAQ_MISSED not in [each.fact for each in facts]


@pytest.mark.parametrize("before", ["你好，", "谢谢，再问一下，", "Hi there! "])
async def test_a_greeting_does_not_take_the_question_away(customer, before):
    heard = await customer.say(f"{before}怎么退货")
    assert heard.why["handler"] == "answer"


async def test_thanks_are_returned(customer):
    assert (await customer.say("谢谢")).words == say("thanks", "zh")
    assert (await customer.say("thank you")).words == say("thanks", "en")


async def test_a_complaint_begins_by_a_tap(customer):
    assert say("complaint_facts", "zh") in (await customer.tap("complaint")).words


async def test_thanks_inside_a_form_are_an_answer(chain, turn_of):
    outcome = await chain(turn_of("好的", dialog={"form": "complaint.1"}))
    assert outcome.reply[0].text == say("complaint_facts_short", "zh")


async def test_progress_without_a_complaint(customer):
    assert (await customer.say("投诉进度")).words == say("progress_none", "zh")


async def test_progress_tells_how_the_open_complaints_stand(chain, turn_of, now):
    own = [
        ticket("TS20261122-0003", "proposed"),
        ticket("TS20261122-0002", "closed", now),
        ticket("TS20261122-0001", "assigned"),
    ]
    outcome = await chain(turn_of("投诉进度", tickets=own))
    assert outcome.reply[0].text.splitlines() == [
        "投诉 TS20261122-0003：解决方案正在审批",
        "投诉 TS20261122-0001：责任部门正在分析原因",
    ]


async def test_progress_tells_of_closed_complaints_if_there_are_no_others(chain, turn_of, now):
    own = [ticket(f"TS20261122-000{n}", "closed", now) for n in range(5)]
    outcome = await chain(turn_of("progress", tickets=own, language="en"))
    lines = outcome.reply[0].text.splitlines()
    assert len(lines) == 3
    assert lines[0] == "Complaint TS20261122-0000: closed"


async def test_a_number_asks_for_that_complaint(chain, turn_of):
    own = [ticket("TS20261122-0001"), ticket("TS20261122-0002", "valid")]
    outcome = await chain(turn_of("ts20261122-0002", tickets=own))
    assert outcome.reply[0].text == "投诉 TS20261122-0002：已核实，正在安排责任部门"


async def test_the_complaint_of_a_stranger_is_not_told(customer, meet):
    await customer.say("我要投诉，杯子是碎的而且漏水")
    await customer.say("没有")
    await customer.tap("form:wish:refund")
    stranger = meet(thread="t2", contact="hua")
    heard = await stranger.say("TS20261122-0001")
    assert heard.parts[0].prompt == say("progress_unknown", "zh", number="TS20261122-0001")
    assert heard.values == ["complaint", "human"]
    own = await customer.say("TS20261122-0001")
    assert own.words == "投诉 TS20261122-0001：已受理，等待登记核实"


async def test_progress_can_be_tapped_by_who_has_complained(customer):
    await customer.say("我要投诉，杯子是碎的而且漏水")
    await customer.say("没有")
    await customer.tap("form:wish:refund")
    assert "progress" in (await customer.say("菜单")).values
    assert "TS20261122-0001" in (await customer.tap("progress")).words


async def test_progress_is_not_told_in_public(meet):
    passer_by = meet(visibility=Visibility.PUBLIC)
    assert (await passer_by.say("投诉进度")).words == say("handoff_private", "zh")
