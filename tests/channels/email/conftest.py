"""Both sides of the wire, joined."""

from __future__ import annotations

import pytest

from channels.email import threads
from channels.email.adapter import Adapter
from channels.email.config import Config
from channels.email.simulator import Simulator
from channels.message import Address, OutgoingMessage
from channels.testing import RememberedMemory

HAN = "han@customer.example"
THREAD = threads.begin("<a1@customer.example>", HAN)
OURS = threads.message_id(THREAD, "d-1", 0, "shop.example")
"""A mail of ours in Han's thread; fixtures have `{ours}` in its place."""


@pytest.fixture
async def provider(clock):
    simulator = Simulator("main", clock)
    async with simulator.serving():
        yield simulator


@pytest.fixture
def memory(clock):
    return RememberedMemory(clock)


@pytest.fixture
def build(provider, memory, clock):
    """Build an adapter that is not open yet; settings can be changed."""

    def built(**changes):
        config = Config(channel="email", **{**provider.settings, "timeout": 5, **changes})
        return Adapter("main", config, memory, clock)

    return built


@pytest.fixture
async def adapter(build):
    async with build() as opened:
        yield opened


@pytest.fixture
def outgoing():
    """Say something to Han."""

    def said(*parts, thread=THREAD, contact=HAN, automatic=False, delivery_id="d-1"):
        return OutgoingMessage(
            address=Address(inbox="main", thread=thread, contact=contact),
            delivery_id=delivery_id,
            parts=parts,
            automatic=automatic,
        )

    return said
