"""What adapters remember: the same promises in the database and in a test's memory."""

import asyncio
from datetime import timedelta

import pytest

from bot.memory import StoredMemory
from channels.errors import Unavailable
from channels.message import Address, OutgoingMessage, Text
from channels.testing import RememberedMemory, serve
from channels.wechat.adapter import Adapter
from channels.wechat.config import Config
from channels.wechat.simulator import Simulator
from tests.patience import PATIENCE

OPENID = "oTESTopenid0000000000000001"
SOON = timedelta(seconds=5)


@pytest.fixture(params=["stored", "remembered"])
def memory(request, db, time):
    return StoredMemory(db, "shop", time) if request.param == "stored" else RememberedMemory(time)


async def test_a_lease_has_one_holder_and_an_end(memory, time):
    assert await memory.swap("lease", None, "a", SOON)
    assert not await memory.swap("lease", None, "b", SOON)
    assert not await memory.swap("lease", "b", None)
    time.now += SOON
    assert await memory.swap("lease", None, "b", SOON)
    assert not await memory.swap("lease", "a", None)
    assert await memory.swap("lease", "b", None)
    assert await memory.get("lease") is None


async def test_who_asks_is_never_told_what_was_there_before_they_asked(memory):
    told = []
    for number in range(5):
        earlier = [asyncio.create_task(memory.get("token")) for _ in range(3)]
        await asyncio.sleep(0)
        await memory.set("token", f"{number}")
        told.append(await memory.get("token"))
        await asyncio.gather(*earlier)
    assert told == ["0", "1", "2", "3", "4"]


async def test_who_gives_up_takes_no_answer_from_the_others(memory):
    await memory.set("token", "ours")
    asked = [asyncio.create_task(memory.get("token")) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    assert await asyncio.gather(*asked[1:]) == ["ours", "ours"]


async def test_a_value_is_replaced_by_who_knows_it(memory, time):
    await memory.set("count", "1", SOON)
    assert not await memory.swap("count", "2", "3")
    assert await memory.swap("count", "1", "2")
    time.now += SOON
    assert await memory.get("count") == "2"


async def test_a_closed_database_is_no_lost_answer(db, time):
    memory = StoredMemory(db, "shop", time)
    await db.__aexit__()
    for call in (memory.get("a"), memory.set("a", "1"), memory.swap("a", None, "1")):
        with pytest.raises(Unavailable):
            await call
    await db.__aenter__()


def saying(text):
    address = Address(inbox="shop", thread=OPENID, contact=OPENID)
    return OutgoingMessage(address=address, delivery_id="d", parts=(Text(text=text),))


async def test_two_processes_that_are_refused_a_hundred_times_fetch_one_token(db, time):
    simulator = Simulator("shop", time)
    async with serve(simulator.app) as url:
        told = {"channel": "wechat", "base_url": url, "timeout": PATIENCE}
        config = Config(**{**simulator.settings, **told})
        one, other = (
            Adapter("shop", config, StoredMemory(db, "shop", time), time) for _ in range(2)
        )
        async with one, other:
            await one.send(saying("first"))
            simulator.platform.expire_token()
            before = len(simulator.calls)
            simulator.platform.hangs.clear()
            sends = [
                asyncio.create_task(part.send(saying(f"{n}")))
                for n in range(50)
                for part in (one, other)
            ]
            # No new token before all of them were told 40001, and one has asked for another.
            async with asyncio.timeout(PATIENCE):
                while len(simulator.calls) - before <= len(sends):
                    await asyncio.sleep(0.01)
            simulator.platform.hangs.set()
            await asyncio.gather(*sends)
    assert len(simulator.screen) == 101
    assert (simulator.platform.fetched, simulator.platform.forced) == (2, 0)
