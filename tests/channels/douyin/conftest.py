from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from channels.base import Clock
from channels.douyin.adapter import Adapter
from channels.douyin.config import Config
from channels.douyin.simulator import Simulator
from channels.message import OutgoingMessage, Text
from channels.testing import RememberedMemory, as_request, serve

Joined = Callable[..., AbstractAsyncContextManager[tuple[Adapter, Simulator]]]


@pytest.fixture
def joined(clock: Clock) -> Joined:
    """An account and its platform; `config` changes what the inbox is told."""

    @asynccontextmanager
    async def join(
        config=None, clock=clock, **settings
    ) -> AsyncIterator[tuple[Adapter, Simulator]]:
        simulator = Simulator("shop", clock, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {}), "channel": "douyin", "base_url": url}
            memory = RememberedMemory(clock)
            async with Adapter("shop", Config(**told), memory, clock) as adapter:
                yield adapter, simulator

    return join


@pytest.fixture
def hear():
    """What an adapter makes of a push."""

    async def heard(adapter: Adapter, push):
        return await adapter.receive(as_request(push))

    return heard


@pytest.fixture
def answering():
    """An answer to what was heard."""

    def answer(message, text="hello", delivery_id="d-1"):
        return OutgoingMessage(
            address=message.address,
            delivery_id=delivery_id,
            parts=(Text(text=text),),
            reply_to=message.platform_id,
        )

    return answer
