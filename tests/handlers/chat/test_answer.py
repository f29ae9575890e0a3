import json
from dataclasses import replace

import pytest

from channels.message import Card, Choices, Selection, Text
from faq.matcher import Entry
from handlers.base import Handoff, Record, Resolve
from handlers.chat.answer import LABEL, Answering, Tapping, choice_of
from handlers.chat.texts import say
from storage.models import Fact, Owner, Status


def facts(outcome):
    return [action.fact for action in outcome.actions if isinstance(action, Record)]


async def test_a_sure_answer_asks_whether_it_helped_in_the_same_message(answers, turn_of):
    outcome = await Answering(answers)(turn_of("怎么退货"))
    text, question = outcome.reply
    assert text == Text(text="七天内可以退货。")
    assert [option.value for option in question.options] == [
        "helped:yes:returns",
        "helped:no:returns",
    ]
    assert outcome.actions[0] == Record(
        Fact.FAQ_ANSWERED, {"entry": "returns", "version_id": "", "kind": "other"}
    )


async def test_a_link_on_its_own_line_in_an_answer_is_a_card(answers, turn_of):
    written = "七天内可以退。\n[退货步骤](https://shop.example/r)"
    answers.known["returns"] = replace(answers.known["returns"], answers={"zh": written})
    words, card, _ = (await Answering(answers)(turn_of("怎么退货"))).reply
    assert words == Text(text="七天内可以退。")
    assert card == Card(title="退货步骤", url="https://shop.example/r")


async def test_the_answer_is_in_the_customers_language(answers, turn_of):
    outcome = await Answering(answers)(turn_of("怎么退货", language="en"))
    assert outcome.reply[0].text == "Within seven days."
    assert outcome.reply[1].prompt == say("helped_prompt", "en")


async def test_an_answer_in_one_language_is_better_than_none(answers, turn_of):
    outcome = await Answering(answers)(turn_of("运费多少", language="en"))
    assert outcome.reply[0].text == "满 99 元包邮。"


async def test_why_is_json_without_the_customers_words(answers, turn_of):
    outcome = await Answering(answers)(turn_of("怎么退货?"))
    assert json.loads(json.dumps(outcome.why))["candidates"][0]["id"] == "returns"
    assert "怎么退货?" not in json.dumps(outcome.why, ensure_ascii=False)


async def test_unsure_offers_three_and_a_person(answers, turn_of):
    outcome = await Answering(answers)(turn_of("那个东西"))
    (question,) = outcome.reply
    assert [option.value for option in question.options] == [
        "faq:returns",
        "faq:shipping",
        "faq:hours",
        "human",
    ]
    assert facts(outcome) == [Fact.FAQ_SUGGESTED]


async def test_a_message_without_words_is_not_asked(answers, turn_of):
    assert await Answering(answers)(turn_of("", Selection(value="x"))) is None


async def test_a_long_question_is_cut_on_its_button():
    label = choice_of(Entry("a", "长" * 100)).label
    assert len(label) == LABEL
    assert label.endswith("…")


async def test_the_first_miss_asks_again_and_the_second_calls_a_person(customer):
    first = await customer.say("外星人的订单")
    assert first.values == ["menu", "human"]
    second = await customer.say("外星人的快递")
    assert second.words == say("handoff_missed", "zh")
    conversation = await customer.conversation()
    assert conversation.owner is Owner.QUEUE
    assert conversation.handoff_reason == "missed"
    assert second.why["band"] == "handoff"


async def test_an_answer_between_two_misses_begins_anew(customer):
    await customer.say("外星人的订单")
    await customer.say("怎么退货")
    await customer.say("外星人的快递")
    assert (await customer.conversation()).owner is Owner.BOT


async def test_suggestions_that_nobody_takes_end_with_a_person(customer):
    for _ in range(2):
        assert "faq:returns" in (await customer.say("那个东西")).values
    third = await customer.say("那个东西")
    assert third.words == say("handoff_missed", "zh")
    assert (await customer.conversation()).owner is Owner.QUEUE


async def test_two_suggestions_and_a_miss_end_with_a_person(customer):
    await customer.say("那个东西")
    await customer.say("那个东西")
    await customer.say("外星人")
    assert (await customer.conversation()).owner is Owner.QUEUE


async def test_a_chosen_suggestion_is_answered_and_forgives(customer):
    await customer.say("那个东西")
    chosen = await customer.say("2")
    assert "满 99 元包邮。" in chosen.words
    assert (await customer.conversation()).dialog is None


async def test_an_entry_with_a_colon_in_its_name_can_be_chosen(customer):
    assert "可以维修。" in (await customer.tap("faq:screen:2")).words
    heard = await customer.tap("helped:yes:screen:2")
    assert heard.words == say("glad", "zh")


async def test_an_entry_that_is_gone_is_said_to_be(customer):
    assert (await customer.tap("faq:gone")).words == say("entry_gone", "zh")


async def test_it_helped_and_the_matter_is_closed(answers, turn_of):
    outcome = await Tapping(answers)(turn_of("", Selection(value="helped:yes:returns")))
    assert facts(outcome) == [Fact.FAQ_HELPED]
    assert Resolve() in outcome.actions


async def test_a_helped_customer_can_ask_again(customer):
    await customer.say("怎么退货")
    await customer.say("1")
    assert (await customer.conversation()).status is Status.RESOLVED
    assert "满 99 元包邮。" in (await customer.say("运费多少")).words
    assert (await customer.conversation()).status is Status.OPEN


async def test_the_first_bad_answer_offers_ways_on_and_the_second_calls_a_person(customer):
    await customer.say("怎么退货")
    assert (await customer.say("没有帮助")).values == ["menu", "human"]
    await customer.say("运费多少")
    last = await customer.tap("helped:no:shipping")
    assert last.words == say("handoff_missed", "zh")
    assert (await customer.conversation()).handoff_reason == "not_helped"


@pytest.mark.parametrize("value", ["helped:yes:invented", "helped:no:invented"])
async def test_a_verdict_on_nothing_is_not_counted(answers, turn_of, value):
    assert facts(await Tapping(answers)(turn_of("", Selection(value=value)))) == []


@pytest.mark.parametrize("value", ["faq", "helped:maybe:x", "helped", "other", ""])
async def test_other_taps_are_not_its_business(answers, turn_of, value):
    assert await Tapping(answers)(turn_of("", Selection(value=value))) is None


async def test_a_suggestion_is_one_question(customer):
    (part,) = (await customer.say("那个东西")).parts
    assert isinstance(part, Choices)


async def test_handing_over_names_the_reason_for_the_desk(answers, turn_of):
    turn = turn_of("外星人", dialog={"misses": 1})
    outcome = await Answering(answers)(turn)
    assert Handoff("missed") in outcome.actions
    assert facts(outcome) == [Fact.FAQ_MISSED]
