import json

import httpx
import pytest

from channels.testing import serve
from channels.weibo.simulator import GARBLED, PATH, Simulator

FAN = "2489518277"
RIGHT = {
    "result": True,
    "sender_id": "1902538057",
    "receiver_id": FAN,
    "type": "text",
    "data": '{"text":"hi"}',
}


@pytest.fixture
def phone(clock):
    return Simulator("shop", clock)


def test_a_right_answer_shows_its_text(phone):
    phone.answered(phone.say(FAN, "hi"), json.dumps(RIGHT).encode())
    assert [(seen.contact, seen.text) for seen in phone.screen] == [(FAN, "hi")]


@pytest.mark.parametrize(
    "body",
    [
        b"success",
        b"[]",
        json.dumps({**RIGHT, "sender_id": "1"}).encode(),
        json.dumps({**RIGHT, "data": '{"text":7}'}).encode(),
        json.dumps({**RIGHT, "data": json.dumps({"text": "x" * 300})}).encode(),
    ],
)
def test_a_senseless_answer_shows_that_it_failed(phone, body):
    phone.answered(phone.say(FAN, "hi"), body)
    assert [seen.text for seen in phone.screen] == [GARBLED]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("%7B%22text%22%3A%22twice%22%7D", 10008),
        ("[]", 10008),
        (json.dumps({"text": "x" * 300}), 20012),
    ],
)
async def test_the_platform_says_no_with_a_code(phone, data, code):
    async with serve(phone.app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        form = {"access_token": phone.access_token, "receiver_id": FAN, "type": "text"}
        answer = await client.post(PATH, data={**form, "data": data})
        assert answer.json()["error_code"] == code
        assert not phone.screen


def test_the_same_words_in_one_second_are_two_messages(phone):
    bodies = [json.loads(phone.say(FAN, "hi").body) for _ in range(3)]
    assert len({body["created_at"] for body in bodies}) == 3
