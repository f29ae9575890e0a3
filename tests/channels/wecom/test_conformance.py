from itertools import count
from typing import ClassVar

import pytest

from channels.base import Reception
from channels.errors import (
    QuotaUsed,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    WindowClosed,
)
from channels.message import Text
from channels.testing import ChannelConformance, TokenFaults, as_request
from channels.wecom.simulator import ACCOUNT, refusal


class Asked:
    """A call of WeCom's only rings: what it is about has to be asked for."""

    channel = "wecom"
    contacts: ClassVar = ("wmTEST0001", "wmTEST0002")

    async def receive(self, adapter, push):
        rung = await adapter.receive(as_request(simulated(self, push)))
        if rung.quarantined:
            return rung
        pages = [page async for _, page in adapter.sweep(None, {ACCOUNT: None})]
        number = self.simulated.carried(push)
        messages = [m for page in pages for m in page.messages if m.dedupe_key == number]
        odd = [one for page in pages for one in page.quarantined if (number or "") in one.raw]
        return Reception(tuple(messages), tuple(odd), body=rung.body)

    @pytest.fixture(autouse=True)
    def keep(self, simulator):
        self.simulated = simulator


def simulated(bench, push):
    return bench.simulated.happened(push)


class TestConformance(Asked, ChannelConformance):
    def faults(self):
        return [
            *super().faults(),
            (refusal(-1), Unavailable),
            (refusal(45002), TooLong),
            (refusal(45033), RateLimited),
            (refusal(48002), Unauthorized),
            (refusal(95001), QuotaUsed),
            (refusal(95002), WindowClosed),
            (refusal(95013), WindowClosed),
            (refusal(95017), Unauthorized),
            (refusal(40096), Refused),
            (refusal(12345), Refused),
        ]


class TestTokens(Asked, TokenFaults):
    numbers = count()

    def platform(self, simulator):
        return simulator.platform

    async def send(self, adapter, simulator, *parts, delivery_id="d-1"):
        fresh = f"{delivery_id}-{next(self.numbers)}"
        return await super().send(adapter, simulator, *parts, delivery_id=fresh)

    async def test_a_refused_token_that_comes_again_is_replaced_by_force_once(
        self, adapter, simulator
    ):
        """WeCom has no force: asked once more it gives the same, and a human must look."""
        platform = self.platform(simulator)
        await self.send(adapter, simulator, Text(text="hello"))
        platform.keeps_refused = True
        platform.expire_token()
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await self.send(adapter, simulator, Text(text="hello"))
        assert platform.fetched == 3
        assert len(simulator.screen) == 1
