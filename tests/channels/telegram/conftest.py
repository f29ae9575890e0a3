"""Both sides of the wire, joined."""

from __future__ import annotations

import pytest

from channels.message import Address, OutgoingMessage
from channels.telegram.adapter import Adapter
from channels.telegram.config import Config
from channels.telegram.simulator import Simulator
from channels.testing import RememberedMemory, serve


@pytest.fixture
def simulator(clock):
    return Simulator("main", clock)


@pytest.fixture
async def base_url(simulator):
    async with serve(simulator.app) as url:
        yield url


@pytest.fixture
def build(simulator, base_url, clock):
    """Build an adapter that is not open yet; settings can be changed."""

    def built(**changes):
        settings = {**simulator.settings, "base_url": base_url, "poll_timeout": 5, **changes}
        config = Config(channel="telegram", **settings)
        return Adapter("main", config, RememberedMemory(), clock)

    return built


@pytest.fixture
async def adapter(build):
    async with build() as opened:
        yield opened


@pytest.fixture
def outgoing():
    """Say something to contact 1001."""

    def said(*parts, thread="1001", reply_to=None):
        return OutgoingMessage(
            address=Address(inbox="main", thread=thread, contact="1001"),
            delivery_id="d-1",
            parts=parts,
            reply_to=reply_to,
        )

    return said
