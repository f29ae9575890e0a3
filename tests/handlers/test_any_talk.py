"""Whatever a customer and an agent do, in whatever order, these promises hold."""

import random

import pytest
from sqlmodel import select

from channels.message import ContactEvent, Location, Media, Selection, Text
from handlers.desk.conversations import hand_back, note, reply, resolve, take
from handlers.desk.errors import DeskError
from storage import conversations
from storage.models import Author, Conversation, Delivery, Message, Owner, Status

WORDS = (
    "怎么退货",
    "那个东西",
    "外星人",
    "我要投诉",
    "投诉进度",
    "转人工",
    "你好",
    "谢谢",
    "1",
    "2",
    "3",
    "4",
    "5",
    "取消",
    "继续",
    "没有",
    "菜单",
    "漏电了",
    "骗子",
    "赔钱",
    "hello",
    "TS20261122-0001",
    "杯子碎了而且漏水",
    "退款",
    "我要投诉，杯子碎了",
)
TAPS = ("human", "menu", "faq:returns", "helped:yes:returns", "helped:no:returns", "form:cancel")
ODD = (Media(kind="image", ref="r"), Location(latitude=1, longitude=1))


def rows(session, model):
    return list(session.exec(select(model)))


async def speak(customer, dice):
    kind = dice.random()
    if kind < 0.75:
        part = Text(text=dice.choice(WORDS))
    elif kind < 0.9:
        part = Selection(value=dice.choice(TAPS))
    else:
        part = dice.choice((*ODD, ContactEvent(event="opened"), ContactEvent(event="blocked")))
    owner = conversation.owner if (conversation := await customer.conversation()) else Owner.BOT
    resolved = conversation is not None and conversation.status is Status.RESOLVED
    heard = await customer.do(part)
    if owner is not Owner.BOT and not resolved:
        assert heard.parts == (), "the bot talked over a person"


async def act(customer, agent, dice):
    conversation = await customer.conversation()
    action = dice.choice((take, hand_back, resolve, reply, note))
    words = ("好的",) if action in (reply, note) else ()
    try:
        await customer.db.write(action, conversation.id, agent, *words, customer.now)
    except DeskError:
        after = await customer.conversation()
        assert after.version == conversation.version, "a refusal changed something"


@pytest.mark.parametrize("seed", range(4))
async def test_promises_hold_in_any_talk(customer, hire, seed):
    dice = random.Random(seed)
    agent = await hire("ann")
    await customer.say("你好")
    for _ in range(30):
        if dice.random() < 0.8:
            await speak(customer, dice)
        else:
            await act(customer, agent, dice)
    messages = await customer.db.read(rows, Message)
    sent = {delivery.message_id for delivery in await customer.db.read(rows, Delivery)}
    for message in messages:
        leaves = message.author is not Author.CONTACT and not message.private
        assert (message.id in sent) == leaves
    for conversation in await customer.db.read(rows, Conversation):
        own = sorted(m.position for m in messages if m.conversation_id == conversation.id)
        assert own == list(range(own[0], own[0] + len(own)))
        assert conversation.last_position == own[-1]
    public = await customer.db.read(conversations.thread_messages, "shop", "t1", 0, 1000)
    assert [m.position for m in public] == sorted({m.position for m in public})
    still_open = [
        c for c in await customer.db.read(rows, Conversation) if c.status is not Status.RESOLVED
    ]
    assert len(still_open) <= 1
