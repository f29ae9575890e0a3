"""Telegram's side of the wire behaves as Telegram does."""

from __future__ import annotations

import json

import httpx
import pytest

from channels.telegram.simulator import Simulator


@pytest.fixture
async def api(simulator):
    transport = httpx.ASGITransport(simulator.app)
    base = f"http://telegram/bot{simulator.token}"
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client


def number(push):
    return json.loads(push.body)["update_id"]


async def test_a_wrong_token_is_told_so_in_telegrams_words(simulator):
    transport = httpx.ASGITransport(simulator.app)
    async with httpx.AsyncClient(transport=transport) as client:
        answer = await client.post("http://telegram/bot1:x/getMe")
    assert answer.status_code == 401
    assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_an_unknown_method_is_not_found(api):
    assert (await api.post("/brewCoffee")).status_code == 404


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"text": "hello"}, 200, None),
        ({"text": "a" * 4096}, 200, None),
        ({"text": "😀" * 2049}, 400, "Bad Request: message is too long"),
        ({"text": " "}, 400, "Bad Request: message text is empty"),
        ({"chat_id": "4711", "text": "hello"}, 400, "Bad Request: chat not found"),
    ],
)
async def test_sending_keeps_telegrams_limits(simulator, api, form, status, said):
    simulator.say("1001", "hi")
    answer = await api.post("/sendMessage", data={"chat_id": "1001", **form})
    assert answer.status_code == status
    assert answer.json().get("description") == said


async def test_a_button_that_sends_back_too_much_is_refused(simulator, api):
    simulator.say("1001", "hi")
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x" * 65}]]}
    form = {"chat_id": "1001", "text": "hi", "reply_markup": json.dumps(markup)}
    answer = await api.post("/sendMessage", data=form)
    assert answer.json()["description"] == "Bad Request: BUTTON_DATA_INVALID"


async def test_typing_to_nobody_is_refused(api):
    assert (await api.post("/sendChatAction", data={"chat_id": "1"})).status_code == 400


async def test_an_update_is_kept_until_a_later_one_is_asked_for(simulator, api):
    pushes = [simulator.say("1001", text) for text in "abc"]
    for push in pushes:
        simulator.offer(push)
    for _ in range(2):
        answer = await api.post("/getUpdates", data={"limit": 2})
        assert [one["update_id"] for one in answer.json()["result"]] == [*map(number, pushes[:2])]
    answer = await api.post("/getUpdates", data={"offset": number(pushes[1]) + 1})
    assert [one["update_id"] for one in answer.json()["result"]] == [number(pushes[2])]


async def test_delivery_to_a_polling_bot_waits_for_its_question(clock, api):
    simulator = Simulator("main", clock, transport="polling")
    transport = httpx.ASGITransport(simulator.app)
    async with httpx.AsyncClient(transport=transport) as client:
        good = simulator.say("Li", "hi")
        assert await simulator.deliver(client, "http://nowhere", good) == 200
        assert await simulator.deliver(client, "http://nowhere", simulator.forged("Li", "")) == 403
        url = f"http://telegram/bot{simulator.token}/getUpdates"
        answer = await client.post(url, data={"timeout": 1})
    assert [one["update_id"] for one in answer.json()["result"]] == [number(good)]


def test_a_name_always_has_the_same_number(clock):
    one, other = (json.loads(Simulator("main", clock).say("Li", "hi").body) for _ in range(2))
    assert one == other


def test_ids_grow(simulator):
    first, second = simulator.say("1001", "a"), simulator.edit("1001", 1, "b")
    assert number(second) == number(first) + 1


def test_without_buttons_a_tap_is_the_number(simulator):
    push = simulator.tap(simulator.show("1001", "1. a\n2. b"), 1)
    assert json.loads(push.body)["message"]["text"] == "2"
