import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from channels.base import Clock
from channels.message import Address, OutgoingMessage, Text
from channels.testing import RememberedMemory, serve
from channels.weibo.adapter import Adapter
from channels.weibo.config import Config
from channels.weibo.simulator import Simulator

FAN = "2489518277"

Joined = Callable[..., AbstractAsyncContextManager[tuple[Adapter, Simulator]]]


@pytest.fixture
def joined(clock: Clock) -> Joined:
    """An account and its platform, as `settings` say; `config` changes what the inbox is told."""

    @asynccontextmanager
    async def join(config=None, **settings) -> AsyncIterator[tuple[Adapter, Simulator]]:
        simulator = Simulator("shop", clock, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {}), "channel": "weibo", "base_url": url}
            memory = RememberedMemory(simulator.clock)
            async with Adapter("shop", Config(**told), memory, simulator.clock) as adapter:
                yield adapter, simulator

    return join


@pytest.fixture
def saying() -> Callable[..., OutgoingMessage]:
    """A reply of some parts, or of a text."""

    def say(*parts) -> OutgoingMessage:
        address = Address(inbox="shop", thread=FAN, contact=FAN)
        told = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        return OutgoingMessage(address=address, delivery_id="d-1", parts=told)

    return say


@pytest.fixture
def vector() -> dict[str, str]:
    """The worked example of the platform's own page."""
    vectors = Path(__file__).parents[2] / "vectors" / "signatures.json"
    return json.loads(vectors.read_text())["weibo"]
