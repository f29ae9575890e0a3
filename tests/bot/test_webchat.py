"""The web chat's API: one visitor, one thread; nothing of anybody else, and no notes."""

import asyncio
import json

import httpx
import pytest
from sqlmodel import select

from bot import chat_files, chat_stream, webchat
from channels.testing import serve
from storage.models import Delivery, DeliveryStatus
from tests.bot.visitors import CHAT, SITE, Visitor, say, told_all, visits


async def test_a_visitor_speaks_and_reads_what_was_said(run):
    served = await run(SITE)
    lily = await visits(served.client)
    answer = await lily.says("hello")
    assert (answer.status_code, answer.json()) == (200, {})
    mine, reply = (await lily.sees(2))[:2]
    assert (mine["author"], mine["text"], mine["position"]) == ("contact", "hello", 1)
    assert mine["echo_id"] == "e1"
    assert mine["parts"] == [{"kind": "text", "text": "hello"}]
    assert (reply["author"], reply["position"], reply["echo_id"]) == ("bot", 2, None)
    assert [message["position"] for message in await lily.reads(after=1)] == [2]
    assert "why" not in reply


async def test_what_the_bot_says_is_sent_once_it_is_stored(run):
    served = await run(SITE)
    lily = await visits(served.client)
    await lily.says("hello")
    await lily.sees(2)
    sent = select(Delivery.status, Delivery.attempts).where(Delivery.inbox == "site")
    found = await served.service.db.read(lambda session: list(session.exec(sent)))
    assert found == [(DeliveryStatus.SENT, 0)]


async def test_what_is_said_twice_is_there_once(run):
    served = await run(SITE)
    lily = await visits(served.client)
    for _ in range(3):
        assert (await lily.says("hello", "same")).status_code == 200
    shown = await lily.sees(2)
    assert [message["text"] for message in shown].count("hello") == 1


async def test_two_visitors_never_see_each_other(run):
    served = await run(SITE)
    lily, tom = await visits(served.client), await visits(served.client)
    assert lily.token != tom.token
    await lily.says("I am Lily", "same-echo")
    await tom.says("I am Tom", "same-echo")
    of_lily, of_tom = await lily.sees(2), await tom.sees(2)
    assert "Tom" not in str(of_lily)
    assert "Lily" not in str(of_tom)
    assert (of_lily[0]["text"], of_tom[0]["text"]) == ("I am Lily", "I am Tom")


async def add_note_and_reply(served, visitor):
    """Write a note; when everybody who follows was told of it, write a reply."""
    service, thread = served.service, visitor.token.split(".")[1]
    await service.db.write(say, thread, "between us", service.clock(), private=True)
    await told_all(service)
    await service.db.write(say, thread, "I am Ann", service.clock(), echo_id="of the desk")


async def test_a_note_is_never_shown(run):
    served = await run(SITE)
    lily = await visits(served.client)
    await lily.says("hello")
    before = len(await lily.sees(2))
    await add_note_and_reply(served, lily)
    shown = await lily.sees(before + 1)
    assert "between us" not in str(shown)
    assert (shown[-1]["author"], shown[-1]["text"]) == ("agent", "I am Ann")
    assert shown[-1]["echo_id"] is None


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic x", "Bearer v1.lily.AAAA", "Bearer ü.ü.ü"],
)
async def test_without_a_token_of_ours_nobody_speaks_or_reads(run, authorization):
    served = await run(SITE)
    headers = {} if authorization is None else {"authorization": authorization.encode()}
    body = {"text": "hello", "echo_id": "e1"}
    for answer in (
        await served.client.get(f"{CHAT}/messages", headers=headers),
        await served.client.get(f"{CHAT}/stream", headers=headers),
        await served.client.post(f"{CHAT}/messages", json=body, headers=headers),
    ):
        assert answer.status_code == 401


async def test_a_token_is_of_one_inbox_only(run):
    served = await run({**SITE, "other": {"channel": "webchat"}})
    lily = await visits(served.client)
    answer = await served.client.get("/inboxes/other/messages", headers=lily.headers)
    assert answer.status_code == 401


async def test_a_token_cannot_be_turned_into_another_visitors(run):
    served = await run(SITE)
    lily, tom = await visits(served.client), await visits(served.client)
    version, _, proof = lily.token.split(".")
    forged = Visitor(served.client, f"{version}.{tom.token.split('.')[1]}.{proof}")
    answer = await served.client.get(f"{CHAT}/messages", headers=forged.headers)
    assert answer.status_code == 401
    assert (await forged.says("hello")).status_code == 401


@pytest.mark.parametrize("after", ["-1", "99999999999999999999", "x", "1.5"])
async def test_a_senseless_position_is_refused(run, after):
    served = await run(SITE)
    lily = await visits(served.client)
    answer = await served.client.get(
        f"{CHAT}/messages", params={"after": after}, headers=lily.headers
    )
    assert answer.status_code == 422


