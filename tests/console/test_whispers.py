import asyncio
import contextlib

from console import live as live_module
from console.whispers import DESK, REMEMBERED, Whisper, Whispers
from tests.console.test_live import log
from tests.console.world import Console

TYPING = Whisper(DESK, "typing", "c1")


async def test_a_whisper_is_heard_by_those_it_is_for_while_they_listen():
    whispers, heard, others = Whispers(), [], []
    with whispers.heard_by(DESK, heard.append), whispers.heard_by("shop:t1", others.append):
        whispers.say(TYPING)
    whispers.say(TYPING)
    assert (heard, others) == ([TYPING], [])


async def test_other_processes_hear_it_and_what_is_none_is_passed_over():
    heard = []
    there = Whispers()
    here = Whispers(there.hear)
    with there.heard_by(DESK, heard.append):
        here.say(TYPING)
        for word in ("*", "log", "in", "whisper:", "whisper:{", 'whisper:["desk",1,2,3,4,5]'):
            there.hear(word)
    assert heard == [TYPING]


async def test_who_types_is_news_once_a_second(monkeypatch):
    whispers, loop = Whispers(), asyncio.get_running_loop()
    now = 100.0
    monkeypatch.setattr(loop, "time", lambda: now)
    assert [whispers.is_news("a"), whispers.is_news("a"), whispers.is_news("b")] == [1, 0, 1]
    now = 101.0
    assert whispers.is_news("a")
    for number in range(REMEMBERED + 5):
        whispers.is_news(f"{number}")
    assert len(whispers._lately) == REMEMBERED


async def test_a_listener_hears_facts_and_whispers_and_a_follower_only_facts(desk_console: Console):
    live = desk_console.live
    async with (
        contextlib.aclosing(live.listen(DESK, None)) as listen,
        contextlib.aclosing(live.follow(None)) as follow,
    ):
        assert await anext(listen) == ()
        following = asyncio.create_task(anext(follow))
        hearing = asyncio.create_task(anext(listen))
        await asyncio.sleep(0)
        live.whispers.say(TYPING)
        assert await hearing == TYPING
        number = await log(desk_console, 1)
        (fact,) = await anext(listen)
        assert fact.id == number
        assert [each.id for each in await following] == [number]
    assert live.whispers._listening == {}


async def test_whispers_that_a_slow_listener_has_no_room_for_are_lost(
    desk_console: Console, monkeypatch
):
    monkeypatch.setattr(live_module, "QUEUE", 4)
    live = desk_console.live
    async with contextlib.aclosing(live.listen(DESK, None)) as listen:
        assert await anext(listen) == ()
        hearing = asyncio.create_task(anext(listen))
        await asyncio.sleep(0)
        for number in range(50):
            live.whispers.say(Whisper(DESK, "read", "c1", number))
        assert (await hearing).position == 0
        number = await log(desk_console, 1)
        while not isinstance(found := await anext(listen), (list, tuple)):
            assert found.position < 5
        assert found[0].id == number
