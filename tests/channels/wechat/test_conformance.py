from typing import ClassVar

import pytest

from channels.base import Clock
from channels.testing import ChannelConformance, TokenFaults
from channels.wechat.simulator import Simulator


class TestPlain(ChannelConformance, TokenFaults):
    channel = "wechat"
    contacts: ClassVar = ("oTESTopenid0000000000000001", "oTESTopenid0000000000000002")

    def platform(self, simulator):
        return simulator.platform


class TestEncrypted(TestPlain):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, encrypted=True)


class TestPassive(TestPlain):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, mode="passive")


class TestPassiveEncrypted(TestPlain):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, mode="passive", encrypted=True)


class TestBoth(TestPlain):
    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        return Simulator("main", clock, mode="both")
