import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import ChannelError, Unauthorized, Unavailable
from channels.message import Text
from channels.simulation import Fault
from channels.testing import RememberedMemory, as_request, troubles
from channels.wecom.simulator import ACCOUNT, OTHER, Simulator, refusal
from tests.leaps import leap

CUSTOMER = "wmTEST0001"


def texts(reception):
    return [message.text for message in reception.messages]


async def test_pages_come_in_order_each_with_the_place_after_it(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.page = 2
        for number in range(5):
            simulator.happened(simulator.say(CUSTOMER, f"{number}"))
        pages = [page async for page in adapter.sweep(None, {ACCOUNT: None})]
        assert [texts(reception) for _, reception in pages] == [["0", "1"], ["2", "3"], ["4"]]
        for number, (cursor, _) in enumerate(pages):
            rest = [page async for page in adapter.sweep(cursor, {ACCOUNT: None})]
            told = [text for _, reception in rest for text in texts(reception)]
            assert told == ["0", "1", "2", "3", "4"][2 * number + 2 :]


async def test_nothing_new_moves_nothing(joined, swept):
    async with joined() as (adapter, simulator):
        cursor, _ = await swept(adapter, simulator, simulator.say(CUSTOMER, "hi"))
        assert [page async for page in adapter.sweep(cursor, {ACCOUNT: None})] == []


async def test_empty_pages_with_more_to_come_are_passed(joined, swept):
    async with joined() as (adapter, simulator):
        simulator.platform.hollow = 3
        _, found = await swept(adapter, simulator, simulator.say(CUSTOMER, "hi"))
        assert texts(found) == ["hi"]


async def test_endless_empty_pages_end_the_round(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.hollow = 1000
        simulator.happened(simulator.say(CUSTOMER, "hi"))
        pages = [page async for page in adapter.sweep(None, {ACCOUNT: None})]
        assert [texts(reception) for _, reception in pages] == [[]]
        assert simulator.platform.synced == 5
        simulator.platform.hollow = 0
        ((_, found),) = [page async for page in adapter.sweep(pages[-1][0], {ACCOUNT: None})]
        assert texts(found) == ["hi"]


async def test_what_comes_twice_has_the_same_key(joined, swept):
    async with joined() as (adapter, simulator):
        simulator.platform.page, simulator.platform.doubled = 1, 1
        _, found = await swept(
            adapter, simulator, simulator.say(CUSTOMER, "1"), simulator.say(CUSTOMER, "2")
        )
        assert texts(found) == ["1", "1", "2"]
        assert len({message.dedupe_key for message in found.messages}) == 2


async def test_a_senseless_entry_stops_nothing(joined, swept):
    async with joined() as (adapter, simulator):
        odd = [simulator.garbage(CUSTOMER) for _ in range(6)]
        calls = [simulator.say(CUSTOMER, "one"), *odd, simulator.say(CUSTOMER, "two")]
        _, found = await swept(adapter, simulator, *calls)
        assert texts(found) == ["one", "two"]
        assert len({one.dedupe_key for one in found.quarantined}) == 6


async def test_who_connects_today_does_not_answer_yesterday(joined, swept, moving):
    async with joined() as (adapter, simulator):
        simulator.platform.page = 1
        simulator.happened(simulator.say(CUSTOMER, "yesterday"))
        moving.now += timedelta(minutes=15)
        for words in ("now", "and now"):
            simulator.happened(simulator.say(CUSTOMER, words))
        cursor, found = await swept(adapter, simulator)
        assert texts(found) == ["now", "and now"]
        moving.now += timedelta(days=1)
        simulator.happened(simulator.say(CUSTOMER, "while we were down"))
        moving.now += timedelta(days=1)
        _, found = await swept(adapter, simulator, cursor=cursor)
        assert texts(found) == ["while we were down"]


async def test_a_first_round_that_was_cut_off_still_leaves_out_the_old(joined, moving):
    async with joined() as (adapter, simulator):
        simulator.platform.page = 1
        for words in ("old", "older"):
            simulator.happened(simulator.say(CUSTOMER, words))
        moving.now += timedelta(hours=1)
        simulator.happened(simulator.say(CUSTOMER, "new"))
        async with aclosing(adapter.sweep(None, {ACCOUNT: None})) as pages:
            cursor, _ = await anext(pages)
        moving.now += timedelta(minutes=5)
        rest = [page async for page in adapter.sweep(cursor, {ACCOUNT: None})]
        assert [text for _, reception in rest for text in texts(reception)] == ["new"]


async def test_each_account_has_its_own_place(joined):
    async with joined({"accounts": [ACCOUNT, OTHER]}) as (adapter, simulator):
        simulator.happened(simulator.say(CUSTOMER, "one"))
        simulator.happened(simulator.speak(CUSTOMER, "text", account=OTHER, content="two"))
        both = {ACCOUNT: None, OTHER: None}
        pages = [page async for page in adapter.sweep(None, both)]
        assert [texts(reception) for _, reception in pages] == [["one"], ["two"]]
        threads = [reception.messages[0].address.thread for _, reception in pages]
        assert threads == [f"{ACCOUNT}:{CUSTOMER}", f"{OTHER}:{CUSTOMER}"]
        simulator.happened(simulator.say(CUSTOMER, "three"))
        rest = [page async for page in adapter.sweep(pages[-1][0], both)]
        assert [texts(reception) for _, reception in rest] == [["three"]]


async def test_a_used_up_token_of_a_call_is_done_without(joined):
    async with joined() as (adapter, simulator):
        simulator.happened(simulator.say(CUSTOMER, "hi"))
        ((_, found),) = [page async for page in adapter.sweep(None, {ACCOUNT: "too old"})]
        assert texts(found) == ["hi"]
        assert simulator.platform.synced == 2


async def test_an_expired_access_token_is_renewed_while_asking(joined, swept):
    async with joined() as (adapter, simulator):
        simulator.platform.expire_token()
        _, found = await swept(adapter, simulator, simulator.say(CUSTOMER, "hi"))
        assert texts(found) == ["hi"]


async def test_a_platform_that_was_started_anew_gives_a_token_that_it_takes(joined, moving, swept):
    memory = RememberedMemory(moving)
    for words in ("hi", "again"):
        async with joined(memory=memory) as (adapter, simulator):
            _, found = await swept(adapter, simulator, simulator.say(CUSTOMER, words))
            assert texts(found) == [words]
        moving.now += timedelta(seconds=30)


async def test_an_account_that_wecom_does_not_know_needs_a_human(joined):
    async with joined({"accounts": ["wkWRONG"]}) as (adapter, _):
        with pytest.raises(Unauthorized, match="95004"):
            [page async for page in adapter.sweep(None, {"wkWRONG": None})]


NAMES = [
    *troubles.short(Simulator("any", lambda: datetime(2026, 11, 22, tzinfo=UTC)), 0),
    *troubles.severe(""),
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_trouble_while_asking_loses_nothing(joined, swept, name, moving):
    over = asyncio.Event()

    async def outlasts(_delay):
        leap(61)
        await over.wait()

    async with joined({"timeout": 60}) as (adapter, simulator):
        known = {**troubles.short(simulator, 120), **troubles.severe("http://127.0.0.1:9/")}
        simulator.platform.sync_faults.append(replace(known[name], pause=outlasts))
        simulator.happened(simulator.say(CUSTOMER, "hi"))
        with pytest.raises(ChannelError):
            await swept(adapter, simulator)
        moving.now += timedelta(minutes=2)
        _, found = await swept(adapter, simulator)
        assert texts(found) == ["hi"]
        over.set()


@pytest.mark.parametrize(
    "body",
    [
        b'{"errcode":0}',
        b'{"errcode":0,"next_cursor":7,"msg_list":[]}',
        b'{"errcode":0,"msg_list":null,"has_more":1}',
        b'{"errcode":0,"msg_list":{}}',
        b'{"errcode":95007,"errmsg":"again"}',
    ],
)
async def test_a_senseless_answer_loses_no_place(joined, swept, body):
    async with joined() as (adapter, simulator):
        cursor, _ = await swept(adapter, simulator, simulator.say(CUSTOMER, "one"))
        simulator.platform.sync_faults.append(Fault(200, body))
        try:
            after, found = await swept(adapter, simulator, cursor=cursor)
            assert (after, texts(found)) == (cursor, [])
        except Unavailable:
            pass
        _, found = await swept(adapter, simulator, simulator.say(CUSTOMER, "two"), cursor=cursor)
        assert texts(found) == ["two"]


async def first(stream, count):
    async with asyncio.timeout(60), aclosing(stream) as pages:
        return [await anext(pages) for _ in range(count)]


async def test_polling_begins_with_what_is_there_and_goes_on_at_each_call(joined):
    async with joined() as (adapter, simulator):
        simulator.happened(simulator.say(CUSTOMER, "one"))
        stream = adapter.poll(None)
        async with asyncio.timeout(60), aclosing(stream) as pages:
            cursor, found = await anext(pages)
            assert texts(found) == ["one"]
            coming = asyncio.create_task(anext(pages))
            push = simulator.happened(simulator.say(CUSTOMER, "two"))
            await adapter.receive(as_request(push))
            assert texts((await coming)[1]) == ["two"]
        pages = await first(adapter.poll(cursor), 1)
        assert texts(pages[0][1]) == ["two"], "what was not stored comes again"


async def test_who_asks_too_often_waits_and_a_call_is_asked_for_at_once(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.tokenless = False
        async with asyncio.timeout(60), aclosing(adapter.poll(None)) as pages:
            coming = asyncio.create_task(anext(pages))
            push = simulator.happened(simulator.say(CUSTOMER, "hi"))
            await adapter.receive(as_request(push))
            assert texts((await coming)[1]) == ["hi"]


async def test_a_lost_call_costs_only_time(joined, monkeypatch):
    async with joined() as (adapter, simulator):
        adapter._config = adapter._config.model_copy(update={"poll_seconds": 0.01})
        async with asyncio.timeout(60), aclosing(adapter.poll(None)) as pages:
            await anext(pages)
            coming = asyncio.create_task(anext(pages))
            simulator.happened(simulator.say(CUSTOMER, "nobody was called"))
            assert texts((await coming)[1]) == ["nobody was called"]


async def test_a_platform_that_is_down_ends_the_polling(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.sync_faults.append(refusal(-1))
        with pytest.raises(Unavailable):
            await first(adapter.poll(None), 1)


async def test_the_place_is_kept_by_whoever_stores_the_messages(joined, swept):
    memory = RememberedMemory()
    async with joined(memory=memory) as (adapter, simulator):
        await swept(adapter, simulator, simulator.say(CUSTOMER, "hi"))
        assert not [key for key in memory.kept if "cursor" in key]
        _, found = await swept(adapter, simulator)
        assert found.messages[0].parts == (Text(text="hi"),)
