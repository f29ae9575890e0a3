"""Slack's side is as strict as Slack."""

import asyncio

import httpx
import pytest

from channels.simulation import Fault
from channels.slack.simulator import PUBLIC, Simulator, user_of
from channels.testing import serve
from tests.channels.slack.calls import NOW

BUTTON = {"type": "button", "action_id": "a", "value": "v", "text": {"text": "label"}}


def actions(*buttons):
    return {"blocks": [{"type": "actions", "elements": list(buttons)}]}


@pytest.fixture
def simulator():
    return Simulator("main", lambda: NOW)


@pytest.fixture
async def slack(simulator):
    async with serve(simulator.app) as url:
        headers = {"authorization": f"Bearer {simulator.bot_token}"}
        async with httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, timeout=60
        ) as client:
            yield client


@pytest.mark.parametrize(
    ("post", "error"),
    [
        ({"text": "x", "channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": PUBLIC}, "no_text"),
        ({"text": "x" * 40001}, "msg_too_long"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"text": ""}}]}, "invalid_blocks"),
        ({"text": "x", **actions(BUTTON, BUTTON)}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"text": "x" * 2800}}] * 5},
            "msg_blocks_too_long",
        ),
        ({"text": "x", **actions({**BUTTON, "text": {"text": "x" * 76}})}, "invalid_blocks"),
        ({"text": "x", **actions({**BUTTON, "value": "x" * 2001})}, "invalid_blocks"),
        (
            {"text": "x", **actions(*({**BUTTON, "action_id": f"{n}"} for n in range(26)))},
            "invalid_blocks",
        ),
    ],
)
async def test_a_wrong_post_is_refused(slack, simulator, post, error):
    answer = await slack.post("/api/chat.postMessage", json={"channel": PUBLIC, **post})
    assert answer.json() == {"ok": False, "error": error}
    assert simulator.screen == []


async def test_a_post_may_be_a_form(slack, simulator):
    simulator.say("lilei", "hi")
    form = {"channel": user_of("lilei"), "text": "a &lt; b"}
    assert (await slack.post("/api/chat.postMessage", data=form)).json()["ok"]
    assert [seen.text for seen in simulator.seen_by("lilei")] == ["a < b"]


@pytest.mark.parametrize("method", ["auth.test", "chat.postMessage", "apps.connections.open"])
async def test_every_method_wants_its_token(slack, method):
    for header, error in (("", "not_authed"), ("Bearer xoxb-other", "invalid_auth")):
        answer = await slack.post(f"/api/{method}", headers={"authorization": header})
        assert answer.json() == {"ok": False, "error": error}


@pytest.mark.parametrize("method", ["auth.test", "chat.postMessage", "apps.connections.open"])
async def test_every_method_can_fail(slack, simulator, method):
    simulator.faults.append(Fault(503, b"busy"))
    assert (await slack.post(f"/api/{method}")).status_code == 503


async def test_a_push_over_http_is_posted_to_the_inbox(simulator):
    heard = []

    async def inbox(request):
        heard.append(request.headers["x-slack-signature"])
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(inbox)) as client:
        push = simulator.say("lilei", "hi")
        assert await simulator.deliver(client, "http://inbox", push) == 200
    assert heard == [push.headers["X-Slack-Signature"]]


def test_what_is_typed_as_a_command_is_one(simulator):
    fields = httpx.QueryParams(simulator.say("lilei", "/yingda ask 怎么退货").body.decode())
    assert (fields["command"], fields["text"]) == ("/yingda", "ask 怎么退货")


@pytest.mark.parametrize(
    ("method", "form", "error"),
    [
        ("views.open", {"trigger_id": "x"}, "expired_trigger_id"),
        ("conversations.open", {"users": "U9"}, "user_not_found"),
        ("files.info", {"file": "F9"}, "file_not_found"),
        ("files.getUploadURLExternal", {"filename": "a", "length": "0"}, "invalid_arguments"),
        ("files.completeUploadExternal", {"channel_id": "C9"}, "channel_not_found"),
        (
            "files.completeUploadExternal",
            {"channel_id": PUBLIC, "files": '[{"id":"F9"}]'},
            "file_not_found",
        ),
    ],
)
async def test_what_is_not_there_is_refused(slack, method, form, error):
    assert (await slack.post(f"/api/{method}", data=form)).json() == {"ok": False, "error": error}


async def test_a_form_that_slack_would_not_show_is_refused(slack, simulator):
    trigger = httpx.QueryParams(simulator.say("lilei", "/yingda x").body.decode())["trigger_id"]
    view = {part: {"text": "x" * 25} for part in ("title", "submit", "close")}
    answer = await slack.post("/api/views.open", json={"trigger_id": trigger, "view": view})
    assert answer.json()["error"] == "invalid_arguments"
    assert simulator.form_of("lilei") is None


async def test_an_upload_must_be_as_long_as_was_told(slack, simulator):
    asked = {"filename": "a.png", "length": "3"}
    told = (await slack.post("/api/files.getUploadURLExternal", data=asked)).json()
    assert (await slack.post(told["upload_url"], files={"file": b"ab"})).status_code == 400
    assert (await slack.post(told["upload_url"], files={"file": b"abc"})).status_code == 200
    assert (await slack.post("/upload/v1/F9", files={"file": b"abc"})).status_code == 404


async def test_a_socket_that_nobody_hears_times_out(monkeypatch):
    monkeypatch.setattr("channels.slack.simulator.ACK_TIMEOUT", 0.01)
    simulator = Simulator("main", lambda: NOW, transport="socket")
    status = await asyncio.create_task(simulator.deliver(None, "", simulator.say("lilei", "hi")))
    assert status == 504
    assert len(simulator.line.waiting) == 1
