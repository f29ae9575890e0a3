"""Whatever the platform lists as said in public, the watch goes on, and good comments are heard."""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from random import Random
from time import process_time

import pytest

from channels.message import IncomingMessage
from channels.testing.fuzz import copies, json_bytes
from channels.weibo.watch import Watcher

FIXTURES = sorted((Path(__file__).parent / "public_fixtures").glob("*.json"))
GOOD = json.loads((Path(__file__).parent / "public_fixtures/comment__plain.json").read_bytes())
PLACES = ("comments", "comment_mentions", "mentions")
ON_A_PAGE = 19
TOO_LONG = 5.0
"""Seconds of the processor's time for one page."""


async def attack(count: int, seed: int, clock) -> None:
    """Let a watcher read hostile items, with a good one on each page."""
    chance = Random(seed)
    streams = cycle([copies(json.loads(file.read_bytes()), chance) for file in FIXTURES])
    number = 5_200_000_000_000_000
    cursor = json.dumps({place: {"since": 1, "upto": 0, "top": 0} for place in PLACES})

    async def ask(place, _since, _upto):
        nonlocal number
        if place != "comments":
            return []
        number += 1
        hostile = [json.loads(json_bytes(next(next(streams)))) for _ in range(ON_A_PAGE)]
        return [*hostile, {**GOOD, "id": number, "idstr": str(number)}]

    watcher = Watcher("shop", "1902538057", ask, clock)
    for _ in range(0, count, ON_A_PAGE):
        begun, heard = process_time(), []
        async for after, reception in watcher.sweep(cursor, PLACES):
            cursor = after
            heard += reception.messages
            for odd in reception.quarantined:
                assert "\0" not in (odd.raw + odd.reason + odd.dedupe_key).encode().decode()
        assert process_time() - begun < TOO_LONG
        for message in heard:
            stored = json.dumps(message.model_dump(mode="json"), ensure_ascii=False).encode()
            assert b"\\u0000" not in stored
            assert IncomingMessage.model_validate_json(stored) == message
        assert f"comment:{number}" in {message.dedupe_key for message in heard}


async def test_hostile_items_are_set_aside_and_good_ones_are_heard(clock):
    await attack(300, 0, clock)


@pytest.mark.long
@pytest.mark.parametrize("thousand", range(1, 11))
async def test_ten_thousand_hostile_items_are(thousand, clock):
    await attack(1000, thousand, clock)
