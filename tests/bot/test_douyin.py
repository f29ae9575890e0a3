"""What is said to a Douyin account in public and in private, through the whole house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from channels import registry
from channels.message import Text, Visibility
from channels.testing import as_request, serve
from handlers.base import Outcome, Turn
from tests.bot.conftest import Build, House, Time

FAN, ITEM = "0da22181-d833-447f-995f-1beefea5bef3", "@8hxdVideo=="


@dataclass
class Shop:
    """One account that hears comments, and the simulated platform."""

    house: House
    simulator: Any

    async def hears(self, push) -> None:
        await self.house.intake.receive("shop", as_request(push))

    async def work(self) -> None:
        await self.house.think()
        await self.house.send()


async def answer(turn: Turn) -> Outcome:
    words = "请打 13812345678" if "电话" in turn.text else f"re: {turn.text}"
    return Outcome(reply=(Text(text=words),))


@pytest.fixture
async def shop(build: Build, time: Time) -> AsyncIterator[Shop]:
    simulator = registry.find("douyin").simulator("shop", time, comments=True, limited=True)
    async with serve(simulator.app) as url:
        house = build(answer, shop={"channel": "douyin", "base_url": url, **simulator.settings})
        yield Shop(await house.open(), simulator)
        await house.inboxes.stop()


async def test_a_comment_and_a_private_message_are_two_threads_of_one_person(shop):
    await shop.hears(shop.simulator.comment(FAN, "多少钱", ITEM))
    await shop.hears(shop.simulator.say(FAN, "订单 123456"))
    await shop.work()
    assert [each.text for each in shop.simulator.answers] == ["re: 多少钱"]
    assert [seen.text for seen in shop.simulator.screen] == ["re: 订单 123456"]
    public = await shop.house.conversation(f"item:{ITEM}:{FAN}")
    private = await shop.house.conversation(f"im:@4F8A{FAN}==")
    assert public.visibility is Visibility.PUBLIC
    assert (public.reply_until, public.replies_left) == (None, None)
    assert public.contact_id == private.contact_id
    assert private.reply_until is not None


async def test_no_telephone_number_is_said_under_a_video(shop):
    await shop.hears(shop.simulator.comment(FAN, "电话多少", ITEM))
    await shop.work()
    assert not [each.text for each in shop.simulator.answers if "138" in each.text]


async def test_our_own_message_that_comes_back_is_no_message(shop):
    await shop.hears(shop.simulator.say(FAN, "在吗"))
    await shop.work()
    await shop.hears(shop.simulator.echo(FAN, "re: 在吗"))
    await shop.work()
    assert [seen.text for seen in shop.simulator.screen] == ["re: 在吗"]
