"""Every trouble of a mail server, through the real mailbox and the real sender."""

from __future__ import annotations

import pytest

from bot.delivery import TRIES
from channels import registry
from channels.simulation import Fault
from channels.testing import HANG_UP
from tests.bot.test_troubles import PATIENT, Line
from tests.postgres import on_sqlite

TROUBLES = {
    "closing": (Fault(421), "sent"),
    "greylisted": (Fault(451, b"4.7.1 greylisted"), "sent"),
    "slow": (Fault(421, delay=2 * PATIENT), "sent"),
    "reset": (Fault(HANG_UP), "sent"),
    "login refused": (Fault(535, b"5.7.8 no"), "sent"),
    "nobody": (Fault(550, b"5.1.1 nobody"), "failed"),
    "too large": (Fault(552, b"5.3.4 large"), "failed"),
    "reset after the work": (Fault(HANG_UP, after_work=True), "uncertain"),
    "slow after the work": (Fault(HANG_UP, delay=2 * PATIENT, after_work=True), "uncertain"),
}
"""What the server does once, and how the message ends."""


class Post(Line):
    """A mailbox at a simulated provider."""

    async def asked(self) -> None:
        self.said += 1
        await self.simulator.offer(self.simulator.say("1001", f"question {self.said}"))
        await self.house.heard(self.said)
        await self.house.think()


@pytest.fixture
async def post(build, time):
    """A mailbox from which one mail already went."""
    simulator = registry.find("email").simulator("shop", time)
    async with simulator.serving():
        told = {"channel": "email", "timeout": PATIENT, **simulator.settings}
        house = await build(shop=told).open()
        line = Post(house, simulator, "")
        await simulator.folder.hears("IDLE", 1)
        await line.asked()
        await line.find_lane()
        await line.ends()
        assert await house.statuses() == ["sent"]
        yield line
        line.over.set()
        await house.inboxes.stop()


@on_sqlite
@pytest.mark.parametrize("name", TROUBLES)
async def test_a_mail_that_meets_a_trouble_ends_and_its_end_is_true(post, name):
    fault, end = TROUBLES[name]
    post.meets(fault)
    await post.asked()
    await post.asked()
    await post.ends()
    assert await post.house.statuses() == ["sent", end, "sent"]
    assert post.shown().count("re: question 2") == (end != "failed")


@on_sqlite
@pytest.mark.parametrize("name", ["closing", "greylisted", "reset", "login refused"])
async def test_a_trouble_that_stays_ends_after_eight_tries(post, name):
    post.meets(TROUBLES[name][0], 10_000)
    await post.asked()
    await post.ends()
    delivery = (await post.house.deliveries())[1]
    assert delivery.status.value == "failed"
    assert delivery.attempts <= TRIES
    assert post.simulator.password not in (delivery.problem or "")
