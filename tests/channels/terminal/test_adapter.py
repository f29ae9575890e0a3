from __future__ import annotations

import asyncio

import pytest

from channels.errors import Unavailable
from channels.message import Address, Choice, Choices, OutgoingMessage, Text
from channels.terminal.adapter import Adapter
from channels.terminal.config import Config
from channels.terminal.simulator import Simulator
from channels.testing import RememberedMemory


@pytest.fixture
def simulator(clock):
    return Simulator("desk", clock)


@pytest.fixture
async def adapter(simulator):
    config = Config(channel="terminal", **simulator.settings)
    async with Adapter("desk", config, RememberedMemory(), simulator.clock) as adapter:
        yield adapter


def reply(*parts):
    address = Address(inbox="desk", thread="terminal", contact="developer")
    return OutgoingMessage(address=address, delivery_id="d", parts=parts)


async def test_lines_come_in_as_they_are_typed_and_empty_ones_do_not(adapter, simulator):
    heard = asyncio.Queue()
    listening = asyncio.create_task(adapter.listen(heard.put))
    for line in ("你好", "", "  ", "人工"):
        simulator.type(simulator.say("developer", line))
    texts = [(await heard.get()).messages[0].text for _ in range(2)]
    assert texts == ["你好", "人工"]
    listening.cancel()


async def test_two_lines_of_one_moment_are_two_messages(adapter, simulator):
    heard = asyncio.Queue()
    listening = asyncio.create_task(adapter.listen(heard.put))
    for _ in range(2):
        simulator.type(simulator.say("developer", "same"))
    keys = {(await heard.get()).messages[0].dedupe_key for _ in range(2)}
    assert len(keys) == 2
    listening.cancel()


async def test_after_the_last_line_it_keeps_quiet_and_still_prints(adapter, simulator):
    heard = asyncio.Queue()
    listening = asyncio.create_task(adapter.listen(heard.put))
    simulator.type(simulator.say("developer", "bye"))
    simulator.leave()
    await heard.get()
    await adapter.send(reply(Text(text="see you")))
    assert [seen.text for seen in simulator.screen] == ["see you"]
    assert not listening.done()
    listening.cancel()


async def test_choices_are_numbered(adapter, simulator):
    options = (Choice(value="a", label="退款"), Choice(value="b", label="换货"))
    await adapter.send(reply(Choices(prompt="哪一个？", options=options)))
    (seen,) = simulator.screen
    assert seen.text.startswith("哪一个？\n1. 退款\n2. 换货\n")


async def test_a_reply_cannot_command_the_terminal(adapter, simulator):
    await adapter.send(reply(Text(text="\x1b]0;owned\x07\x9b2Jhi\r\n\tthere\b")))
    (seen,) = simulator.screen
    assert seen.text == "]0;owned2Jhi\n\tthere"


async def test_a_screen_that_is_gone_is_unavailable(clock):
    class Gone:
        async def read(self):
            return None

        async def write(self, text):
            raise BrokenPipeError

    config = Config(channel="terminal", wire=Gone())
    async with Adapter("desk", config, RememberedMemory(), clock) as adapter:
        with pytest.raises(Unavailable):
            await adapter.send(reply(Text(text="hi")))
