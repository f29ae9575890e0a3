"""The tests that every channel passes: subclass, name the channel, add its recorded fixtures.

    class TestConformance(ChannelConformance):
        channel = "telegram"

Which tests bite depends on what the adapter claims: its capabilities and its protocols.
"""
# ruff: noqa: D102, S101 - these are tests

from __future__ import annotations

from channels.base import (
    ChannelAdapter,
    Listening,
    Polling,
    Typing,
    Webhook,
)
from channels.simulation import Simulator
from channels.testing.attachments import Attachments
from channels.testing.failures import Failures
from channels.testing.incoming import Incoming
from channels.testing.outgoing import Outgoing


class ChannelConformance(Incoming, Outgoing, Attachments, Failures):
    """What any channel promises; a subclass names its `channel`."""

    async def test_claimed_protocols_are_real(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        assert isinstance(adapter, Webhook | Polling | Listening)
        assert isinstance(adapter, Typing) or not adapter.capabilities.typing
        if isinstance(adapter, Typing):
            message = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
            await adapter.typing(message.address)
