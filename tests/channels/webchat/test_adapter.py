from __future__ import annotations

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from channels.base import Request
from channels.errors import BadRequest, Unavailable
from channels.message import Selection, Text
from channels.simulation import Seen
from channels.testing import RememberedMemory, as_request, serve
from channels.webchat.adapter import Adapter
from channels.webchat.config import Config
from channels.webchat.simulator import Simulator


@pytest.fixture
def simulator(clock):
    return Simulator("website", clock)


def build(simulator, memory=None, **settings):
    config = Config(channel="webchat", **{**simulator.settings, **settings})
    return Adapter("website", config, memory or RememberedMemory(), simulator.clock)


@pytest.fixture
async def adapter(simulator):
    async with build(simulator) as adapter:
        yield adapter


def posted(adapter, said, **headers):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    token = adapter.issue("ada")
    known = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return Request("POST", {}, {**known, **headers}, body)


async def test_a_message_belongs_to_the_visitor_of_its_token(adapter, now):
    call = posted(adapter, {"text": "退款", "echo_id": "e1", "language": "zh-CN"})
    (message,) = (await adapter.receive(call)).messages
    assert message.address.thread == message.address.contact == "ada"
    assert message.address.inbox == "website"
    assert message.dedupe_key == "ada:e1"
    assert message.sent_at == now
    assert message.language == "zh-CN"
    assert message.parts == (Text(text="退款"),)


async def test_a_tapped_option_is_a_selection(adapter, simulator):
    seen = Seen(1, "ada", "which?", (("v:0", "One"), ("v:1", "Two")))
    (message,) = (await adapter.receive(as_request(simulator.tap(seen, 1)))).messages
    assert message.parts == (Selection(value="v:1", label="Two"),)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"text": "x" * 4001, "echo_id": "e"}, 413),
        ({"text": "x" * 4000, "echo_id": "e", "more": 1}, 422),
        ({"text": " \n", "echo_id": "e"}, 422),
        ({"text": "hi"}, 422),
        ({"text": "hi", "echo_id": ""}, 422),
        ({"text": "hi", "echo_id": "a b"}, 422),
        ({"text": "hi", "echo_id": "e\n"}, 422),
        ({"text": 1, "echo_id": "e"}, 422),
        (["text"], 422),
        (b"{", 422),
        (b"[" * 60_000, 422),
        (b" " * (64 * 1024 + 1), 413),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_status(adapter, said, status):
    with pytest.raises(BadRequest) as refused:
        await adapter.receive(posted(adapter, said))
    assert refused.value.status == status


async def test_a_refusal_names_the_field_and_never_repeats_the_text(adapter):
    with pytest.raises(BadRequest, match="echo_id") as refused:
        await adapter.receive(posted(adapter, {"text": "my card", "echo_id": "??", "<i>": 1}))
    assert "my card" not in str(refused.value)
    assert "<i>" not in str(refused.value)


async def test_the_longest_text_is_taken(adapter):
    said = {"text": "退" * 4000, "echo_id": "e"}
    (message,) = (await adapter.receive(posted(adapter, said))).messages
    assert len(message.text) == 4000


async def test_only_json_is_read(adapter):
    call = posted(adapter, {"text": "hi", "echo_id": "e"}, **{"content-type": "text/plain"})
    with pytest.raises(BadRequest) as refused:
        await adapter.receive(call)
    assert refused.value.status == 415


async def test_only_posts_are_taken(adapter):
    with pytest.raises(BadRequest) as refused:
        await adapter.receive(Request("GET", {}, {}, b""))
    assert refused.value.status == 405


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({"origin": "https://shop.example"}, True),
        ({"origin": "https://SHOP.example"}, True),
        ({"origin": "https://chat.example", "host": "chat.example"}, True),
        ({}, True),
        ({"origin": "https://evil.example", "host": "chat.example"}, False),
        ({"origin": "https://shop.example.evil.example"}, False),
        ({"origin": "http://shop.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "null", "host": ""}, False),
    ],
)
async def test_only_listed_sites_and_our_own_are_admitted(simulator, headers, admitted):
    async with build(simulator, allowed_origins=["https://shop.example/"]) as adapter:
        assert adapter.admits(headers) is admitted
        call = posted(adapter, {"text": "hi", "echo_id": "e"}, **headers)
        if admitted:
            assert (await adapter.receive(call)).messages
        else:
            with pytest.raises(BadRequest) as refused:
                await adapter.receive(call)
            assert refused.value.status == 403


async def test_an_empty_list_admits_every_site(adapter):
    assert adapter.admits({"origin": "https://anywhere.example"})


async def test_a_secret_is_made_once_and_remembered(simulator):
    memory = RememberedMemory()
    async with build(simulator, memory, secret=None) as adapter:
        token = adapter.issue("ada")
    async with build(simulator, memory, secret=None) as again:
        assert again.visitor(token) == "ada"
    async with build(simulator, RememberedMemory(), secret=None) as other:
        with pytest.raises(BadRequest):
            other.visitor(token)


async def test_a_closed_chat_issues_nothing(simulator):
    with pytest.raises(Unavailable):
        build(simulator).issue("ada")


async def test_a_visitor_reads_what_others_wrote_once(adapter, simulator):
    stored = [
        {"id": 7, "position": 1, "author": "contact", "text": "hi", "parts": []},
        {
            "id": 8,
            "position": 2,
            "author": "bot",
            "text": "which?",
            "parts": [
                {
                    "kind": "choices",
                    "prompt": "which?",
                    "options": [{"value": "a", "label": "A"}],
                }
            ],
        },
    ]

    async def messages(request):
        visitor = adapter.visitor(request.headers["authorization"].removeprefix("Bearer "))
        after = int(request.query_params["after"])
        mine = stored if visitor == "ada" else []
        return JSONResponse({"messages": [one for one in mine if one["position"] > after]})

    app = Starlette(routes=[Route("/inboxes/website/messages", messages)])
    async with serve(app) as url, httpx.AsyncClient(timeout=60) as client:
        (seen,) = await simulator.poll(client, url, "ada")
        assert (seen.text, seen.options, seen.platform_id) == ("which?", (("a", "A"),), "8")
        assert await simulator.poll(client, url, "ada") == []
        assert await simulator.poll(client, url, "bob") == []
    assert simulator.seen_by("ada") == [seen]
