"""What a visitor is told as it happens, and what the desk is told of the visitor."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlmodel import func, select

from channels.testing import serve
from console.auth import hash_password
from console.whispers import DESK, Whisper, thread_of
from handlers.desk import conversations as desk
from storage import conversations, marks, overview, people
from storage.models import Activity, InboundEvent, Message, Owner, Role
from tests.bot.visitors import CHAT, SITE, say, told_all, visits
from tests.postgres import on_postgres


@asynccontextmanager
async def streamed(served, *guests, after=None) -> AsyncIterator[list]:
    """Serve over a socket; give what each guest's stream tells, as (event, data)."""
    async with serve(served.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        opened = []
        async with asyncio.TaskGroup() as group:
            for guest in guests:
                heard: asyncio.Queue = asyncio.Queue()
                opened.append(heard)
                group.create_task(_listen(client, guest, heard, after))
            for heard in opened:
                assert await heard.get() == "open"
            yield opened
            served.service.begin_stop()


async def _listen(client, guest, heard, after):
    query = {} if after is None else {"after": after}
    async with client.stream(
        "GET", f"{CHAT}/stream", headers=guest.headers, params=query
    ) as answer:
        assert answer.status_code == 200
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                heard.put_nowait((name, json.loads(line[6:])))
            elif line == ": here":
                heard.put_nowait("open")
            elif not line:
                name = ""


async def until(heard, event, **wanted):
    """Wait for an event that holds all that is wanted."""
    async with asyncio.timeout(60):
        while True:
            name, data = await heard.get()
            if name == event and wanted.items() <= data.items():
                return data


async def rows(service):
    """Count all that could have been stored of it, once everything else is done."""
    async with asyncio.timeout(60):
        while await service.db.read(overview.unfinished):
            await asyncio.sleep(0.01)

    def count(session):
        tables = (Activity, InboundEvent, Message)
        return [session.exec(select(func.count()).select_from(table)).one() for table in tables]

    return await service.db.read(count)


async def agent(service, name="ann"):
    def make(session):
        hashed = hash_password("x", time_cost=1, memory_cost=8192)
        return people.create_agent(
            session, name, hashed, Role.AGENT, service.clock(), display_name=name.title()
        )

    return await service.db.write(make)


async def queued(service, guest):
    """Let a visitor wait for a person."""
    await guest.says("人工")
    async with asyncio.timeout(60):
        while (await status(guest))["owner"] != Owner.QUEUE.value:
            await asyncio.sleep(0.01)


async def status(guest):
    answer = await guest.client.get(f"{CHAT}/messages", headers=guest.headers)
    return answer.json()["status"]


async def talk_of(service, guest):
    thread = guest.token.split(".")[1]
    return await service.db.read(conversations.latest, "site", thread)


async def test_who_waits_is_told_their_place_and_moves_up(run):
    served = await run(SITE)
    service = served.service
    ann = await agent(service)
    first, second, third = [await visits(served.client) for _ in range(3)]
    for guest in (first, second, third):
        await queued(service, guest)
    assert [(await status(guest))["place"] for guest in (first, second, third)] == [1, 2, 3]
    async with streamed(served, third) as (heard,):
        assert (await until(heard, "status"))["place"] == 3
        talk = await talk_of(service, first)
        await service.db.write(desk.take, talk.id, ann, service.clock())
        assert (await until(heard, "status", place=2))["owner"] == "queue"
        mine = await talk_of(service, third)
        await service.db.write(desk.take, mine.id, ann, service.clock())
        told = await until(heard, "status", owner="agent")
        assert (told["place"], told["name"]) == (None, "Ann")
    assert (await status(second))["place"] == 1


async def test_the_urgent_come_first_in_line_too(run):
    served = await run(SITE)
    first, second = [await visits(served.client) for _ in range(2)]
    for guest in (first, second):
        await queued(served.service, guest)

    def hurry(session, talk_id):
        talk = conversations.get(session, talk_id)
        talk.urgent = True
        conversations.save(session, talk)

    talk = await talk_of(served.service, second)
    await served.service.db.write(hurry, talk.id)
    served.service.line._at = -2
    assert [(await status(guest))["place"] for guest in (first, second)] == [2, 1]


async def test_nobody_is_told_of_an_open_matter_before_there_is_one(run):
    served = await run(SITE)
    guest = await visits(served.client)
    assert await status(guest) == {"owner": None, "place": None, "name": None, "read": 0}


async def test_that_somebody_types_is_told_both_ways_and_stored_nowhere(run):
    served = await run(SITE)
    service = served.service
    guest, other = await visits(served.client), await visits(served.client)
    await guest.says("hello")
    await guest.sees(2)
    await told_all(service)
    talk = await talk_of(service, guest)
    before = await rows(service)
    at_desk: list[Whisper] = []
    async with streamed(served, guest, other) as (heard, elsewhere):
        with service.live.whispers.heard_by(DESK, at_desk.append):
            for _ in range(50):
                answer = await served.client.post(f"{CHAT}/typing", headers=guest.headers)
                assert (answer.status_code, answer.content) == (204, b"")
        place = thread_of("site", talk.thread)
        service.live.whispers.say(Whisper(place, "typing"))
        await until(heard, "typing")
        assert "typing" not in [elsewhere.get_nowait()[0] for _ in range(elsewhere.qsize())]
    assert at_desk == [Whisper(DESK, "typing", str(talk.id))]
    assert await rows(service) == before


async def test_who_has_said_nothing_yet_types_unseen(run):
    served = await run(SITE)
    guest = await visits(served.client)
    at_desk: list[Whisper] = []
    with served.service.live.whispers.heard_by(DESK, at_desk.append):
        await served.client.post(f"{CHAT}/typing", headers=guest.headers)
    assert at_desk == []


async def test_the_desk_sees_up_to_where_a_visitor_has_read(run):
    served = await run(SITE)
    service = served.service
    guest = await visits(served.client)
    await guest.says("hello")
    last = (await guest.sees(2))[-1]["position"]
    talk = await talk_of(service, guest)
    before = await rows(service)
    at_desk: list[Whisper] = []
    with service.live.whispers.heard_by(DESK, at_desk.append):
        for position in (1, 1, 0, 2**53, last):
            answer = await served.client.post(
                f"{CHAT}/read", params={"position": position}, headers=guest.headers
            )
            assert answer.status_code == 204
    end = talk.last_position
    assert [(w.kind, w.about, w.position) for w in at_desk] == [
        ("read", str(talk.id), 1),
        ("read", str(talk.id), end),
    ]
    read = await service.db.read(marks.of, "site", talk.thread)
    assert (read.by_contact, read.by_agent) == (end, 0)
    assert await rows(service) == before


@pytest.mark.parametrize("position", ["-1", "x", "1.5", "", "99999999999999999999"])
async def test_a_senseless_mark_is_refused(run, position):
    served = await run(SITE)
    guest = await visits(served.client)
    answer = await served.client.post(
        f"{CHAT}/read", params={"position": position}, headers=guest.headers
    )
    assert answer.status_code == 422


async def test_a_visitor_sees_up_to_where_the_desk_has_read(run):
    served = await run(SITE)
    service = served.service
    ann = await agent(service)
    guest = await visits(served.client)
    await queued(service, guest)
    talk = await talk_of(service, guest)
    await service.db.write(desk.mark_read, talk.id, ann, shown=True)
    assert (await status(guest))["read"] == 0, "whoever only looks in has not read it"
    await service.db.write(desk.take, talk.id, ann, service.clock())
    async with streamed(served, guest) as (heard,):
        await service.db.write(desk.mark_read, talk.id, ann, shown=True)
        service.live.whispers.say(Whisper(thread_of("site", talk.thread), "read"))
        assert (await until(heard, "status", read=talk.last_position))["owner"] == "agent"


async def test_who_comes_back_is_hinted_at_what_they_missed(run):
    served = await run(SITE)
    guest = await visits(served.client)
    await guest.says("hello")
    before = (await guest.sees(2))[-1]["position"]
    talk = await talk_of(served.service, guest)
    await served.service.db.write(say, talk.thread, "while you slept", served.service.clock())
    async with streamed(served, guest, after=before) as (heard,):
        assert (await until(heard, ""))["position"] == before + 1


@on_postgres
async def test_whispers_go_from_process_to_process(run):
    one = await run(SITE)
    other = await run(SITE)
    for served in (one, other):
        async with asyncio.timeout(60):
            await served.service.hints.listening.wait()
    guest = await visits(one.client)
    await guest.says("hello")
    await guest.sees(2)
    at_desk: asyncio.Queue[Whisper] = asyncio.Queue()
    talk = await talk_of(one.service, guest)
    async with streamed(one, guest) as (heard,), asyncio.timeout(60):
        with other.service.live.whispers.heard_by(DESK, at_desk.put_nowait):
            await one.client.post(f"{CHAT}/typing", headers=guest.headers)
            assert (await at_desk.get()).about == str(talk.id)
        other.service.live.whispers.say(Whisper(thread_of("site", talk.thread), "typing"))
        await until(heard, "typing")
