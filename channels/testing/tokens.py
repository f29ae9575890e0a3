"""What a channel does whose access token has to be fetched: mix it into its conformance test."""
# ruff: noqa: D102, S101 - these are tests

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Protocol

import pytest

from channels.base import ChannelAdapter
from channels.errors import ChannelError, RateLimited, Unauthorized, Unavailable
from channels.message import Text
from channels.simulation import Fault, Simulator
from channels.testing.bench import Bench
from channels.testing.server import HANG_UP

HELLO = Text(text="hello")
MOST_CALLS = 10
"""What ten sends may cost where no token is good: two rounds of asking, forcing and trying."""


class TokenPlatform(Protocol):
    """The part of a simulated platform that gives out access tokens."""

    fetched: int
    """How often a token was asked for."""
    forced: int
    """How often another one was forced."""
    refuses_all: bool
    """True: no token is good enough, however new."""
    keeps_refused: bool
    """True: a refused token is given out again, unless another one is forced."""
    token_faults: deque[Fault]
    """What is answered to those who ask for a token, one each."""

    def expire_token(self) -> None:
        """Let the current token be refused from now on."""
        ...


TOKEN_FAULTS: tuple[tuple[Fault, type[ChannelError]], ...] = (
    (Fault(HANG_UP), Unavailable),
    (Fault(HANG_UP, after_work=True), Unavailable),
    (Fault(500), Unavailable),
    (Fault(503, b"<html>busy"), Unavailable),
    (Fault(200, b"<html>busy"), Unavailable),
    (Fault(302, headers={"location": "http://127.0.0.1/"}), Unavailable),
    (Fault(429, headers={"retry-after": "7"}), RateLimited),
    (Fault(401), Unauthorized),
    (Fault(200, b"{}"), Unauthorized),
)
"""What a platform may answer to who asks for a token, and what that means for the message."""


class TokenFaults(Bench):
    """A token's fault is told as what it is, and nobody hammers for a token."""

    @abstractmethod
    def platform(self, simulator: Simulator) -> TokenPlatform:
        """Return where the simulated platform gives out its tokens."""

    @pytest.fixture(params=range(len(TOKEN_FAULTS)))
    def fault(self, request: pytest.FixtureRequest) -> tuple[Fault, type[ChannelError]]:
        """Return one answer to who asks for a token."""
        return TOKEN_FAULTS[request.param]

    async def test_a_token_that_cannot_be_had_costs_no_message(
        self,
        adapter: ChannelAdapter,
        simulator: Simulator,
        fault: tuple[Fault, type[ChannelError]],
    ) -> None:
        if not self.refuses(adapter):
            return
        platform = self.platform(simulator)
        platform.expire_token()
        asked = platform.fetched
        platform.token_faults.append(fault[0])
        for number in range(3):
            with pytest.raises(ChannelError) as failed:
                await self.send(adapter, simulator, HELLO, delivery_id=f"d-{number}")
            assert type(failed.value) is fault[1]
        assert (platform.fetched - asked, simulator.screen) == (1, [])

    async def test_an_expired_token_is_renewed_unnoticed(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        platform = self.platform(simulator)
        for number in range(3):
            assert await self.send(adapter, simulator, HELLO, delivery_id=f"d-{number}")
            platform.expire_token()
        assert (platform.fetched, platform.forced) == (3, 0)

    async def test_a_refused_token_that_comes_again_is_replaced_by_force_once(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        platform = self.platform(simulator)
        await self.send(adapter, simulator, HELLO)
        platform.keeps_refused = True
        platform.expire_token()
        assert await self.send(adapter, simulator, HELLO, delivery_id="d-2")
        assert (platform.fetched, platform.forced) == (3, 1)

    async def test_a_hundred_that_are_refused_at_once_cost_one_new_token(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        platform = self.platform(simulator)
        heard = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
        replies = [self.reply(adapter, heard, f"d-{number}", HELLO) for number in range(101)]
        await adapter.send(replies[0])
        platform.expire_token()
        asked = platform.fetched
        await asyncio.gather(*map(adapter.send, replies[1:]))
        assert (platform.fetched - asked, platform.forced) == (1, 0)
        assert [seen.text for seen in simulator.screen] == ["hello"] * len(replies)

    async def test_an_account_whose_every_token_is_refused_needs_a_human(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.refuses(adapter):
            return
        platform = self.platform(simulator)
        await self.send(adapter, simulator, HELLO)
        platform.refuses_all = True
        asked = len(simulator.calls)
        for number in range(10):
            with pytest.raises(Unauthorized):
                await self.send(adapter, simulator, HELLO, delivery_id=f"d-{number}")
        assert platform.forced <= 1
        assert len(simulator.calls) - asked <= MOST_CALLS
