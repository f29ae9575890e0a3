from typing import ClassVar

import pytest

from channels.errors import Blocked, QuotaUsed, RateLimited, TooLong, WindowClosed
from channels.miniprogram.simulator import Simulator, refusal
from channels.testing import ChannelConformance, TokenFaults


class TestSealedJson(ChannelConformance, TokenFaults):
    channel = "miniprogram"
    contacts: ClassVar = ("oTESTopenid0000000000000001", "oTESTopenid0000000000000002")

    def platform(self, simulator):
        return simulator.platform

    def faults(self):
        return [
            *super().faults(),
            (refusal(45002), TooLong),
            (refusal(45009), RateLimited),
            (refusal(45015), WindowClosed),
            (refusal(45047), QuotaUsed),
            (refusal(48002), Blocked),
        ]


class TestPlainXml(ChannelConformance):
    channel = "miniprogram"
    contacts = TestSealedJson.contacts

    @pytest.fixture
    def simulator(self, clock):
        return Simulator("main", clock, form="xml", mode="plain")
