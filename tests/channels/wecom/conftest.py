from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from channels.base import Reception
from channels.message import Address, OutgoingMessage, Text
from channels.testing import RememberedMemory, as_request, serve
from channels.wecom.adapter import Adapter
from channels.wecom.config import Config
from channels.wecom.simulator import ACCOUNT, Simulator

CUSTOMER = "wmTEST0001"

Joined = Callable[..., AbstractAsyncContextManager[tuple[Adapter, Simulator]]]


class Moving:
    """A clock that a test moves on."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def moving(clock) -> Moving:
    return Moving(clock())


@pytest.fixture
def joined(moving) -> Joined:
    """A company and its platform, as `settings` say; `config` changes what the inbox is told."""

    @asynccontextmanager
    async def join(
        config=None, memory=None, **settings
    ) -> AsyncIterator[tuple[Adapter, Simulator]]:
        simulator = Simulator("shop", moving, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {}), "channel": "wecom", "base_url": url}
            kept = memory or RememberedMemory(moving)
            async with Adapter("shop", Config(**told), kept, moving) as adapter:
                yield adapter, simulator

    return join


@pytest.fixture
def saying() -> Callable[..., OutgoingMessage]:
    """A reply of some parts, or of a text."""

    def say(*parts, delivery_id="00" * 16, contact=CUSTOMER) -> OutgoingMessage:
        address = Address(inbox="shop", thread=f"{ACCOUNT}:{contact}", contact=contact)
        told = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        return OutgoingMessage(address=address, delivery_id=delivery_id, parts=told)

    return say


@pytest.fixture
def swept() -> Callable[..., object]:
    """Ring with some calls, then ask once for all there is: (cursor, what was there)."""

    async def sweep(adapter, simulator, *pushes, cursor=None) -> tuple[str | None, Reception]:
        for push in pushes:
            await adapter.receive(as_request(simulator.happened(push)))
        pages = [page async for page in adapter.sweep(cursor, {ACCOUNT: None})]
        whole = Reception(
            tuple(message for _, page in pages for message in page.messages),
            tuple(odd for _, page in pages for odd in page.quarantined),
            tuple(lost for _, page in pages for lost in page.bounced),
        )
        return (pages[-1][0] if pages else cursor), whole

    return sweep
