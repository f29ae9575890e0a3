"""The way in: what was answered with success is stored; what was not stored is not answered."""

import asyncio
import json
import threading

import pytest
from sqlmodel import select

from bot.intake import NoSuchInbox
from channels.base import Reception, Request
from channels.errors import BadRequest
from channels.message import Text
from handlers.base import Outcome
from storage import lanes
from storage.database import Unavailable
from storage.models import AdapterMemory, InboundEvent, LaneKind

PASSIVE = {"mode": "passive"}


async def events(house):
    return await house.db.read(lambda s: list(s.exec(select(InboundEvent))))


async def test_a_call_is_stored_before_it_is_answered(build):
    house = build()
    answer = await house.hears("hello")
    (event,) = await events(house)
    assert (answer.status, answer.body, answer.headers) == (200, b"ok", {"x-taken": "yes"})
    assert (event.inbox, event.lane, event.sequence) == ("shop", "shop:lily", 1)
    assert event.payload["parts"] == [{"kind": "text", "text": "hello"}]
    assert event.received_at == house.time()
    assert house.inboxes.get("shop").last_in == house.time()
    assert house.signals.inbound.is_set()
    assert house.counted("yingda_inbound_total", inbox="shop", result="message") == 1


@pytest.mark.parametrize("name", ["unknown", "", "../shop", "off"])
async def test_an_inbox_that_is_unknown_or_off_takes_nothing(build, name):
    house = build(shop={}, off={"enabled": False})
    with pytest.raises(NoSuchInbox):
        await house.hears("hello", inbox=name)
    assert await events(house) == []


async def test_an_inbox_whose_platform_does_not_call_takes_nothing(build):
    house = build(here={"channel": "terminal"})
    with pytest.raises(NoSuchInbox):
        await house.hears("hello", inbox="here")


async def test_a_refused_call_leaves_no_row(build):
    house = build()
    call = Request("POST", {}, {"x-forged": "401"}, b'{"text": "hello"}')
    with pytest.raises(BadRequest) as refused:
        await house.intake.receive("shop", call)
    assert refused.value.status == 401
    assert await events(house) == []
    assert house.inboxes.get("shop").last_in is None
    assert house.counted("yingda_inbound_total", inbox="shop", result="refused") == 1


async def test_the_same_call_again_is_answered_alike_and_stored_once(build):
    house = build()
    answers = [await house.hears("hello") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(await events(house)) == 1
    assert house.counted("yingda_inbound_total", inbox="shop", result="duplicate") == 2


async def test_the_same_call_at_the_same_time_is_stored_once(build):
    house = build()
    await asyncio.gather(*(house.hears("hello") for _ in range(10)))
    assert len(await events(house)) == 1


async def test_a_call_that_says_nothing_is_answered_without_a_row(build):
    house = build()
    answer = await house.intake.receive("shop", Request("GET", {}, {}, b""))
    assert answer.body == b"hello platform"
    assert await events(house) == []
    assert not house.signals.inbound.is_set()


async def test_what_cannot_be_understood_is_kept_and_answered(build):
    house = build()
    answer = await house.intake.receive("shop", Request("POST", {}, {}, b"{odd"))
    (event,) = await events(house)
    assert answer.status == 200
    assert (event.problem, event.lane) == ("not JSON", None)
    assert not house.signals.inbound.is_set()
    assert house.counted("yingda_inbound_total", inbox="shop", result="quarantined") == 1


async def test_without_a_database_nothing_is_acknowledged(build):
    house = build()
    await house.db.__aexit__()
    with pytest.raises(Unavailable):
        await house.hears("hello")
    await house.db.__aenter__()
    await house.hears("hello")
    assert len(await events(house)) == 1


async def test_a_cursor_is_stored_together_with_what_it_follows(build):
    house = build(shop={"mode": "polling"})
    message = house.adapter().message("hello")
    await house.intake.bring("shop", Reception((message,)), "7")
    assert await house.intake.cursor("shop") == "7"
    assert len(await events(house)) == 1


async def test_a_cursor_moves_on_when_there_was_nothing(build):
    house = build(shop={"mode": "polling"})
    assert await house.intake.cursor("shop") is None
    await house.intake.bring("shop", Reception(), "8")
    assert await house.intake.cursor("shop") == "8"
    assert not house.signals.inbound.is_set()


async def test_a_cursor_never_moves_past_what_was_not_stored(build, monkeypatch):
    house = build(shop={"mode": "polling"})
    message = house.adapter().message("hello")
    broken = message.model_copy(update={"dedupe_key": None})
    with pytest.raises(TypeError):
        await house.intake.bring("shop", Reception((message, broken)), "9")
    assert await house.intake.cursor("shop") is None
    assert await events(house) == []


async def test_what_comes_for_an_inbox_that_is_gone_is_dropped(build):
    house = build()
    await house.intake.bring("gone", Reception(), "1")
    assert await house.db.read(lambda s: list(s.exec(select(AdapterMemory)))) == []


async def answered_while_waiting(house, text, key=None):
    """Return the HTTP answer of a passive inbox whose worker thinks meanwhile."""
    house.signals.inbound.clear()
    call = asyncio.create_task(house.hears(text, key=key))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        house.signals.inbound.clear()
        await house.think()
        return await call


async def test_a_passive_answer_rides_in_the_call(build):
    house = build(shop=PASSIVE)
    answer = await answered_while_waiting(house, "hello")
    assert answer.body.decode() == "re: hello"
    (row,) = await house.deliveries()
    assert (row.status.value, row.sent_at) == ("sent", house.time())
    assert await house.db.read(lanes.none_ready, LaneKind.OUT, house.time())


async def test_a_repeated_push_gets_the_same_answer_without_a_second_message(build):
    house = build(shop=PASSIVE)
    first = await answered_while_waiting(house, "hello")
    again = await house.hears("hello")
    house.time.pass_by(hours=1)
    later = await house.hears("hello")
    assert first == again == later
    assert len(await house.deliveries()) == 1
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]


