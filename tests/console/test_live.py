import asyncio
import contextlib
import json

import httpx
import pytest

from channels.testing.server import serve
from console import live as live_module
from console import stream
from storage import activity, people
from storage.models import Fact, Role
from tests.console.world import Console, say


async def log(console: Console, number: int) -> int:
    def write(session):
        for _ in range(number):
            last = activity.log(session, Fact.INBOX_STATE, console.time.now)
        session.flush()
        return last.id

    return await console.db.write(write)


async def collect(follow, number: int) -> list[int]:
    ids: list[int] = []
    async with contextlib.aclosing(follow):
        async for batch in follow:
            ids += [fact.id for fact in batch]
            if len(ids) >= number:
                return ids
    return ids


async def test_a_follower_hears_what_happens_from_now_on(desk_console: Console):
    before = await log(desk_console, 3)
    await desk_console.live.stop()
    await desk_console.live.start()
    heard = asyncio.create_task(collect(desk_console.live.follow(None), 2))
    await asyncio.sleep(0)
    last = await log(desk_console, 2)
    assert await heard == [before + 1, last]


async def test_a_follower_who_was_away_hears_what_was_missed_once_and_in_order(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_module, "PAGE", 4)
    first = await log(desk_console, 1)
    await log(desk_console, 10)
    heard = asyncio.create_task(collect(desk_console.live.follow(first), 15))
    await asyncio.sleep(0)
    last = await log(desk_console, 5)
    assert await heard == list(range(first + 1, last + 1))


async def test_who_comes_to_look_on_hears_at_once_though_nobody_did(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_module, "CALM", 1000)
    calm = asyncio.create_task(collect(desk_console.live.follow(None, hurry=False), 1))
    await asyncio.sleep(0)
    last = await log(desk_console, 1)
    assert await calm == [last]
    eager = asyncio.create_task(collect(desk_console.live.follow(None), 1))
    await asyncio.sleep(0)
    newest = await log(desk_console, 1)
    assert await asyncio.wait_for(eager, 60) == [newest]


async def test_many_followers_hear_the_same(desk_console: Console):
    start = await log(desk_console, 1)
    heard = [asyncio.create_task(collect(desk_console.live.follow(start), 20)) for _ in range(30)]
    for _ in range(20):
        await log(desk_console, 1)
    assert {tuple(ids) for ids in await asyncio.gather(*heard)} == {
        tuple(range(start + 1, start + 21))
    }


async def test_silence_is_told_too(desk_console: Console):
    async with contextlib.aclosing(desk_console.live.follow(None, 0.001)) as follow:
        assert not await anext(follow)


async def test_stopping_ends_every_stream(desk_console: Console):
    heard = [asyncio.create_task(collect(desk_console.live.follow(0), 10**6)) for _ in range(5)]
    await log(desk_console, 1)
    await desk_console.live.stop()
    assert all(isinstance(ids, list) for ids in await asyncio.gather(*heard))
    assert await collect(desk_console.live.follow(0), 1) == []


async def test_a_reader_who_is_too_slow_is_cut_off_and_loses_nothing(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_module, "PAUSE", 0)
    monkeypatch.setattr(live_module, "QUEUE", 2)
    start = await log(desk_console, 1)
    follow = desk_console.live.follow(start)
    await log(desk_console, 1)
    seen = [fact.id for fact in await anext(follow)]
    for _ in range(12):
        last = await log(desk_console, 1)
        while desk_console.live.last < last:
            await asyncio.sleep(0)
    seen += [fact.id async for batch in follow for fact in batch]
    assert seen[-1] < last
    seen += await collect(desk_console.live.follow(seen[-1]), last - seen[-1])
    assert seen == list(range(start + 1, last + 1))


async def events(lines, number: int) -> list[dict]:
    found: list[dict] = []
    event: dict = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if name in {"event", "id"}:
            event[name] = value
        elif name == "data":
            event["data"] = json.loads(value)
        elif not line and event:
            found.append(event)
            event = {}
            if len(found) == number:
                break
    return found


