"""Broken mails lie in a mailbox between good ones: each is kept, and the good ones are heard."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing

from channels import registry
from channels.testing import RememberedMemory
from tests.channels.email.test_any_mail import FIXTURES, broken

BROKEN = 150
ROUND = 30
"""After so many broken mails there is a good one."""


TRAPPED = b"""From: Han <han@customer.example>
To: help@shop.example
Subject: look
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

hello
--b
Content-Type: message/rfc822

From: Spruce <a@b.example\x0cMTo: x
Subject: inner\xff

within
--b--
"""
"""With a header that the standard library reads, and refuses to write."""


async def read_until(adapter, simulator, last):
    """Return what the adapter makes of a mailbox, up to the mail with this number."""
    begin, end = (f"{simulator.folder.validity}:{uid}:" for uid in (0, last))
    messages = []
    async with asyncio.timeout(60), aclosing(adapter.poll(f"{begin}0")) as mails:
        async for cursor, reception in mails:
            messages += reception.messages
            if cursor.startswith(end):
                break
    return messages


async def test_a_mail_within_a_mail_that_cannot_be_written_again_holds_up_no_good_one(clock):
    channel = registry.find("email")
    simulator = channel.simulator("main", clock)
    async with simulator.serving():
        await simulator.folder.put(TRAPPED.replace(b"\n", b"\r\n"), clock())
        last = await simulator.offer(simulator.say("han", "still there?"))
        config = channel.config(channel="email", **simulator.settings)
        async with channel.adapter("main", config, RememberedMemory(clock), clock) as adapter:
            messages = await read_until(adapter, simulator, last)
            assert [message.text for message in messages] == ["look\nhello", "still there?"]
            async with adapter.fetch(messages[0].parts[-1].ref) as found:
                content = b"".join([chunk async for chunk in found.chunks])
    assert content.startswith(b"From: Spruce <a@b.example\x0cMTo: x\nSubject: inner\xff\n\nwithin")


async def test_broken_mails_hold_up_no_good_one(clock):
    channel, rng = registry.find("email"), random.Random(0)
    simulator = channel.simulator("main", clock)
    async with simulator.serving():
        for number in range(1, BROKEN + 1):
            raw = broken(rng.choice(FIXTURES).read_bytes(), rng)
            last = await simulator.folder.put(raw, clock())
            if number % ROUND == 0:
                last = await simulator.offer(simulator.say("han", f"still there {number}?"))
        config = channel.config(channel="email", **simulator.settings)
        async with channel.adapter("main", config, RememberedMemory(clock), clock) as adapter:
            messages = await read_until(adapter, simulator, last)
    texts = [message.text for message in messages]
    good = [f"still there {number}?" for number in range(ROUND, BROKEN + 1, ROUND)]
    assert [text for text in texts if text.startswith("still there")] == good
    assert len(messages) > BROKEN // 2
