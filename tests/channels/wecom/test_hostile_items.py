"""Whatever the list of messages holds, what is asked for is read, and the good among it arrives."""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest

from channels.message import IncomingMessage
from channels.testing.fuzz import copies, json_bytes
from channels.wecom.api import Page
from channels.wecom.pull import Puller
from channels.wecom.simulator import ACCOUNT

FIXTURES = Path(__file__).parent / "fixtures"
EVERY_DAY, LONG = 300, 10_000
SIZE = 50
"""Hostile entries on a page, with a good one behind them."""


def recorded():
    return [json.loads(file.read_bytes()) for file in sorted(FIXTURES.glob("*.json"))]


def readable(item):
    """Return an entry as it arrives, None where no JSON can hold it."""
    try:
        return json.loads(json_bytes(item))
    except ValueError:
        return None


async def attack(count, seed, clock):
    chance = Random(seed)
    streams = cycle([copies(fixture, chance) for fixture in recorded()])
    hostile = [readable(next(stream)) for stream in islice(streams, count)]
    good = json.loads((FIXTURES / "text__plain.json").read_bytes())
    pages = [
        (*hostile[place : place + SIZE], {**good, "msgid": f"good-{place}"})
        for place in range(0, count, SIZE)
    ]

    async def ask(_account, cursor, _token):
        place = int(cursor or 0)
        return Page(f"{place + 1}", pages[place], more=place + 1 < len(pages))

    async def greet(welcomes):
        json.dumps([(one.thread, one.code) for one in welcomes]).encode()

    good_ones, sweep = (
        [],
        Puller("shop", ask, greet, clock).sweep(
            json.dumps({ACCOUNT: {"cursor": "0"}}), {ACCOUNT: None}
        ),
    )
    async for cursor, reception in sweep:
        cursor.encode()
        for message in reception.messages:
            stored = json.dumps(message.model_dump(mode="json"), ensure_ascii=False).encode()
            assert b"\\u0000" not in stored
            assert IncomingMessage.model_validate_json(stored).dedupe_key == message.dedupe_key
        for odd in reception.quarantined:
            assert "\0" not in (odd.raw + odd.reason + odd.dedupe_key).encode().decode()
        for lost in reception.bounced:
            f"{lost.delivery_id}{lost.error}".encode()
        good_ones += [m for m in reception.messages if m.dedupe_key.startswith("good-")]
    assert len(good_ones) == len(pages)


async def test_hostile_entries_stand_in_no_good_ones_way(clock):
    await attack(EVERY_DAY, 0, clock)


@pytest.mark.long
@pytest.mark.parametrize("thousand", range(1, LONG // 1000 + 1))
async def test_ten_thousand_hostile_entries_do_not(thousand, clock):
    await attack(1000, thousand, clock)
