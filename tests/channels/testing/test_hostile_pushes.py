"""Whatever a push holds, an adapter answers at once, and the next good one still arrives.

An adapter joins with one line in `FUZZED`: its fixtures, and how any body is signed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from random import Random
from time import process_time
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from channels import registry
from channels.base import Reception, Webhook
from channels.errors import BadRequest
from channels.message import IncomingMessage
from channels.sheets import ShowsSheets
from channels.simulation import Push, Simulator
from channels.testing import RememberedMemory, as_request, serve
from channels.testing.fuzz import copies, from_xml, json_bytes, xml_bytes
from handlers.chat.sheet import sheets

CHANNELS = Path(__file__).parents[1]
EVERY_DAY, LONG = 300, 10_000
ROUND = 100
"""After so many hostile pushes a good one is tried."""
TOO_LONG = 5.0
"""Seconds of the processor's time for one push: what others do on the machine does not count, but
a whole suite's garbage that is collected meanwhile does."""

Sign = Callable[[Simulator, bytes], Push]


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A channel, what its platform sends, how a body is signed and a copy written."""

    channel: str
    fixtures: Sequence[object]
    sign: Sign
    write: Callable[[object], bytes] = json_bytes
    simulated: Mapping[str, Any] = field(default_factory=dict)
    """How the platform's side is set up."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is set otherwise than the platform's side says."""

    @property
    def name(self) -> str:
        return "-".join((self.channel, self.write.__name__, *map(str, self.simulated.values())))


def recorded(channel: str) -> list[object]:
    """Return a channel's fixtures that are JSON; those that are broken by themselves are not."""
    files = sorted((CHANNELS / channel / "fixtures").glob("*.json"))
    return [json.loads(file.read_bytes()) for file in files if "truncated" not in file.stem]


def recorded_xml(channel: str) -> list[object]:
    """Return a channel's fixtures that are XML of some shape."""
    files = sorted((CHANNELS / channel / "fixtures").glob("*.xml"))
    good = [file for file in files if not file.stem.startswith("bad__")]
    return [from_xml(ET.fromstring(file.read_bytes())) for file in good]


def under_the_same_headers(simulator: Simulator, body: bytes) -> Push:
    """Sign as platforms do whose proof is a shared secret in a header."""
    return simulator.say("42", "").changed(body=body)


def by_its_secret(simulator: Simulator, body: bytes) -> Push:
    """Sign as Slack and QQ do: time and body, by the secret of both sides."""
    return simulator.signed("42", body)


def as_slack_sends_it(value: object) -> bytes:
    """Write events as JSON, and what people tap, command and hand in as a form's fields."""
    if not isinstance(value, dict) or value.get("type") == "event_callback":
        return json_bytes(value)
    if "command" not in value:
        return urlencode({"payload": json_bytes(value)}).encode()
    fields = {
        key: each if isinstance(each, str) else json_bytes(each) for key, each in value.items()
    }
    return urlencode(fields, errors="surrogatepass").encode()


def in_its_envelope(simulator: Simulator, body: bytes) -> Push:
    """Seal as WeChat does."""
    return simulator.push("42", body.decode("utf-8", "replace"))


def as_a_standard_webhook(simulator: Simulator, body: bytes) -> Push:
    """Sign as the standard says."""
    return simulator.signed("42", "m-hostile", body)


ANY = {"account": None}
"""The fixtures are written to accounts of all names."""
XML = {"form": "xml", "mode": "plain"}


def sealed(simulator: Simulator, body: bytes) -> Push:
    """Sign as Douyin does, whose proof is made of the body itself."""
    return simulator.sealed("42", body)


FUZZED = [
    Fuzzed("douyin", recorded("douyin"), sealed, simulated={"comments": True}),
    Fuzzed("miniprogram", recorded("miniprogram"), in_its_envelope, json_bytes, settings=ANY),
    Fuzzed(
        "miniprogram",
        recorded_xml("miniprogram"),
        under_the_same_headers,
        xml_bytes,
        XML,
        ANY,
    ),
    Fuzzed("qq", recorded("qq"), by_its_secret),
    Fuzzed("slack", recorded("slack"), by_its_secret, as_slack_sends_it),
    Fuzzed("telegram", recorded("telegram"), under_the_same_headers),
    Fuzzed("webhook", recorded("webhook"), as_a_standard_webhook),
    Fuzzed("wechat", recorded_xml("wechat"), under_the_same_headers, xml_bytes, {}, ANY),
    Fuzzed("wechat", recorded_xml("wechat"), in_its_envelope, xml_bytes, {"encrypted": True}, ANY),
    Fuzzed("weibo", recorded("weibo"), under_the_same_headers),
]


@asynccontextmanager
async def opened(fuzzed: Fuzzed, clock) -> AsyncIterator[tuple[Webhook, Simulator]]:
    """Open both sides of the wire."""
    channel = registry.find(fuzzed.channel)
    simulator = channel.simulator("main", clock, **fuzzed.simulated)
    async with serve(simulator.app) as url:
        told = {**simulator.settings, **fuzzed.settings}
        config = channel.config(channel=fuzzed.channel, base_url=url, **told)
        built = channel.adapter("main", config, RememberedMemory(clock), clock)
        if isinstance(built, ShowsSheets):
            built.offer(sheets())
        async with built as adapter:
            assert isinstance(adapter, Webhook)
            yield adapter, simulator


async def attack(fuzzed: Fuzzed, count: int, seed: int, clock) -> None:
    """Let an adapter receive hostile pushes, and a good one after each round of them."""
    chance = Random(seed)
    streams = cycle([copies(fixture, chance) for fixture in fuzzed.fixtures])
    understood = 0
    async with opened(fuzzed, clock) as (adapter, simulator):
        for number, stream in enumerate(islice(streams, count), 1):
            body = fuzzed.write(next(stream))
            found = await receive(adapter, fuzzed.sign(simulator, body))
            understood += bool(found and found.messages)
            if number % ROUND == 0:
                good = await receive(adapter, simulator.say("42", "still there?"))
                assert good is not None
                assert [message.text for message in good.messages] == ["still there?"]
    assert understood > count // 20, "what is refused at the door tries nothing"


async def receive(adapter: Webhook, push: Push) -> Reception | None:
    """Return what a push became, which can be stored and read again; None if it was refused."""
    begun = process_time()
    try:
        reception = await adapter.receive(as_request(push))
    except BadRequest:
        reception = None
    took = process_time() - begun
    assert took < TOO_LONG, push.body[:2000]
    for message in reception.messages if reception else ():
        told = message.model_dump(mode="json")
        stored = json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
        assert b"\\u0000" not in stored
        assert IncomingMessage.model_validate_json(stored).dedupe_key == message.dedupe_key
    for odd in reception.quarantined if reception else ():
        assert "\0" not in (odd.raw + odd.reason + odd.dedupe_key).encode().decode()
    return reception


@pytest.mark.parametrize("fuzzed", FUZZED, ids=lambda fuzzed: fuzzed.name)
async def test_hostile_pushes_are_answered_and_good_ones_still_arrive(fuzzed, clock):
    await attack(fuzzed, EVERY_DAY, 0, clock)


@pytest.mark.long
@pytest.mark.parametrize("thousand", range(1, LONG // 1000 + 1))
@pytest.mark.parametrize("fuzzed", FUZZED, ids=lambda fuzzed: fuzzed.name)
async def test_ten_thousand_hostile_pushes_are(fuzzed, thousand, clock):
    await attack(fuzzed, 1000, thousand, clock)
