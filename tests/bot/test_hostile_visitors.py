"""Whatever visitors post, the chat answers at once, and the next visitor is served."""

import json
from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random
from time import process_time

import pytest

from channels.message import Media
from channels.testing.fuzz import copies, json_bytes
from channels.webchat import identity
from tests.bot.visitors import CHAT, visits
from tests.postgres import on_sqlite

SECRET = "today-0123456789abcdef0123456789"
SITE = {"site": {"channel": "webchat", "identity_secret": SECRET, "attachments": True}}
ROUND = 100
"""After so many hostile posts a new visitor is tried."""
TOO_LONG = 5.0
"""Seconds of the processor's time for one post: what others do on the machine does not count."""
LILY = {
    "sub": "user-42",
    "exp": datetime(2100, 1, 1, tzinfo=UTC).timestamp(),
    "nbf": 0,
    "name": "李莉",
    "attributes": {"tier": "gold", "orders": 12, "vip": True, "rate": 0.5},
}


def said(proof):
    return [
        {"text": "如何申请退货", "echo_id": "1"},
        {"text": "1", "echo_id": "2", "select": "faq:1", "language": "zh-CN"},
        {"text": "看图", "echo_id": "3", "files": [proof, proof]},
    ]


def signed(claims):
    """Sign whatever it is as the site would."""
    body = identity._part(claims) if isinstance(claims, dict) else identity._part({"sub": claims})
    text = f"{identity._part({'alg': 'HS256'})}.{body}"
    return f"{text}.{identity.signature(SECRET.encode(), text)}"


def posts(bearer, proof, chance):
    """Yield hostile calls for ever: path, headers, body."""
    wrong = [copies(each, chance) for each in (*said(proof), {"identity": signed(LILY)})]
    lies = copies(LILY, chance)
    for turn in cycle(range(6)):
        if turn == 4:
            yield "visitors", {}, json_bytes({"identity": signed(next(lies))})
        elif turn == 3:
            yield "visitors", {}, json_bytes(next(wrong[3]))
        elif turn == 5:
            body = json_bytes(next(wrong[0]))
            yield "messages", bearer, body[: chance.randint(0, len(body))]
        else:
            body = json_bytes(next(wrong[turn]))
            # Most keys are new, else few posts would be more than repeats.
            fresh = f'"echo_id": "{chance.getrandbits(64):x}"'.encode()
            yield "messages", bearer, body.replace(b'"echo_id": "%d"' % (turn + 1), fresh)


@pytest.mark.parametrize("number", [300, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.timeout(1800)
@on_sqlite
async def test_no_post_breaks_the_chat_or_holds_it_up(run, number):
    served = await run(SITE)
    mallory = await visits(served.client)
    file = Media(kind="image", ref="ours:AAAA", name="a.png", size=5)
    proof = served.adapter("site").vouch(mallory.token.split(".")[1], file)
    answers: dict[int, int] = {}
    hostile = islice(posts(mallory.headers, proof, Random(number)), number)
    for at, (path, headers, body) in enumerate(hostile, 1):
        begun = process_time()
        answer = await served.client.post(
            f"{CHAT}/{path}", content=body, headers={"content-type": "application/json", **headers}
        )
        assert process_time() - begun < TOO_LONG, body[:200]
        assert answer.status_code in {200, 401, 413, 422}, (answer.status_code, body[:200])
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1
        if at % ROUND == 0:
            lily = await visits(served.client)
            assert (await lily.says("hello")).status_code == 200
            assert (await lily.sees(2))[1]["author"] == "bot"
    assert {200, 401, 422} <= answers.keys()
    page = await served.client.get(f"{CHAT}/messages", headers=mallory.headers)
    assert json.loads(page.content)["messages"]


@on_sqlite
async def test_no_header_or_query_breaks_the_chat(run):
    served = await run(SITE)
    lily = await visits(served.client)
    chance, strange = Random(7), ["", " ", "v1", "v2.", "v2.u-.1.x", "\x7f", "é" * 50, "." * 5000]
    _, visitor, proof = lily.token.split(".")
    for _ in range(300):
        parts = [chance.choice([*strange, "v1", "v2", visitor, proof, "9" * 40]) for _ in range(4)]
        headers = {"authorization": f"Bearer {'.'.join(parts)}".encode()}
        for method, path in (
            ("GET", "messages"),
            ("POST", "typing"),
            ("POST", "read?position=1"),
            ("POST", "files"),
            ("GET", "files/x"),
        ):
            answer = await served.client.request(method, f"{CHAT}/{path}", headers=headers)
            assert answer.status_code in {200, 401}, (answer.status_code, headers)
