from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from channels.errors import RateLimited, Unavailable, Uncertain
from channels.message import Address, OutgoingMessage, Text
from channels.simulation import Push
from channels.testing import FakeChannel, RememberedMemory, as_request


def reply(text="hi"):
    address = Address(inbox="main", thread="t", contact="c")
    return OutgoingMessage(address=address, delivery_id=text, parts=(Text(text=text),))


async def test_what_was_sent_is_kept():
    async with FakeChannel() as fake:
        assert (await fake.send(reply("a"))).platform_id != (
            await fake.send(reply("b"))
        ).platform_id
        assert fake.sent == [reply("a"), reply("b")]


async def test_it_fails_in_the_order_it_was_told():
    fake = FakeChannel()
    fake.fail(RateLimited(3), None, Unavailable())
    with pytest.raises(RateLimited):
        await fake.send(reply("a"))
    await fake.send(reply("b"))
    with pytest.raises(Unavailable):
        await fake.send(reply("c"))
    assert fake.sent == [reply("b")]


async def test_a_lost_answer_still_arrives():
    fake = FakeChannel()
    fake.fail(Uncertain(), after_work=True)
    with pytest.raises(Uncertain):
        await fake.send(reply())
    assert fake.sent == [reply()]


async def test_one_can_wait_for_messages():
    fake = FakeChannel()
    waiting = asyncio.create_task(fake.until(2))
    await fake.send(reply("a"))
    await fake.send(reply("b"))
    assert await waiting == [reply("a"), reply("b")]


async def test_a_closed_channel_sends_nothing():
    async with FakeChannel() as fake:
        pass
    with pytest.raises(Unavailable):
        await fake.send(reply())
    assert fake.sent == []


async def test_a_memory_forgets_when_told(now):
    moment = [now]
    memory = RememberedMemory(lambda: moment[0])
    await memory.set("token", "t", timedelta(seconds=10))
    await memory.set("cursor", "7")
    assert await memory.get("token") == "t"
    moment[0] += timedelta(seconds=10)
    assert await memory.get("token") is None
    assert await memory.get("cursor") == "7"
    assert await memory.get("other") is None


async def test_header_names_reach_the_adapter_in_lower_case():
    push = Push("c", query={"A": "1"}, headers={"X-Sig": "AbC"}, body=b"x")
    request = as_request(push)
    assert request.headers == {"x-sig": "AbC"}
    assert (request.method, request.query, request.body) == ("POST", {"A": "1"}, b"x")
