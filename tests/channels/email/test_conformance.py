from __future__ import annotations

from collections import deque
from contextlib import aclosing

import pytest

from channels.email.simulator import Simulator
from channels.errors import Refused, TooLong, Unauthorized, Unavailable
from channels.simulation import Fault
from channels.testing import HANG_UP, ChannelConformance
from channels.testing.attachments import read
from channels.testing.samples import SAMPLES


class TestConformance(ChannelConformance):
    channel = "email"

    @pytest.fixture
    def simulator(self, clock):
        self.provider = Simulator("main", clock)
        return self.provider

    @pytest.fixture
    async def base_url(self, simulator):
        """Mail is not HTTP: the provider's two ports stand in its settings."""
        async with simulator.serving():
            yield "http://127.0.0.1:9"

    def faults(self):
        """What a server may say that takes mail, by SMTP's own codes."""
        return [
            (Fault(HANG_UP), Unavailable),
            (Fault(421), Unavailable),
            (Fault(554, b"5.3.2 no service"), Unavailable),
            (Fault(450, b"4.2.1 busy"), Unavailable),
            (Fault(451, b"4.7.1 greylisted"), Unavailable),
            (Fault(535, b"5.7.8 no"), Unauthorized),
            (Fault(553, b"5.7.1 send as yourself"), Unauthorized),
            (Fault(550, b"5.1.1 nobody"), Refused),
            (Fault(552, b"5.3.4 large"), TooLong),
            (Fault(571, b"5.7.1 spam"), Refused),
        ]

    async def receive(self, adapter, push):
        uid = await self.provider.offer(push)
        cursor = f"{self.provider.folder.validity}:{uid - 1}:0"
        async with aclosing(adapter.poll(cursor)) as mails:
            return (await anext(mails))[1]

    async def test_a_platform_in_trouble_may_have_the_file_later(self, adapter, simulator):
        """The side that gives mail out fails in its own words."""
        content = SAMPLES["image/png"]
        part = await self.sent_to_us(adapter, simulator, "image", content)
        for command, fault in (("LOGIN", "NO [UNAVAILABLE]"), ("UID FETCH", "drop")):
            simulator.folder.faults[command] = deque([fault])
            with pytest.raises(Unavailable):
                await read(adapter, part.ref)
        assert await read(adapter, part.ref) == content

    async def test_an_unreachable_platform_is_unavailable(self, simulator):
        """Where it is stands in its settings: the ports of a provider that has ended."""
        async with simulator.serving():
            pass
        with pytest.raises(Unavailable):
            async with self.build(simulator, ""):
                raise AssertionError("it opened")
