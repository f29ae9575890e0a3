"""What is said in public on Weibo, through the whole house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from channels import registry
from channels.message import Text, Visibility
from channels.testing import as_request, serve
from channels.weibo.simulator import refusal
from handlers.base import Outcome, Turn
from storage import conversations
from storage.models import Author, Conversation
from tests.bot.conftest import Build, House, Time

FAN, OTHER = "2489518277", "2489518278"


@dataclass
class Shop:
    """One Weibo account that reads in public, and the simulated platform."""

    house: House
    simulator: Any
    post: int

    @property
    def thread(self) -> str:
        return f"post:{self.post}:{FAN}"

    async def privately(self, text: str) -> None:
        await self.house.intake.receive("shop", as_request(self.simulator.say(FAN, text)))

    async def work(self) -> None:
        await self.house.think()
        await self.house.send()

    def comments(self) -> list[str]:
        return [answer.text for answer in self.simulator.square.answers]

    def messages(self) -> list[str]:
        return [seen.text for seen in self.simulator.screen]


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.001)


async def echo(turn: Turn) -> Outcome:
    return Outcome(reply=(Text(text=f"re: {turn.text}"),))


@pytest.fixture
async def shop(build: Build, time: Time) -> AsyncIterator[Shop]:
    simulator = registry.find("weibo").simulator("shop", time, watched=True)
    post = simulator.square.post("新品上市")
    async with serve(simulator.app) as url:
        house = build(echo, shop={"channel": "weibo", "base_url": url, **simulator.settings})
        yield Shop(await house.open(), simulator, post)
        await house.inboxes.stop()


async def test_a_comment_is_answered_under_it_and_its_thread_is_public(shop):
    shop.simulator.square.comment(FAN, "发货了吗", shop.post)
    await shop.house.heard(1)
    await shop.work()
    assert shop.comments() == ["re: 发货了吗"]
    conversation = await shop.house.conversation(shop.thread)
    assert conversation.visibility is Visibility.PUBLIC
    assert conversation.about["text"] == "新品上市"
    assert (conversation.reply_until, conversation.replies_left) == (None, None)


async def test_one_person_in_public_and_in_private_is_one_contact(shop):
    shop.simulator.square.comment(FAN, "发货了吗", shop.post)
    await shop.house.heard(1)
    await shop.privately("订单 123456")
    await shop.work()
    public = await shop.house.conversation(shop.thread)
    private = await shop.house.conversation(FAN)
    assert public.contact_id == private.contact_id
    assert public.id != private.id
    assert private.visibility is Visibility.PRIVATE
    assert private.reply_until is not None
    assert (shop.comments(), shop.messages()) == (["re: 发货了吗"], ["re: 订单 123456"])


async def test_the_last_gate_lets_no_personal_data_out_whoever_wrote_it(shop):
    shop.simulator.square.comment(FAN, "发货了吗", shop.post)
    await shop.house.heard(1)
    await shop.work()
    public = await shop.house.conversation(shop.thread)

    def write(session):
        here = session.get_one(Conversation, public.id)
        for text in ("请打 13812345678", "请私信我们"):
            conversations.append(
                session, here, Author.SYSTEM, (Text(text=text),), shop.house.time()
            )

    await shop.house.db.write(write)
    await shop.house.send()
    assert shop.comments() == ["re: 发货了吗", "请私信我们"]
    rows = await shop.house.deliveries()
    assert [(row.status.value, row.problem) for row in rows] == [
        ("sent", None),
        ("failed", "personal_data"),
        ("sent", None),
    ]


async def test_public_trouble_leaves_private_messages_served(shop, time):
    shop.simulator.square.comments_hourly = 0
    for who in (FAN, OTHER):
        shop.simulator.square.comment(who, "发货了吗", shop.post)
    await shop.house.heard(2)
    await shop.work()
    time.pass_by(seconds=1)
    await shop.privately("在吗")
    await shop.work()
    assert (shop.comments(), shop.messages()) == ([], ["re: 在吗"])
    assert shop.house.inboxes.able() == ["shop"]
    shop.simulator.square.comments_hourly = None
    time.pass_by(minutes=11)
    await shop.work()
    assert shop.comments() == ["re: 发货了吗"] * 2


async def test_an_account_that_may_not_read_in_public_says_so_and_serves(build, time):
    simulator = registry.find("weibo").simulator("shop", time, watched=True)
    simulator.square.hourly = None
    async with serve(simulator.app) as url:
        simulator.faults.append(refusal(10014, "Insufficient app permissions!"))
        told = {**simulator.settings, "base_url": url}
        house = await build(echo, shop={"channel": "weibo", **told}).open()
        await until(lambda: house.inboxes.states()[0].state == "degraded")
        assert "10014" in house.inboxes.states()[0].detail
        await house.intake.receive("shop", as_request(simulator.say(FAN, "在吗")))
        await house.think()
        await house.send()
        assert [seen.text for seen in simulator.screen] == ["re: 在吗"]
        await house.inboxes.stop()