async def test_two_pushes_of_one_message_at_a_time_get_one_answer(build):
    house = build(shop=PASSIVE)
    calls = asyncio.gather(*(house.hears("hello") for _ in range(3)))
    async with asyncio.timeout(60):
        while not calls.done():  # a push that comes to be a repeat hides its lane for a moment
            await house.think()
    assert {answer.body for answer in await calls} == {b"re: hello"}
    assert len(await house.deliveries()) == 1


async def test_when_the_bot_says_nothing_the_call_is_just_acknowledged(build):
    async def silent(turn):
        return None

    house = build(silent, shop=PASSIVE)
    answer = await answered_while_waiting(house, "hello")
    assert (answer.body, answer.headers) == (b"ok", {"x-taken": "yes"})


async def test_an_answer_that_comes_too_late_rides_with_the_next_message(build):
    house = build(passive_wait=0.001, shop=PASSIVE)
    assert (await house.hears("slow")).body == b"ok"
    await house.think()
    assert await house.statuses() == ["pending"]
    house.intake._passive_wait = 30
    answer = await answered_while_waiting(house, "and?")
    assert answer.body.decode() == "re: slow\nre: and?"
    assert await house.statuses() == ["sent", "sent"]


async def test_an_agents_words_ride_with_the_customers_next_message(build):
    async def silent(turn):
        return None

    house = build(silent, shop=PASSIVE)
    await answered_while_waiting(house, "hello")
    await house.says("I am Ann")
    answer = await answered_while_waiting(house, "are you there?")
    assert answer.body.decode() == "I am Ann"


async def test_what_is_too_long_for_one_answer_waits_for_the_next_message(build):
    async def long(turn):
        return Outcome(reply=(Text(text="0123456789" if turn.text == "first" else "ab"),))

    house = build(long, shop={**PASSIVE, "holds": 4})
    assert (await answered_while_waiting(house, "first")).body == b"0123"
    assert (await answered_while_waiting(house, "more")).body == b"4567"
    assert (await answered_while_waiting(house, "more", key="k3")).body == b"89\na"
    bodies = [(await house.hears("first")).body, (await house.hears("more")).body]
    assert bodies == [b"0123", b"4567"]


async def test_threads_do_not_get_each_others_answers(build):
    house = build(shop=PASSIVE)
    calls = {n: asyncio.create_task(house.hears(f"I am {n}", thread=n)) for n in ("lily", "tom")}
    async with asyncio.timeout(60):
        while len(await events(house)) < 2:
            await asyncio.sleep(0)
        await house.think()
        answers = {name: (await call).body for name, call in calls.items()}
    assert answers == {"lily": b"re: I am lily", "tom": b"re: I am tom"}


async def test_a_message_that_can_never_be_read_does_not_hold_the_call_to_the_end(build):
    house = build(shop=PASSIVE)
    call = asyncio.create_task(house.hears("hello"))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        await house.db.write(_spoil)
        await house.think()
        assert (await call).body == b"ok"


def _spoil(session):
    event = session.exec(select(InboundEvent)).one()
    event.payload = {**json.loads(json.dumps(event.payload)), "parts": [{"kind": "riddle"}]}
    session.add(event)


async def test_a_quarantined_push_of_a_passive_inbox_is_acknowledged(build):
    house = build(shop=PASSIVE)
    answer = await house.intake.receive("shop", Request("POST", {}, {}, b"{odd"))
    assert answer.status == 200


async def test_when_more_comes_than_can_be_stored_a_call_is_refused_and_not_lost(
    build, monkeypatch
):
    monkeypatch.setattr("bot.intake.WAITING", 1)
    house = build()
    calls = [house.hears(text) for text in ("one", "two", "three")]
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, Unavailable) for answer in told] == [False, True, True]
    for text in ("two", "three"):
        await house.hears(text)
    await house.think()
    heard = [text for who, text in await house.spoken() if who == "contact"]
    assert heard == ["one", "two", "three"]


async def test_when_more_comes_than_can_be_stored_a_call_is_refused_unread(build, monkeypatch):
    monkeypatch.setattr("bot.intake.WAITING", 0)
    house = build()
    call = Request("POST", {}, {"x-forged": "401"}, b'{"text": "hello"}')
    with pytest.raises(Unavailable):
        await house.intake.receive("shop", call)


async def test_a_call_that_waits_too_long_for_the_disk_is_asked_for_again(build, monkeypatch):
    monkeypatch.setattr("bot.intake.STORE_SECONDS", 0.01)
    house, go_on = build(), threading.Event()
    held = [asyncio.create_task(house.db.run(lambda _: go_on.wait(60))) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too long"):
        await house.hears("hello")
    go_on.set()
    await asyncio.gather(*held)
