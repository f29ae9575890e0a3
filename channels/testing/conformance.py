"""The tests that every channel passes: subclass, name the channel, add its recorded fixtures.

    class TestConformance(ChannelConformance):
        channel = "telegram"

Which tests bite depends on what the adapter claims: its capabilities and its protocols.
"""
# ruff: noqa: D102, PT017, S101 - this is a test suite

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from channels import registry
from channels.base import (
    ChannelAdapter,
    Clock,
    Listening,
    Passive,
    Polling,
    Reception,
    Typing,
    Webhook,
)
from channels.errors import (
    BadRequest,
    ChannelError,
    RateLimited,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.inbox import InboxConfig
from channels.message import (
    Choice,
    Choices,
    IncomingMessage,
    Location,
    Media,
    OutgoingMessage,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.simulation import Fault, Push, Seen, Simulator
from channels.testing.fakes import RememberedMemory, as_request
from channels.testing.server import HANG_UP, closed_url, serve
from channels.text import length, pick, stand_in

DANGEROUS = "a]]>b &amp; <b>x</b> _*[`~\\ \"'{}|%s #1 退款 <!channel> @all"
EMOJI = "退款👩‍👩‍👧‍👦e\u0301 ok🇨🇳. "
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


def squeezed(text: str) -> str:
    """Return `text` without white space, to compare what may be cut at white space."""
    return "".join(text.split())


class ChannelConformance:
    """What any channel promises; a subclass names its `channel`."""

    channel: ClassVar[str]
    settings: ClassVar[dict[str, Any]] = {}
    """More of `config.yaml` than the simulator's own settings."""
    contacts: ClassVar[tuple[str, str]] = ("1001", "1002")
    """Two customers, as this platform names people."""
    outgoing_visible: ClassVar[bool] = True
    """False when sending calls nobody: the customer fetches."""
    over_http: ClassVar[bool] = True
    """False when sending is no HTTP call, so that none can fail."""
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
    async def adapter(self, simulator: Simulator, base_url: str) -> AsyncIterator[ChannelAdapter]:
        """Return a ready adapter."""
        async with self.build(simulator, base_url) as adapter:
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
        address = (await self.heard(adapter, push)).address
        left: OutgoingMessage | None
        left = OutgoingMessage(address=address, delivery_id=delivery_id, parts=parts)
        if not (isinstance(adapter, Passive) and adapter.passive):
            await adapter.send(left)
            return simulator.seen_by(contact, after=before)
        while left is not None:
            now, left = adapter.fit(left)
            simulator.answered(push, adapter.answer(as_request(push), now).body)
            push = simulator.say(contact, "go on")
        return simulator.seen_by(contact, after=before)

    def refuses(self, adapter: ChannelAdapter) -> bool:
        """Say whether a send of this adapter is an HTTP call that can fail."""
        return self.over_http and not (isinstance(adapter, Passive) and adapter.passive)

    # What comes in

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

    # What goes out

    @pytest.fixture(params=["short", "dangerous", "at the limit", "over", "ten times"])
    def said(self, request: pytest.FixtureRequest) -> str:
        """Return the name of a kind of text; `test_a_text_arrives_whole` makes it."""
        return str(request.param)

    async def test_a_text_arrives_whole(
        self, adapter: ChannelAdapter, simulator: Simulator, said: str
    ) -> None:
        if not self.outgoing_visible:
            return
        limit, unit = adapter.capabilities.text_limit, adapter.capabilities.text_limit_unit
        fits = limit // length(EMOJI, unit)
        text = {
            "short": "您好 hello",
            "dangerous": DANGEROUS,
            "at the limit": EMOJI * fits + "x" * (limit - fits * length(EMOJI, unit)),
            "over": EMOJI * fits + "x" * limit,
            "ten times": EMOJI * fits * 10,
        }[said]
        seen = await self.send(adapter, simulator, Text(text=text))
        assert squeezed("".join(one.text for one in seen)) == squeezed(text)
        assert all(length(one.text, unit) <= limit for one in seen)

    async def test_choices_can_be_answered(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if not self.outgoing_visible:
            return
        most = adapter.capabilities.max_choices
        for count in {2, max(most, 2), most + 1} - {1}:
            options = tuple(Choice(value=f"v:{n}", label=f"选项 {n} <&>") for n in range(count))
            choices = Choices(prompt="哪一个 which?", options=options)
            seen = await self.send(adapter, simulator, choices, delivery_id=f"d-{count}")
            shown = "\n".join(one.text for one in seen)
            assert "哪一个 which?" in shown
            tappable = [one for one in seen if one.options]
            assert bool(tappable) == (count <= most)
            if tappable:
                push = simulator.tap(tappable[-1], 1)
                labels = tuple(label for _, label in tappable[-1].options)
                assert labels == tuple(option.label for option in options)
            else:
                assert all(f"{n}. {o.label}" in shown for n, o in enumerate(options, 1))
                push = simulator.say(self.contacts[0], "2")
            (answer,) = (await self.heard(adapter, push)).parts
            if isinstance(answer, Selection):
                assert answer.value == "v:1"
            else:
                assert isinstance(answer, Text)
                assert pick(answer.text, options) == options[1]

    async def test_what_cannot_be_sent_is_named(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        parts: tuple[Part, ...] = (
            Media(kind="image", ref="r"),
            Media(kind="file", ref="r", name="a.pdf"),
            Location(latitude=31.2, longitude=121.5, label="店"),
            Unsupported(platform_kind="hologram"),
        )
        for number, part in enumerate(parts):
            if self.outgoing_visible and part.kind not in adapter.capabilities.sends:
                parcel = (Text(text="请看"), part)
                seen = await self.send(adapter, simulator, *parcel, delivery_id=f"d-{number}")
                shown = squeezed("".join(one.text for one in seen))
                assert shown == squeezed("请看" + stand_in(part))

    async def test_a_second_attempt_is_recognised(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        if self.outgoing_visible and adapter.capabilities.idempotent_send:
            assert await self.send(adapter, simulator, Text(text="once"))
            assert not await self.send(adapter, simulator, Text(text="once"))

    # What goes wrong

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
        reply = OutgoingMessage(
            address=message.address, delivery_id="d-1", parts=(Text(text="hello"),)
        )
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
        reply = OutgoingMessage(
            address=message.address, delivery_id="d-9", parts=(Text(text="late"),)
        )
        with pytest.raises(ChannelError):
            await adapter.send(reply)

    async def test_claimed_protocols_are_real(
        self, adapter: ChannelAdapter, simulator: Simulator
    ) -> None:
        assert isinstance(adapter, Webhook | Polling | Listening)
        assert adapter.capabilities.typing == isinstance(adapter, Typing)
        if isinstance(adapter, Typing):
            message = await self.heard(adapter, simulator.say(self.contacts[0], "hi"))
            await adapter.typing(message.address)


def secrets_of(config: BaseModel) -> Iterator[str]:
    """Yield every secret of the settings that is long enough to be looked for."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from secrets_of(value)
        elif isinstance(value, SecretStr) and len(value.get_secret_value()) > 3:  # noqa: PLR2004
            yield value.get_secret_value()