@contextlib.asynccontextmanager
async def listening(console: Console, name: str, **params):
    """Somebody's open stream, over a real socket."""
    inside = await console.enter(name)
    cookie = inside.cookies["yingda"]
    async with (
        serve(console.app) as url,
        httpx.AsyncClient(base_url=url, cookies={"yingda": cookie}, timeout=60) as browser,
        browser.stream("GET", "/live", params=params) as answer,
    ):
        yield answer


async def test_the_desk_is_told_with_the_changed_row(desk_console: Console):
    conversation = await desk_console.talk(text="在吗")
    start = await log(desk_console, 1)
    async with listening(desk_console, "li", after=start) as answer:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.aiter_lines()
        (hello,) = await events(lines, 1)
        assert hello == {"event": "hello", "id": str(start), "data": {}}
        await say(desk_console, conversation, "我的包裹<b>呢</b>")
        (told,) = await events(lines, 1)
    assert told["data"]["k"] == "message.received"
    assert told["data"]["conversation"] == str(conversation.id)
    assert "我的包裹&lt;b&gt;呢" in told["data"]["row"]


async def test_who_may_not_answer_customers_sees_no_row(desk_console: Console):
    conversation = await desk_console.talk()
    start = await log(desk_console, 1)
    async with listening(desk_console, "editor", after=start) as answer:
        lines = answer.aiter_lines()
        await events(lines, 1)
        await say(desk_console, conversation, "secret")
        (told,) = await events(lines, 1)
    assert told["data"]["row"] is None


async def test_who_missed_too_much_is_told_to_load_again(desk_console: Console):
    await log(desk_console, stream.TOO_OLD + 2)
    async with listening(desk_console, "li", after=0) as answer:
        (first,) = await events(answer.aiter_lines(), 1)
    assert first["event"] == "reload"


async def test_who_comes_after_a_while_in_which_nobody_looked_misses_nothing(desk_console: Console):
    seen = await log(desk_console, 1)
    unseen = await log(desk_console, 2)
    while desk_console.live.last < unseen:
        await asyncio.sleep(0)
    heard = asyncio.create_task(collect(desk_console.live.follow(seen), 3))
    await asyncio.sleep(0)
    last = await log(desk_console, 1)
    assert await heard == [unseen - 1, unseen, last]


async def test_a_stranger_gets_no_stream(desk_console: Console):
    assert (await desk_console.browser().get("/live")).status_code == 401


async def test_a_stream_ends_when_its_person_is_logged_out(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "RECHECK", 0)
    monkeypatch.setattr(stream, "HEARTBEAT", 0.01)
    async with listening(desk_console, "li") as answer:
        lines = answer.aiter_lines()
        await events(lines, 1)
        await desk_console.db.write(people.end_sessions, desk_console.agents["li"].id)
        rest = [line async for line in lines]
    assert all(line in {"", ": alive"} for line in rest)


async def test_who_may_answer_customers_no_more_sees_no_further_row(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "RECHECK", 0)
    conversation = await desk_console.talk()
    start = await log(desk_console, 1)
    async with listening(desk_console, "li", after=start) as answer:
        lines = answer.aiter_lines()
        await events(lines, 1)
        li = desk_console.agents["li"].id
        await desk_console.db.write(people.set_role, li, Role.EDITOR, enabled=True)
        await say(desk_console, conversation, "secret")
        (told,) = await events(lines, 1)
    assert told["data"]["row"] is None


async def test_a_bad_moment_of_the_database_does_not_blind_the_desk(
    desk_console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live_module, "RETRY", 0)
    start = await log(desk_console, 1)
    whole, failures = activity.since, iter([OSError("disk"), ValueError("odd")])

    def since(session, after, limit=500):
        if (problem := next(failures, None)) is not None:
            raise problem
        return whole(session, after, limit)

    while desk_console.live.last < start:
        await asyncio.sleep(0)
    heard = asyncio.create_task(collect(desk_console.live.follow(None), 1))
    await asyncio.sleep(0)
    monkeypatch.setattr(activity, "since", since)
    last = await log(desk_console, 1)
    assert (await heard)[-1] == last
