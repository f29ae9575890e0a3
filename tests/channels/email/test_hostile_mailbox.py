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
            begin, end = (f"{simulator.folder.validity}:{uid}:" for uid in (0, last))
            messages = []
            async with asyncio.timeout(60), aclosing(adapter.poll(f"{begin}0")) as mails:
                async for cursor, reception in mails:
                    messages += reception.messages
                    if cursor.startswith(end):
                        break
    texts = [message.text for message in messages]
    good = [f"still there {number}?" for number in range(ROUND, BROKEN + 1, ROUND)]
    assert [text for text in texts if text.startswith("still there")] == good
    assert len(messages) > BROKEN // 2
