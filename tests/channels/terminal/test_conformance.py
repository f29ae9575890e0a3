from __future__ import annotations

import asyncio

from channels.message import Text
from channels.testing import ChannelConformance


class TestConformance(ChannelConformance):
    channel = "terminal"
    contacts = ("developer", "developer")
    over_http = False
    redelivers = False

    async def receive(self, adapter, push):
        heard = asyncio.Queue()
        listening = asyncio.create_task(adapter.listen(heard.put))
        adapter.wire.type(push)
        try:
            return await heard.get()
        finally:
            listening.cancel()

    async def test_two_customers_have_two_addresses(self, adapter, simulator):
        """There is one keyboard, so all that is typed belongs to one thread."""
        one, other = [await self.heard(adapter, simulator.say("x", text)) for text in "ab"]
        assert one.address == other.address

    async def test_a_genuine_but_senseless_push_is_kept_and_acknowledged(self, adapter, simulator):
        """Any line is a text, even one that is no UTF-8."""
        message = await self.heard(adapter, simulator.garbage("developer"))
        assert message.parts == (Text(text="\ufffd\ufffd"),)