async def test_only_web_chats_have_visitors(run):
    served = await run({"shop": {}, "off": {"channel": "webchat", "enabled": False}})
    for name in ("shop", "off", "nobody"):
        assert (await served.client.post(f"/inboxes/{name}/visitors")).status_code == 404
        body = {"text": "hello", "echo_id": "e1"}
        answer = await served.client.post(f"/inboxes/{name}/messages", json=body)
        assert answer.status_code == 404


CALLS = {
    "POST": ("visitors", "messages", "typing", "read?position=0", "files"),
    "GET": ("messages", "stream", "files/x"),
}


async def test_only_the_shops_own_sites_may_talk_to_its_chat(run):
    allowed = {"channel": "webchat", "allowed_origins": ["https://shop.example"]}
    served = await run({"site": allowed})
    lily = await visits(served.client)
    body = json.dumps({"text": "hello", "echo_id": "e1"})
    told = {"POST": {"content": body, "headers": {"content-type": "application/json"}}, "GET": {}}
    for origin in ("https://evil.example", "https://shop.example.evil.example", "null"):
        for method, paths in CALLS.items():
            for path in paths:
                more = dict(told[method])
                more["headers"] = {**more.get("headers", {}), **lily.headers, "origin": origin}
                answer = await served.client.request(method, f"{CHAT}/{path}", **more)
                assert answer.status_code == 403, (method, path, origin)
    headers = {**lily.headers, "origin": "https://shop.example"}
    assert (await served.client.post(f"{CHAT}/visitors", headers=headers)).status_code == 200
    said = await served.client.post(f"{CHAT}/messages", json=json.loads(body), headers=headers)
    assert said.status_code == 200


def test_no_call_of_the_chat_is_left_out_above():
    routes = {
        (method, route.path.removeprefix("/inboxes/{inbox}/"))
        for room in (webchat, chat_stream, chat_files)
        for route in room.router.routes
        for method in route.methods
    }
    tried = {
        (method, path.split("?")[0].replace("files/x", "files/{media_id}"))
        for method, paths in CALLS.items()
        for path in paths
    }
    assert routes == tried


async def test_a_chat_that_is_closed_asks_to_come_again(run):
    served = await run(SITE)
    lily = await visits(served.client)
    await served.service.inboxes.stop()
    assert (await served.client.post(f"{CHAT}/visitors")).status_code == 503
    assert (await lily.says("hello")).status_code == 503
    answer = await served.client.get(f"{CHAT}/messages", headers=lily.headers)
    assert answer.status_code == 503


async def test_nothing_of_a_chat_may_be_kept_by_a_cache(run):
    served = await run(SITE)
    lily = await visits(served.client)
    for answer in (
        await served.client.post(f"{CHAT}/visitors"),
        await served.client.get(f"{CHAT}/messages", headers=lily.headers),
    ):
        assert answer.headers["cache-control"] == "no-store"


async def hints(answer):
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line
        elif line.startswith("data: ") and not name:
            yield json.loads(line.removeprefix("data: "))["position"]
        elif line.startswith(": "):
            yield line
        elif not line:
            name = ""


async def test_the_stream_hints_at_this_visitors_messages_only(run):
    served = await run(SITE)
    async with serve(served.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        lily, tom = await visits(client), await visits(client)
        async with client.stream("GET", f"{CHAT}/stream", headers=lily.headers) as answer:
            told = hints(answer)
            assert await anext(told) == ": here"
            await tom.says("I am Tom")
            await tom.sees(2)
            await lily.says("hello")
            before = len(await lily.sees(2))
            position = 0
            while position < before:
                position = await anext(told)
                assert isinstance(position, int)
            await add_note_and_reply(served, lily)
            # The note took one position, which nobody is told of.
            assert await anext(told) == before + 2
            served.service.begin_stop()
            assert [rest async for rest in told] == []


async def test_a_silent_stream_shows_that_it_lives(run, monkeypatch):
    monkeypatch.setattr(chat_stream, "HEARTBEAT_SECONDS", 0.01)
    served = await run(SITE)
    async with serve(served.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        lily = await visits(client)
        async with client.stream("GET", f"{CHAT}/stream", headers=lily.headers) as answer:
            told = hints(answer)
            assert [await anext(told) for _ in range(3)] == [": here"] + [": still here"] * 2
        served.service.begin_stop()


async def test_what_is_said_while_a_stream_opens_is_hinted_at(run):
    served = await run(SITE)
    lily = await visits(served.client)
    opening = chat_stream._events(served.service, "site", lily.token.split(".")[1], None)
    assert await anext(opening) == b": here\n\n"
    await lily.says("hello")
    await lily.sees(2)
    await told_all(served.service)
    async with asyncio.timeout(60):
        while b"position" not in (told := await anext(opening)):
            assert told == b"" or told.startswith(b"event: status")
    await opening.aclose()
