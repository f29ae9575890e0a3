"""The bench that the conformance tests stand on: both sides of the wire, joined."""
# ruff: noqa: S101 - these are tests

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import copy
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from channels import registry
from channels.base import (
    ChannelAdapter,
    Clock,
    Passive,
    Reception,
    Webhook,
)
from channels.errors import (
    ChannelError,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from channels.files import SendsMedia
from channels.inbox import InboxConfig
from channels.message import (
    IncomingMessage,
    OutgoingMessage,
    Part,
    Text,
)
from channels.simulation import Fault, Push, Seen, Simulator
from channels.testing.fakes import HeldFiles, RememberedMemory, as_request
from channels.testing.server import serve

DANGEROUS = "a]]>b &amp; <b>x</b> _*[`~\\ \"'{}|%s #1 退款 <!channel> @all"
EMOJI = "退款👩‍👩‍👧‍👦e\u0301 ok🇨🇳. "
UNHEARD = "行\x0b一\x0c二\x1c三\x85四\u2028五\x08六\x1b[31m七\x7f八 \\u0041 \\\\b"
"""Line ends of spreadsheets and word processors, commands to terminals, and what only looks so."""
VISIBLE = ("👩‍👩‍👧‍👦", "🇨🇳", "👍🏽", "e\u0301\u0323", "𠮷", "🙂", "नि", "각")
"""What people see as one character: families, flags, skin tones, accents, surrogate pairs."""


def legible(text: str) -> str:
    """Return `text` without white space and control characters."""
    return "".join(sign for sign in text if sign.isprintable() and not sign.isspace())


def squeezed(text: str) -> str:
    """Return `text` without white space, to compare what may be cut at white space."""
    return "".join(text.split())


class Bench:
    """One channel, its simulator and its adapter, ready to be tried."""

    channel: ClassVar[str]
    settings: ClassVar[dict[str, Any]] = {}
    """More of `config.yaml` than the simulator's own settings."""
    contacts: ClassVar[tuple[str, str]] = ("1001", "1002")
    """Two customers, as this platform names people."""
    outgoing_visible: ClassVar[bool] = True
    """False when sending calls nobody: the customer fetches."""
    over_http: ClassVar[bool] = True
    """False when sending is no HTTP call, so that none can fail."""
    follows_redirects: ClassVar[bool] = False
    """True when a file is fetched from wherever its address leads, our own network excepted."""
    redelivers: ClassVar[bool] = True
    """False when the platform never delivers a thing twice."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Return a clock that stands still."""
        return lambda: datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    @pytest.fixture
    def simulator(self, clock: Clock) -> Simulator:
        """Return the platform's side."""
        return registry.find(self.channel).simulator("main", clock)

    @pytest.fixture
    async def base_url(self, simulator: Simulator) -> AsyncIterator[str]:
        """Serve the platform's API."""
        async with serve(simulator.app) as url:
            yield url

    @pytest.fixture
    def files(self) -> HeldFiles:
        """Return the files that an adapter may send."""
        return HeldFiles()

    def config(self, simulator: Simulator, base_url: str) -> InboxConfig:
        """Return the account's settings, pointing at `base_url`."""
        return registry.find(self.channel).config(
            channel=self.channel, base_url=base_url, **{**simulator.settings, **self.settings}
        )

    def build(self, simulator: Simulator, base_url: str) -> ChannelAdapter:
        """Return an adapter that has not been entered."""
        return registry.find(self.channel).adapter(
            simulator.inbox,
            self.config(simulator, base_url),
            RememberedMemory(simulator.clock),
            simulator.clock,
        )

    @pytest.fixture
    async def adapter(
        self, simulator: Simulator, base_url: str, files: HeldFiles
    ) -> AsyncIterator[ChannelAdapter]:
        """Return a ready adapter."""
        built = self.build(simulator, base_url)
        if isinstance(built, SendsMedia):
            built.lend(files)
        async with built as adapter:
            yield adapter

    def faults(self) -> list[tuple[Fault, type[ChannelError]]]:
        """Return what the platform may answer to a send, and what that means."""
        return [
            (Fault(429, headers={"retry-after": "7"}), RateLimited),
            (Fault(500), Unavailable),
            (Fault(503, b"<html>busy"), Unavailable),
            (Fault(401), Unauthorized),
        ]

    async def receive(self, adapter: ChannelAdapter, push: Push) -> Reception:
        """Hand a push to the adapter; a channel without webhooks says how."""
        assert isinstance(adapter, Webhook)
        return await adapter.receive(as_request(push))

    async def heard(self, adapter: ChannelAdapter, push: Push) -> IncomingMessage:
        """Return the one message of a push."""
        reception = await self.receive(adapter, push)
        assert not reception.quarantined
        (message,) = reception.messages
        return message

    async def send(
        self, adapter: ChannelAdapter, simulator: Simulator, *parts: Part, delivery_id: str = "d-1"
    ) -> list[Seen]:
        """Send to the first customer, and return what that added to the screen."""
        contact = self.contacts[0]
        push = simulator.say(contact, "hello")
        before = len(simulator.screen)
        left: OutgoingMessage | None
        left = self.reply(adapter, await self.heard(adapter, push), delivery_id, *parts)
        if not (isinstance(adapter, Passive) and adapter.passive):
            await adapter.send(left)
            return simulator.seen_by(contact, after=before)
        while left is not None:
            now, left = adapter.fit(left)
            assert now is not None
            simulator.answered(push, adapter.answer(as_request(push), now).body)
            push = simulator.say(contact, "go on")
        return simulator.seen_by(contact, after=before)

    def reply(
        self, adapter: ChannelAdapter, heard: IncomingMessage, delivery_id: str, *parts: Part
    ) -> OutgoingMessage:
        """Return a reply as the house makes it: each attempt names the same message."""
        known: dict[str, str | None] = self.__dict__.setdefault("_answered", {})
        named = known.setdefault(delivery_id, heard.platform_id)
        return OutgoingMessage(
            address=heard.address,
            delivery_id=delivery_id,
            parts=parts,
            reply_to=named if adapter.capabilities.answers else None,
        )

    def refuses(self, adapter: ChannelAdapter) -> bool:
        """Say whether a send of this adapter is an HTTP call that can fail."""
        return self.over_http and not (isinstance(adapter, Passive) and adapter.passive)

    async def failed(
        self, adapter: ChannelAdapter, simulator: Simulator, fault: Fault
    ) -> ChannelError:
        """Return what a send raises when the platform answers with `fault`."""
        await self.send(adapter, simulator, Text(text="warm up"), delivery_id="d-0")
        simulator.faults.append(copy(fault))
        with pytest.raises(ChannelError) as failed:
            await self.send(adapter, simulator, Text(text="hello"), delivery_id="d-2")
        simulator.faults.clear()
        return failed.value
