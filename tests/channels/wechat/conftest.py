from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from channels.base import Clock
from channels.message import Address, OutgoingMessage, Text
from channels.testing import RememberedMemory, serve
from channels.wechat.adapter import Adapter
from channels.wechat.config import Config
from channels.wechat.simulator import Simulator

OPENID = "oTESTopenid0000000000000001"

Joined = Callable[..., AbstractAsyncContextManager[tuple[Adapter, Simulator]]]


@pytest.fixture
def joined(clock: Clock) -> Joined:
    """An account and its platform, as `settings` say; `config` changes what the inbox is told."""

    @asynccontextmanager
    async def join(config=None, at=clock, **settings) -> AsyncIterator[tuple[Adapter, Simulator]]:
        simulator = Simulator("shop", at, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {}), "channel": "wechat", "base_url": url}
            memory = RememberedMemory(simulator.clock)
            async with Adapter("shop", Config(**told), memory, simulator.clock) as adapter:
                yield adapter, simulator

    return join


@pytest.fixture
def saying() -> Callable[..., OutgoingMessage]:
    """A reply of some parts, or of a text."""

    def say(*parts) -> OutgoingMessage:
        address = Address(inbox="shop", thread=OPENID, contact=OPENID)
        told = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        return OutgoingMessage(address=address, delivery_id="d-1", parts=told)

    return say
