"""Asking for updates: nothing is lost, nothing is asked for twice, nothing stops it."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest
from starlette.responses import Response

from channels.base import Reception
from channels.errors import Unauthorized, Unavailable
from channels.telegram.polling import follow
from channels.telegram.simulator import Simulator


class Watched(Simulator):
    """Tells when it was asked so many times."""

    def __init__(self, inbox, clock):
        super().__init__(inbox, clock, transport="polling")
        self.changed = asyncio.Condition()
        self.questions = 0

    async def _get_updates(self, form):
        async with self.changed:
            self.questions += 1
            self.changed.notify_all()
        return await super()._get_updates(form)

    async def asked(self, times):
        async with self.changed:
            await self.changed.wait_for(lambda: self.questions >= times)


@pytest.fixture
def simulator(clock):
    return Watched("main", clock)


async def take(stream, count):
    """Read so many updates, as somebody who stores each."""
    async with aclosing(stream) as items:
        return [await anext(items) for _ in range(count)]


def texts(taken):
    return [message.text for _, reception in taken for message in reception.messages]


async def test_a_poison_update_between_two_good_ones_stops_nothing(adapter, simulator):
    for push in (
        simulator.say("1001", "one"),
        simulator.garbage("1001"),
        simulator.say("1001", "two"),
    ):
        simulator.offer(push)
    taken = await take(adapter.poll(None), 3)
    assert texts(taken) == ["one", "two"]
    assert len(taken[1][1].quarantined) == 1
    first = int(taken[0][0])
    assert [int(after) for after, _ in taken] == [first, first + 1, first + 2]


async def test_what_was_not_stored_comes_again(adapter, simulator):
    for words in ("one", "two", "three"):
        simulator.offer(simulator.say("1001", words))
    ((cursor, _), _) = await take(adapter.poll(None), 2)
    assert texts(await take(adapter.poll(cursor), 2)) == ["two", "three"]


@pytest.mark.parametrize("cursor", [None, "", "nonsense", "-5", "٣"])
async def test_without_a_cursor_it_starts_at_what_there_is(adapter, simulator, cursor):
    simulator.offer(simulator.say("1001", "one"))
    assert texts(await take(adapter.poll(cursor), 1)) == ["one"]


async def test_it_waits_for_the_next_update(adapter, simulator):
    stream = adapter.poll(None)
    waiting = asyncio.ensure_future(anext(stream))
    await simulator.asked(1)
    simulator.offer(simulator.say("1001", "at last"))
    assert texts([await waiting]) == ["at last"]
    await stream.aclose()


async def test_an_empty_answer_is_asked_again(build, simulator):
    async with build(poll_timeout=0) as adapter:
        waiting = asyncio.ensure_future(anext(adapter.poll(None)))
        await simulator.asked(3)
        simulator.offer(simulator.say("1001", "now"))
        assert texts([await waiting]) == ["now"]


async def test_an_update_that_is_not_for_us_moves_the_cursor_too(adapter, simulator):
    push = simulator.say("1001", "hi")
    body = json.loads(push.body)
    body["message"]["from"]["is_bot"] = True
    simulator.offer(push.changed(body=json.dumps(body).encode()))
    after = str(body["update_id"] + 1)
    assert await take(adapter.poll(None), 1) == [(after, Reception())]


async def test_a_tap_is_acknowledged_when_it_is_stored(adapter, simulator):
    seen = simulator.show("1001", "ok?", [("y", "yes")], "5")
    simulator.offer(simulator.tap(seen, 0))
    stream = adapter.poll(None)
    await anext(stream)
    assert not simulator.acknowledged
    waiting = asyncio.ensure_future(anext(stream))
    await simulator.asked(2)
    assert len(simulator.acknowledged) == 1
    simulator.offer(simulator.say("1001", "next"))
    assert texts([await waiting]) == ["next"]
    await stream.aclose()


async def test_a_webhook_elsewhere_is_a_conflict_that_passes(adapter, simulator):
    simulator.webhook = "https://elsewhere.example.com"
    with pytest.raises(Unavailable, match="webhook"):
        await take(adapter.poll(None), 1)


async def test_a_revoked_token_asks_for_a_human(adapter, simulator):
    simulator.token = "1:revoked"
    with pytest.raises(Unauthorized):
        await take(adapter.poll(None), 1)


async def test_a_bot_that_is_gone_asks_for_a_human(adapter, simulator, monkeypatch):
    async def gone(form):
        return Response(status_code=404)

    monkeypatch.setattr(simulator, "_get_updates", gone)
    with pytest.raises(Unauthorized):
        await take(adapter.poll(None), 1)


async def test_a_platform_that_stumbles_is_asked_again_later(adapter, simulator, monkeypatch):
    async def stumble(form):
        return Response(status_code=418)

    monkeypatch.setattr(simulator, "_get_updates", stumble)
    with pytest.raises(Unavailable, match="418"):
        await take(adapter.poll(None), 1)


async def test_polling_a_closed_channel_is_unavailable(build):
    with pytest.raises(Unavailable):
        await take(build().poll(None), 1)


def answers(*bodies):
    """Answer getUpdates with these, and remember what was asked."""
    left, asked = list(bodies), []

    async def ask(offset, limit):
        asked.append((offset, limit))
        return left.pop(0)

    return ask, asked


async def nothing(update):
    return Reception()


def page(*updates):
    return json.dumps({"ok": True, "result": updates}).encode()


async def test_a_page_nobody_can_read_is_read_one_by_one():
    deep = b'{"ok":true,"result":[{"update_id":7,"message":' + b"[" * 100_000
    ask, asked = answers(deep, page({"update_id": 6}), deep, deep, page({"update_id": 8}))
    taken = await take(follow(ask, nothing, "6"), 3)
    assert asked == [(6, 100), (6, 1), (7, 100), (7, 1), (8, 100)]
    assert [after for after, _ in taken] == ["7", "8", "9"]
    (kept,) = taken[1][1].quarantined
    assert kept.dedupe_key == "update:7"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ok":true,"result":{}}', b"<html>"])
async def test_an_answer_without_updates_is_unavailable(body):
    ask, _ = answers(body, body)
    with pytest.raises(Unavailable):
        await take(follow(ask, nothing, None), 1)


async def test_updates_without_numbers_do_not_make_it_run_in_circles():
    ask, _ = answers(page({"message": {}}))
    stream = follow(ask, nothing, None)
    assert await anext(stream) == ("", Reception())
    with pytest.raises(Unavailable):
        await anext(stream)
