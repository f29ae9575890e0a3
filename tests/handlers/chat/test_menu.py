from datetime import timedelta

import pytest

from channels.message import ContactEvent, Location, Media, Text, Unsupported, Visibility
from handlers.chain import build_chain
from handlers.chat.menu import ChatConfig, Menu
from handlers.chat.texts import say
from storage.models import Owner


async def test_who_follows_is_greeted_with_the_menu(customer):
    heard = await customer.event("followed")
    assert say("greeting", "zh") in heard.words
    assert heard.values[-1] == "human"


async def test_a_platform_that_knows_the_language_is_believed(meet):
    visitor = meet(language="en-GB")
    heard = await visitor.event("opened")
    assert say("greeting", "en") in heard.words
    assert "Talk to a person" in heard.words


async def test_who_opens_the_chat_again_at_once_is_not_greeted_again(customer):
    assert (await customer.event("opened")).parts
    assert not (await customer.event("opened")).parts


async def test_who_opens_the_chat_a_day_later_is_asked_what_they_need(customer):
    await customer.event("opened")
    customer.now += timedelta(days=1)
    assert say("welcome_back", "zh") in (await customer.event("opened")).words


@pytest.mark.parametrize("event", ["unfollowed", "blocked", "recalled"])
async def test_who_leaves_is_not_spoken_to(customer, event):
    heard = await customer.event(event)
    assert not heard.parts
    assert heard.applied.message.parts == (ContactEvent(event=event),)


async def test_an_event_with_words_is_a_message(customer):
    heard = await customer.do(ContactEvent(event="opened"), Text(text="怎么退货"))
    assert "七天内可以退货。" in heard.words


@pytest.mark.parametrize(
    "part",
    [
        Media(kind="image", ref="p"),
        Media(kind="voice", ref="v"),
        Location(latitude=1, longitude=2),
        Unsupported(platform_kind="sticker"),
    ],
)
async def test_what_cannot_be_read_is_said_with_ways_on(customer, part):
    heard = await customer.do(part)
    assert say("cannot_show", "zh") in heard.words
    assert heard.values[-1] == "human"
    assert (await customer.conversation()).owner is Owner.BOT


async def test_a_voice_with_a_transcript_can_be_read(customer):
    heard = await customer.do(Media(kind="voice", ref="v", transcript="怎么退货"))
    assert "七天内可以退货。" in heard.words


async def test_a_firm_chooses_its_greeting_and_questions(answers, turn_of):
    config = ChatConfig(
        greeting={"zh": "欢迎光临"}, common=("hours", "gone", "returns"), menu_size=2
    )
    outcome = await build_chain(answers, config)(turn_of("你好"))
    assert outcome.reply[0].text == "欢迎光临"
    values = [option.value for option in outcome.reply[1].options]
    assert values == ["faq:hours", "faq:returns", "complaint", "human"]


async def test_a_language_without_a_greeting_of_its_own_has_ours(answers, turn_of):
    chain = build_chain(answers, ChatConfig(greeting={"zh": "欢迎光临"}))
    outcome = await chain(turn_of("hello", language="en"))
    assert outcome.reply[0].text == say("greeting", "en")


async def test_an_empty_knowledge_base_still_offers_a_person(answers, turn_of):
    answers.known.clear()
    outcome = await build_chain(answers)(turn_of("菜单"))
    assert [option.value for option in outcome.reply[0].options] == ["complaint", "human"]


async def test_in_public_no_complaint_is_offered(chain, turn_of):
    outcome = await chain(turn_of("菜单", visibility=Visibility.PUBLIC))
    assert "complaint" not in [option.value for option in outcome.reply[0].options]


async def test_what_can_be_read_is_not_called_unreadable(answers, turn_of):
    assert await Menu(answers).unreadable(turn_of("你好")) is None


async def test_a_firm_chooses_how_it_says_farewell(answers, turn_of):
    chain = build_chain(answers, ChatConfig(small_talk={"bye": {"zh": "慢走"}}))
    assert (await chain(turn_of("再见"))).reply == (Text(text="慢走"),)
    outcome = await chain(turn_of("bye", language="en"))
    assert outcome.reply == (Text(text=say("bye", "en")),)
