"""What every channel does with what comes in."""
# ruff: noqa: D102, PT017, S101 - these are tests

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.base import (
    ChannelAdapter,
    Clock,
    Webhook,
)
from channels.errors import (
    BadRequest,
)
from channels.message import (
    Text,
    Unsupported,
)
from channels.simulation import Simulator
from channels.testing.bench import DANGEROUS, Bench

SENSELESS = (
    b"",
    b"\0\xff\xfe",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b'{"a":NaN}',
    b"1" * 5000,
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b'{"text":"\\ud800"}',
    b"<xml><a></xml>",
    b"<xml>" * 20_000,
    b"a=%ff&payload=%7B",
)
BAD_REQUEST, FORBIDDEN, TOO_LARGE = 400, (401, 403), 413


class Incoming(Bench):
    """Real calls arrive once and whole; all others are refused."""

    async def test_a_customers_text_arrives(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        message = await self.heard(adapter, simulator.say(self.contacts[0], DANGEROUS))
        assert message.parts == (Text(text=DANGEROUS),)
        assert message.address.inbox == adapter.inbox == simulator.inbox
        assert message.address.contact
        assert message.address.thread

    async def test_two_customers_have_two_addresses(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        one, other = [await self.heard(adapter, simulator.say(c, "hi")) for c in self.contacts]
        again = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
        assert one.address.contact == again.address.contact != other.address.contact
        assert one.address != other.address

    async def test_the_same_push_has_the_same_dedupe_key(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        push = simulator.say(self.contacts[0], "hi")
        first = await self.heard(adapter, push)
        if self.redelivers:
            assert (await self.heard(adapter, push)).dedupe_key == first.dedupe_key
        another = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
        assert another.dedupe_key != first.dedupe_key

    async def test_times_are_aware_and_right(
        self, adapter: ChannelAdapter, simulator: Simulator, clock: Clock
    ) -> None:
        message = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
        assert abs(message.sent_at - clock()) < timedelta(minutes=10)

    async def test_a_forged_push_is_refused(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not adapter.capabilities.signed:
            return
        good = simulator.say(self.contacts[0], "hi")
        bare = good.changed(headers={"content-type": "application/json"}, query={})
        for push in (simulator.forged(self.contacts[0], "hi"), bare):
            with pytest.raises(BadRequest) as refused:
                await self.receive(adapter, push)
            assert refused.value.status in FORBIDDEN

    async def test_a_stale_push_is_refused(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not (adapter.capabilities.signed and simulator.can_be_stale):
            return
        with pytest.raises(BadRequest) as refused:
            await self.receive(adapter, simulator.stale(self.contacts[0], "hi"))
        assert refused.value.status in FORBIDDEN

    async def test_truncated_and_random_bodies_are_refused_or_quarantined(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not isinstance(adapter, Webhook):
            return
        push = simulator.say(self.contacts[0], "hi")
        half = push.body[: len(push.body) // 2]
        for body in (half, *SENSELESS):
            try:
                reception = await self.receive(adapter, push.changed(body=body))
            except BadRequest as refused:
                assert BAD_REQUEST <= refused.status < 500  # noqa: PLR2004 - HTTP
            else:
                assert not any(message.text for message in reception.messages), body[:40]

    async def test_a_genuine_but_senseless_push_is_kept_and_acknowledged(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        reception = await self.receive(adapter, simulator.garbage(self.contacts[0]))
        assert reception.status == 200  # noqa: PLR2004 - HTTP
        parts = [part for message in reception.messages for part in message.parts]
        assert reception.quarantined or any(isinstance(part, Unsupported) for part in parts)

    async def test_a_huge_body_is_refused(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not isinstance(adapter, Webhook):
            return
        push = simulator.say(self.contacts[0], "hi")
        with pytest.raises(BadRequest) as refused:
            await self.receive(adapter, push.changed(body=push.body + b" " * 2**20))
        assert refused.value.status == TOO_LARGE
