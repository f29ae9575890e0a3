"""What every channel does when its platform fails."""
# ruff: noqa: D102, S101 - these are tests

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import BaseModel, SecretStr

from channels.base import (
    ChannelAdapter,
)
from channels.errors import (
    ChannelError,
    RateLimited,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.message import (
    Text,
)
from channels.simulation import Fault, Simulator
from channels.testing.bench import Bench
from channels.testing.server import HANG_UP, closed_url, serve

SENDS, CALLS_A_SEND = 5, 2
"""How often a refused account is tried, and what one try may cost: the send, and a new token."""


class Failures(Bench):
    """Each fault becomes the error that says whether to try again, and shows no secret."""

    async def test_each_fault_becomes_its_error(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        for fault, kind in self.faults():
            error = await self.failed(adapter, simulator, fault)
            assert type(error) is kind, fault
            if isinstance(error, RateLimited) and "retry-after" in fault.headers:
                assert error.retry_after == float(fault.headers["retry-after"])

    async def test_a_refused_account_is_not_asked_in_a_loop(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        await self.send(adapter, simulator, Text(text="warm up"), delivery_id="d-0")
        hello = Text(text="hello")
        for fault in (fault for fault, kind in self.faults() if kind is Unauthorized):
            simulator.faults.append(replace(fault, times=100))
            asked = len(simulator.calls)
            for number in range(SENDS):
                with pytest.raises(Unauthorized):
                    await self.send(adapter, simulator, hello, delivery_id=f"d-{number}")
            assert len(simulator.calls) - asked <= SENDS * CALLS_A_SEND
            simulator.faults.clear()

    async def test_a_lost_answer_is_uncertain(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        error = await self.failed(adapter, simulator, Fault(HANG_UP, after_work=True))
        assert type(error) is Uncertain
        assert [seen.text for seen in simulator.screen].count("hello") == 1

    async def test_an_unreachable_platform_is_unavailable(self, simulator: Simulator) -> None:
        async with serve(simulator.app) as url:
            ready = self.build(simulator, url)
            if not self.refuses(ready):
                return
            async with ready:
                message = await self.heard(ready, simulator.say(self.contacts[0], "hi"))
        reply = self.reply(ready, message, "d-1", Text(text="hello"))
        with pytest.raises(Unavailable):
            async with self.build(simulator, closed_url()) as adapter:
                await adapter.send(reply)

    async def test_no_secret_shows(
        self, adapter: ChannelAdapter, simulator: Simulator, base_url: str
    ) -> None:
        config = self.config(simulator, base_url)
        texts = [repr(adapter), str(adapter), repr(config), str(config)]
        if self.refuses(adapter):
            for fault, _ in [*self.faults(), (Fault(HANG_UP, after_work=True), Uncertain)]:
                error = await self.failed(adapter, simulator, fault)
                texts += [str(error), repr(error), str(error.__cause__ or "")]
        for secret in secrets_of(config):
            assert not [text for text in texts if secret in text]

    async def test_sending_after_the_end_is_refused(
        self, simulator: Simulator, base_url: str
    ) -> None:
        adapter = self.build(simulator, base_url)
        async with adapter:
            message = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
        reply = self.reply(adapter, message, "d-9", Text(text="late"))
        with pytest.raises(ChannelError):
            await adapter.send(reply)


def secrets_of(config: BaseModel) -> Iterator[str]:
    """Yield every secret of the settings that is long enough to be looked for."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from secrets_of(value)
        elif isinstance(value, SecretStr) and len(value.get_secret_value()) > 3:  # noqa: PLR2004
            yield value.get_secret_value()
