"""Whatever a platform answers to a message of ours, the message ends as we know ends to be.

A channel joins with one line in `ANSWERED`: what its platform says, yes and no.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, islice
from random import Random
from time import process_time

import pytest

from channels import registry
from channels.base import ChannelAdapter, Webhook
from channels.errors import ChannelError
from channels.message import Address, OutgoingMessage, Text
from channels.simulation import Fault, Simulator
from channels.testing import RememberedMemory, as_request, serve
from channels.testing.fuzz import copies, json_bytes
from channels.testing.troubles import JSON
from channels.wecom.simulator import ACCOUNT

EVERY_DAY, LONG = 40, 2_000
ROUND = 20
"""After so many hostile answers a good one is tried."""
LATER = timedelta(seconds=65)
"""Between two messages: what a bad answer makes us wait for is over then, the token still good."""
OK = 200
TOO_LONG = 5.0
"""Seconds of the processor's time for one message."""

OF_TENCENT = (
    {"errcode": 0, "errmsg": "ok", "msgid": "m1"},
    {"errcode": 42001, "errmsg": "access_token expired"},
    {"errcode": 45047, "errmsg": "out of response count limit", "hints": ["a"]},
)
MESSAGE = {"message_id": 7, "date": 1700000000, "chat": {"id": 1001, "type": "private"}}
TOKEN = {"access_token": "t", "expires_in": 7200}


@dataclass(frozen=True, slots=True)
class Answered:
    """A channel, what its platform answers to a message, and under which HTTP status."""

    channel: str
    answers: Sequence[object]
    status: int = 200
    token: object = None
    """What it answers to who asks for an access token."""


OF_DOUYIN = {"error_code": 0, "description": "", "msg_id": "m1"}

ANSWERED = [
    Answered(
        "douyin",
        (
            {"data": OF_DOUYIN, "extra": {"error_code": 0, "logid": "l"}, "message": "success"},
            {"data": {"error_code": 2190008, "description": "expired"}, "extra": None},
        ),
        token={"data": {**TOKEN, "error_code": 0, "description": ""}, "message": "success"},
    ),
    Answered("miniprogram", OF_TENCENT, token=TOKEN),
    Answered(
        "qq",
        ({"id": "x", "timestamp": "2026-11-22T12:00:00+08:00"}, {"code": 11244, "message": "no"}),
        token={**TOKEN, "expires_in": "7200"},
    ),
    Answered("qq", ({"code": 304027, "message": "MSG_EXPIRE"},), 400),
    Answered("slack", ({"ok": True, "ts": "1.2"}, {"ok": False, "error": "ratelimited"})),
    Answered("telegram", ({"ok": True, "result": {**MESSAGE, "text": "x"}},)),
    Answered(
        "telegram",
        (
            {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"},
            {"ok": False, "error_code": 429, "parameters": {"retry_after": 3}},
            {"ok": False, "error_code": 400, "parameters": {"migrate_to_chat_id": -1001}},
        ),
        400,
    ),
    Answered("webhook", ({"id": "theirs"},)),
    Answered("wechat", OF_TENCENT, token=TOKEN),
    Answered("wecom", OF_TENCENT, token=TOKEN),
    Answered("weibo", ({"result": True, "sender_id": "1"},)),
    Answered("weibo", ({"error": "expired_token", "error_code": 21327},), 400),
]


class Moving:
    """A clock that a test moves on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Line:
    """Both sides of the wire, and the customer whom we answer."""

    def __init__(self, adapter: ChannelAdapter, simulator: Simulator, time: Moving) -> None:
        self.adapter, self.simulator, self._time = adapter, simulator, time
        self._said = 0

    async def says(self, text: str) -> None:
        """Let the customer ask, and answer: a platform may want to know to what."""
        self._time.now += LATER
        self._said += 1
        push = self.simulator.happened(self.simulator.say("1001", "hello"))
        assert isinstance(self.adapter, Webhook)
        heard = (await self.adapter.receive(as_request(push))).messages
        asked = Address(inbox="main", thread=f"{ACCOUNT}:1001", contact="1001")
        message = OutgoingMessage(
            address=heard[0].address if heard else asked,
            delivery_id=f"d-{self._said}",
            parts=(Text(text=text),),
            reply_to=heard[0].platform_id if heard and self.adapter.capabilities.answers else None,
        )
        await self.adapter.send(message)


@asynccontextmanager
async def opened(name: str, time: Moving) -> AsyncIterator[Line]:
    """Open both sides of the wire."""
    channel = registry.find(name)
    simulator = channel.simulator("main", time)
    async with serve(simulator.app) as url:
        config = channel.config(channel=name, base_url=url, **simulator.settings)
        async with channel.adapter("main", config, RememberedMemory(time), time) as adapter:
            yield Line(adapter, simulator, time)


async def attack(line: Line, faults, count: int) -> int:
    """Answer hostilely so often; return how often the message counted as sent."""
    sent = 0
    for number, hit in enumerate(islice(faults, count), 1):
        hit(line.simulator)
        begun = process_time()
        with suppress(ChannelError):
            await line.says("hello")
            sent += 1
        assert process_time() - begun < TOO_LONG
        line.simulator.faults.clear()
        if number % ROUND == 0:
            await line.says(f"still there {number}?")
            assert line.simulator.screen[-1].text == f"still there {number}?"
    return sent


def to_messages(answered: Answered, seed: int):
    """Yield hostile answers to a message."""
    chance = Random(seed)
    for stream in cycle([copies(answer, chance) for answer in answered.answers]):
        fault = Fault(answered.status, json_bytes(next(stream)), JSON)
        yield partial(_say_it, fault=fault)


def _say_it(simulator: Simulator, fault: Fault) -> None:
    simulator.faults.append(fault)


def to_who_asks_for_a_token(answered: Answered, seed: int):
    """Yield hostile answers to who needs an access token."""

    def hit(simulator, body) -> None:
        platform = getattr(simulator, "platform", getattr(simulator, "office", simulator))
        platform.expire_token()
        platform.token_faults.clear()
        platform.token_faults.append(Fault(200, body, JSON))

    for copy in copies(answered.token, Random(seed)):
        yield partial(hit, body=json_bytes(copy))


def named(answered: Answered) -> str:
    return f"{answered.channel}-{answered.status}"


@pytest.mark.parametrize("answered", ANSWERED, ids=named)
async def test_a_message_meets_a_hostile_answer_and_ends(answered, now):
    async with opened(answered.channel, Moving(now)) as line:
        sent = await attack(line, to_messages(answered, 0), EVERY_DAY)
    assert sent < EVERY_DAY or answered.channel == "webhook", "2xx alone is a yes there"
    assert sent or answered.status != OK, "no yes was hit"


@pytest.mark.parametrize("answered", [one for one in ANSWERED if one.token], ids=named)
async def test_who_asks_for_a_token_meets_a_hostile_answer_and_ends(answered, now):
    async with opened(answered.channel, Moving(now)) as line:
        assert await attack(line, to_who_asks_for_a_token(answered, 0), EVERY_DAY) < EVERY_DAY


@pytest.mark.long
@pytest.mark.parametrize("answered", ANSWERED, ids=named)
async def test_many_messages_meet_hostile_answers_and_end(answered, now):
    async with opened(answered.channel, Moving(now)) as line:
        await attack(line, to_messages(answered, 1), LONG)
        if answered.token:
            await attack(line, to_who_asks_for_a_token(answered, 1), LONG)
