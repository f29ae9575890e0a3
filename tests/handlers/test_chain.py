import pytest

from channels.message import Text, Visibility
from handlers.base import Handoff, Outcome
from handlers.chain import Chain
from handlers.chat.texts import say
from storage.models import Owner


async def test_the_first_who_answers_is_heard(turn_of):
    async def silent(turn):
        return None

    async def first(turn):
        return Outcome(reply=(Text(text="first"),))

    async def second(turn):
        return Outcome(reply=(Text(text="second"),))

    outcome = await Chain((silent, first, second))(turn_of("x"))
    assert outcome.reply[0].text == "first"


async def test_if_nobody_answers_a_person_is_called(turn_of):
    outcome = await Chain(())(turn_of("x"))
    assert Handoff("missed") in outcome.actions


@pytest.mark.parametrize("owner", [Owner.QUEUE, Owner.AGENT])
async def test_nothing_is_thought_while_people_have_the_conversation(chain, turn_of, owner):
    turn = turn_of("怎么退货")
    turn.conversation.owner = owner
    assert await chain(turn) is None


@pytest.mark.parametrize("text", ["", "？？？", "x" * 100_000, "怎么退货", "\u0000", "1", "-1"])
async def test_the_bot_always_has_an_outcome(chain, turn_of, text):
    assert await chain(turn_of(text)) is not None


async def test_the_bot_is_silent_from_the_instant_of_handoff(customer):
    await customer.say("转人工")
    for text in ("怎么退货", "你好", "投诉", "漏电了", "转人工", "1"):
        heard = await customer.say(text)
        assert heard.parts == ()
    assert (await customer.conversation()).unread == 7


async def test_safety_comes_before_the_answer(customer):
    heard = await customer.say("怎么退货，充电器漏电了")
    assert heard.words == say("handoff_safety", "zh")


async def test_a_broken_knowledge_base_is_not_hidden(chain, answers, turn_of):
    answers.broken = RuntimeError("no index")
    with pytest.raises(RuntimeError):
        await chain(turn_of("怎么退货"))


@pytest.mark.parametrize(
    ("visibility", "told"),
    [(Visibility.PRIVATE, "请打 13812345678"), (Visibility.PUBLIC, say("handoff_private", "zh"))],
)
async def test_the_bot_says_nothing_personal_where_others_read_along(turn_of, visibility, told):
    async def answer(turn):
        return Outcome(reply=(Text(text="请打 13812345678"),))

    outcome = await Chain((answer,))(turn_of("电话多少", visibility=visibility))
    assert outcome.reply == (Text(text=told),)
    is_public = visibility is Visibility.PUBLIC
    assert (Handoff("private") in outcome.actions) == is_public
    assert ((outcome.why or {}).get("personal") == ["phone"]) == is_public
