from typing import ClassVar

import pytest

from channels.base import Clock
from channels.testing import ChannelConformance
from channels.weibo.simulator import Simulator


class TestActive(ChannelConformance):
    channel = "weibo"
    contacts: ClassVar = ("2489518277", "2489518278")


class TestPassive(TestActive):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, mode="passive")


class TestWatched(TestActive):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, watched=True)


class TestBoth(TestActive):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, mode="both")
