"""Whatever WeCom lists, and however it calls: nobody stumbles, and good messages are heard."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from random import Random
from time import process_time

import pytest
from wechatpy.crypto import WeChatCrypto

from channels.errors import BadRequest, ChannelError
from channels.message import IncomingMessage
from channels.simulation import Fault, Push
from channels.tencent.seal import signature
from channels.testing import as_request
from channels.testing.fuzz import copies, json_bytes, xml_bytes
from channels.testing.troubles import JSON
from channels.wecom.simulator import ACCOUNT
from tests.channels.wecom.conftest import CUSTOMER

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))
AT_ONCE = 10
"""Entries of one page."""
TOO_LONG = 5.0
"""Seconds of the processor's time for one page, or one call."""
EVERY_DAY, LONG = 300, 1_000
CALL = {
    "ToUserName": "ww51a7e0c0ffee0001",
    "CreateTime": "1795320000",
    "MsgType": "event",
    "Event": "kf_msg_or_event",
    "Token": "call-1",
    "OpenKfId": ACCOUNT,
}
ANY_TIME = json.dumps({ACCOUNT: {"cursor": "c0"}})
"""A place in the list, so that nothing is too old."""


def pages(seed: int):
    """Yield pages of hostile entries, each tenth one hostile itself."""
    chance = Random(seed)
    streams = cycle([copies(json.loads(path.read_bytes()), chance) for path in FIXTURES])
    number = 0
    while True:
        number += 1
        items = [next(stream) for stream in islice(streams, AT_ONCE)]
        page = {"errcode": 0, "errmsg": "ok", "next_cursor": "d", "has_more": 0, "msg_list": items}
        yield page if number % 10 else next(copies(page, chance))


def sealed(simulator, content: bytes) -> Push:
    """Return WeCom's call with any content."""
    crypto = WeChatCrypto(simulator.token, simulator.aes_key, simulator.platform.corp_id)
    seconds, nonce = str(int(simulator.clock().timestamp())), "1"
    whole = crypto.encrypt_message(content.decode("utf-8", "replace"), nonce, seconds)
    inner = whole.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    proof = signature(simulator.token, seconds, nonce, inner)
    query = {"msg_signature": proof, "timestamp": seconds, "nonce": nonce}
    return Push("", query=query, body=whole.encode())


async def look(adapter, simulator, page: object) -> int:
    """Ask once, and be given a hostile page; return how many messages were understood."""
    simulator.platform.sync_faults.append(Fault(200, json_bytes(page), JSON))
    begun, understood = process_time(), 0
    try:
        async for _, reception in adapter.sweep(ANY_TIME, {ACCOUNT: None}):
            for message in reception.messages:
                stored = json.dumps(message.model_dump(mode="json"), ensure_ascii=False).encode()
                assert IncomingMessage.model_validate_json(stored).dedupe_key
                understood += 1
            for odd in reception.quarantined:
                assert "\0" not in (odd.raw + odd.reason + odd.dedupe_key).encode().decode()
    except ChannelError:
        pass
    assert process_time() - begun < TOO_LONG
    simulator.platform.sync_faults.clear()
    return understood


async def attack(joined, swept, count: int, seed: int) -> None:
    async with joined() as (adapter, simulator):
        understood = 0
        for page in islice(pages(seed), count // AT_ONCE):
            understood += await look(adapter, simulator, page)
        good = simulator.say(CUSTOMER, "still there?")
        _, heard = await swept(adapter, simulator, good)
        assert [message.text for message in heard.messages] == ["still there?"]
        assert understood > count // 20, "what is refused as a whole tries nothing"


async def test_hostile_entries_of_a_page_are_kept_and_good_ones_still_arrive(joined, swept):
    await attack(joined, swept, EVERY_DAY, 0)


@pytest.mark.long
@pytest.mark.parametrize("thousand", range(1, 11))
async def test_ten_thousand_hostile_entries_are(joined, swept, thousand):
    await attack(joined, swept, LONG, thousand)


async def ring(joined, swept, count: int, seed: int) -> None:
    async with joined() as (adapter, simulator):
        for call in islice(copies(CALL, Random(seed)), count):
            begun = process_time()
            with suppress(BadRequest):
                await adapter.receive(as_request(sealed(simulator, xml_bytes(call))))
            assert process_time() - begun < TOO_LONG
        _, heard = await swept(adapter, simulator, simulator.say(CUSTOMER, "still there?"))
        assert [message.text for message in heard.messages] == ["still there?"]


async def test_hostile_calls_wake_nobody_wrongly_and_good_ones_still_do(joined, swept):
    await ring(joined, swept, EVERY_DAY, 0)


@pytest.mark.long
async def test_ten_thousand_hostile_calls_do(joined, swept):
    await ring(joined, swept, 10_000, 1)
