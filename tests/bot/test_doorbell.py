"""A platform that only rings, through the whole house: asked, stored with the place, answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import select

from channels import registry
from channels.errors import ChannelError
from channels.testing import as_request, serve
from channels.wecom.simulator import ACCOUNT, refusal
from storage.models import InboundEvent, LaneKind
from tests.bot.conftest import Build, House, Time

CUSTOMER = "wmTEST0001"
THREAD = f"{ACCOUNT}:{CUSTOMER}"


@dataclass
class Line:
    """One inbox on a simulated WeCom."""

    house: House
    simulator: Any

    async def rings(self, *pushes) -> None:
        for push in pushes:
            await self.house.intake.receive("shop", as_request(self.simulator.happened(push)))

    async def events(self) -> list[InboundEvent]:
        return await self.house.db.read(lambda s: list(s.exec(select(InboundEvent))))

    async def answers(self) -> list[str]:
        await self.house.think()
        await self.house.send()
        return [seen.text for seen in self.simulator.screen]


@pytest.fixture
async def line(build: Build, time: Time) -> AsyncIterator[Line]:
    simulator = registry.find("wecom").simulator("shop", time)
    async with serve(simulator.app) as url:
        house = build(shop={"channel": "wecom", "base_url": url, **simulator.settings})
        yield Line(await house.open(), simulator)
        await house.inboxes.stop()


async def test_what_a_call_is_about_is_asked_for_and_answered(line):
    await line.rings(line.simulator.say(CUSTOMER, "hello"))
    await line.house.heard(1)
    assert await line.answers() == ["re: hello"]


async def test_a_call_that_comes_again_is_answered_once(line):
    push = line.simulator.say(CUSTOMER, "hello")
    await line.rings(push, push)
    await line.house.heard(1)
    await line.rings(push, line.simulator.say(CUSTOMER, "more"))
    await line.house.heard(2)
    assert await line.answers() == ["re: hello", "re: more"]


async def test_the_place_is_stored_with_the_messages_and_a_restart_goes_on_there(line):
    await line.rings(line.simulator.say(CUSTOMER, "hello"))
    await line.house.heard(1)
    assert '"cursor": "c1"' in await line.house.intake.cursor("shop")
    await line.house.inboxes.stop()
    line.simulator.happened(line.simulator.say(CUSTOMER, "while you were away"))
    await line.house.open()
    await line.house.heard(2)
    assert len(await line.events()) == 2


async def test_a_platform_that_fails_while_it_is_asked_loses_nothing(line):
    line.simulator.platform.sync_faults.append(refusal(-1))
    await line.rings(line.simulator.say(CUSTOMER, "hello"))
    await line.house.heard(1)
    assert await line.answers() == ["re: hello"]


async def test_what_did_not_arrive_after_all_is_shown_as_failed(line):
    await line.rings(line.simulator.say(CUSTOMER, "hello"))
    await line.house.heard(1)
    await line.answers()
    assert await line.house.statuses() == ["sent"]
    bounced = line.simulator.bounce(line.simulator.screen[0], 6)
    await line.rings(bounced, line.simulator.say(CUSTOMER, "anybody?"))
    await line.house.heard(2)
    (delivery,) = await line.house.deliveries()
    assert (delivery.status.value, delivery.problem) == ("failed", "quota_used")
    assert (await line.house.conversation(THREAD)).replies_left == 0


async def test_a_lost_answer_is_sent_again_and_shown_once(line, time):
    await line.rings(line.simulator.say(CUSTOMER, "hello"))
    await line.house.heard(1)
    await line.answers()
    await line.rings(line.simulator.say(CUSTOMER, "again"))
    await line.house.heard(2)
    await line.house.think()
    sending = line.house.adapter().send

    async def lost(message):
        await sending(message)
        raise ChannelError("the answer was lost")

    line.house.adapter().send = lost
    await line.house.send()
    line.house.adapter().send = sending
    time.now = (await line.house.lane(LaneKind.OUT, f"shop:{THREAD}")).ready_at
    await line.house.send()
    assert await line.house.statuses() == ["sent", "sent"]
    assert [seen.text for seen in line.simulator.screen] == ["re: hello", "re: again"]


async def test_the_address_to_call_is_shown_though_it_is_asked_too(line):
    (state,) = line.house.inboxes.states("https://help.example.com")
    assert state.webhook_url == "https://help.example.com/inboxes/shop/webhook"
