from typing import ClassVar

import pytest

from channels.errors import Unauthorized
from channels.qq.simulator import refusal
from channels.testing import ChannelConformance, TokenFaults
from channels.testing.tokens import HELLO


class TestConformance(ChannelConformance, TokenFaults):
    channel = "qq"
    follows_redirects = True
    contacts: ClassVar = ("E4F4AEA33253A2797FB897C50B81D7ED", "0F2E9C1B5D8A4E7796A3C4B2D1E0F9A8")

    def platform(self, simulator):
        return simulator

    async def test_a_refused_token_that_comes_again_is_replaced_by_force_once(
        self, adapter, simulator
    ):
        """QQ knows no force: who is refused with the token of the day needs a human."""
        assert await self.send(adapter, simulator, HELLO)
        simulator.keeps_refused = True
        simulator.expire_token()
        with pytest.raises(Unauthorized):
            await self.send(adapter, simulator, HELLO, delivery_id="d-2")
        assert simulator.fetched <= 4

    async def test_a_bot_that_is_refused_is_left_alone_for_a_while(self, adapter, simulator):
        assert await self.send(adapter, simulator, HELLO)
        simulator.faults.append(refusal(11244, status=401))
        for number in range(5):
            with pytest.raises(Unauthorized):
                await self.send(adapter, simulator, HELLO, delivery_id=f"d-{number + 2}")
        assert len(simulator.calls) <= 5
