from typing import ClassVar

import pytest

from channels.base import Clock
from channels.douyin.simulator import Simulator, refusal
from channels.errors import Unauthorized
from channels.testing import ChannelConformance, TokenFaults
from channels.testing.tokens import HELLO


class TestConformance(ChannelConformance, TokenFaults):
    channel = "douyin"
    contacts: ClassVar = ("0da22181-d833-447f-995f-1beefea5bef3", "_000f9pF8lTroNtA9pfLjPohf1q")

    def platform(self, simulator):
        return simulator.office

    async def test_a_refused_token_that_comes_again_is_replaced_by_force_once(
        self, adapter, simulator
    ):
        """Douyin knows no force: who is refused with the token of the day needs a human."""
        assert await self.send(adapter, simulator, HELLO)
        simulator.office.keeps_refused = True
        simulator.office.expire_token()
        with pytest.raises(Unauthorized):
            await self.send(adapter, simulator, HELLO, delivery_id="d-2")
        assert simulator.office.fetched <= 4

    async def test_an_account_that_is_refused_is_left_alone_for_a_while(self, adapter, simulator):
        assert await self.send(adapter, simulator, HELLO)
        simulator.faults.append(refusal(2190008))
        for number in range(5):
            with pytest.raises(Unauthorized):
                await self.send(adapter, simulator, HELLO, delivery_id=f"d-{number + 2}")
        assert len(simulator.calls) <= 5


class TestWithComments(TestConformance):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, comments=True)
