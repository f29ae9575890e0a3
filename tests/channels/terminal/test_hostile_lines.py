"""Whatever is typed, or piped into it, is a text; whatever is printed commands no terminal."""

from __future__ import annotations

import asyncio
import json
from itertools import islice
from random import Random

import pytest

from channels.message import Address, IncomingMessage, OutgoingMessage, Text
from channels.terminal.adapter import Adapter
from channels.terminal.config import Config
from channels.terminal.wire import Console
from channels.testing import RememberedMemory
from channels.testing.fuzz import SPOILERS, copies

GOOD = "still there?"


async def typed(path, lines, clock) -> list[IncomingMessage]:
    """Return what a real console makes of a file's bytes, until the good line."""
    path.write_bytes(b"\n".join([*lines, GOOD.encode(), b""]))
    heard: list[IncomingMessage] = []
    done = asyncio.Event()

    async def accept(reception) -> None:
        heard.extend(reception.messages)
        if reception.messages[-1].text == GOOD:
            done.set()

    with path.open("rb") as keyboard:
        config = Config(channel="terminal", wire=Console(keyboard.fileno()))
        async with Adapter("main", config, RememberedMemory(), clock) as adapter:
            listening = asyncio.create_task(adapter.listen(accept))
            async with asyncio.timeout(60):
                await done.wait()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    return heard


def hostile(count: int, seed: int) -> list[bytes]:
    found = islice(copies("退款 hello", Random(seed)), count)
    return [f"{each}".encode("utf-8", "surrogatepass").replace(b"\n", b"") for each in found]


async def attack(path, clock, count: int, seed: int) -> None:
    lines = hostile(count, seed)
    heard = await typed(path, lines, clock)
    assert len(heard) == 1 + sum(bool(line.decode("utf-8", "replace").strip()) for line in lines)
    for message in heard:
        stored = json.dumps(message.model_dump(mode="json"), ensure_ascii=False).encode()
        assert b"\\u0000" not in stored


async def test_hostile_lines_are_texts_and_the_good_one_behind_them_is_heard(tmp_path, clock):
    await attack(tmp_path / "typed", clock, 300, 0)


@pytest.mark.long
async def test_ten_thousand_hostile_lines_are(tmp_path, clock):
    await attack(tmp_path / "typed", clock, 10_000, 1)


async def test_nothing_that_is_printed_commands_the_terminal(clock):
    printed: list[str] = []

    class Paper(Console):
        async def write(self, text: str) -> None:
            printed.append(text)

    config = Config(channel="terminal", wire=Paper())
    address = Address(inbox="main", thread="terminal", contact="developer")
    async with Adapter("main", config, RememberedMemory(), clock) as adapter:
        for number, spoiler in enumerate(SPOILERS):
            parts = (Text(text=f"a{spoiler}b"),)
            await adapter.send(
                OutgoingMessage(address=address, delivery_id=f"d-{number}", parts=parts)
            )
    assert len(printed) >= len(SPOILERS)
    commands = {chr(point) for point in (*range(32), *range(127, 160))} - {"\n", "\t"}
    assert not commands & set("".join(printed))
