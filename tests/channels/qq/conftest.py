from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from channels.base import Clock, Request
from channels.qq.adapter import Adapter
from channels.qq.config import Config
from channels.qq.simulator import Simulator
from channels.testing import RememberedMemory, serve

Joined = Callable[..., AbstractAsyncContextManager[tuple[Adapter, Simulator]]]


@pytest.fixture
def joined(clock: Clock) -> Joined:
    """A bot and its platform; `config` changes what the inbox is told."""

    @asynccontextmanager
    async def join(
        config=None, clock=clock, **settings
    ) -> AsyncIterator[tuple[Adapter, Simulator]]:
        simulator = Simulator("shop", clock, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {}), "channel": "qq", "base_url": url}
            memory = RememberedMemory(clock)
            async with Adapter("shop", Config(**told), memory, clock) as adapter:
                yield adapter, simulator

    return join


@pytest.fixture
def hear():
    """What an adapter makes of a call."""

    async def heard(adapter: Adapter, push):
        return await adapter.receive(Request(push.method, push.query, push.headers, push.body))

    return heard
