from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from channels.errors import RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from channels.http import Reply, call, make_client, redact, retry_after
from channels.testing import HANG_UP, closed_url, serve


class Platform:
    """Answers as told; keeps what it was asked."""

    def __init__(self):
        self.answer = Response(b"{}")
        self.asked = []
        self.hold = None

    async def reply(self, request):
        self.asked.append((request.method, request.headers, await request.body()))
        if self.hold:
            await self.hold.wait()
        return self.answer

    @property
    def app(self):
        return Starlette(routes=[Route("/x", self.reply, methods=["GET", "POST"])])


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
async def client(platform):
    async with serve(platform.app) as url, make_client(url) as client:
        yield client


async def test_an_answer_comes_back_whole(client, platform):
    platform.answer = Response(b'{"ok": true}', headers={"X-Trace": "7"})
    reply = await call(client, "POST", "/x", json={"text": "退款"})
    assert reply.status == 200
    assert reply.json() == {"ok": True}
    assert reply.headers["x-trace"] == "7"
    assert platform.asked[0][2] == '{"text":"退款"}'.encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized),
        (408, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        (302, Unavailable),
        (HANG_UP, Uncertain),
    ],
)
async def test_a_status_becomes_its_error(client, platform, status, kind):
    platform.answer = Response(status_code=status, headers={"location": "http://127.0.0.1:1/"})
    with pytest.raises(kind) as refused:
        await call(client, "POST", "/x")
    assert type(refused.value) is kind
    assert len(platform.asked) == 1


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 413])
async def test_other_statuses_are_the_adapters_business(client, platform, status):
    platform.answer = Response(status_code=status)
    assert (await call(client, "POST", "/x")).status == status


async def test_a_pause_is_as_long_as_the_platform_says(client, platform):
    platform.answer = Response(status_code=429, headers={"retry-after": "12"})
    with pytest.raises(RateLimited) as limited:
        await call(client, "POST", "/x")
    assert limited.value.retry_after == 12


async def test_a_platform_that_is_not_there_is_unavailable():
    async with make_client(closed_url()) as client:
        with pytest.raises(Unavailable):
            await call(client, "POST", "/x")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectTimeout("x"), Unavailable),
        (httpx.PoolTimeout("x"), Unavailable),
        (httpx.ReadTimeout("x"), Uncertain),
        (httpx.WriteTimeout("x"), Uncertain),
        (httpx.ReadError("x"), Uncertain),
        (httpx.WriteError("x"), Uncertain),
        (httpx.RemoteProtocolError("x"), Uncertain),
        (httpx.DecodingError("x"), Uncertain),
    ],
)
async def test_a_failure_says_whether_the_request_was_written(raised, kind):
    def fail(request):
        raise raised

    async with make_client("http://p", transport=httpx.MockTransport(fail)) as client:
        with pytest.raises(kind):
            await call(client, "POST", "/x")


@pytest.mark.parametrize(("method", "repeatable"), [("GET", False), ("POST", True)])
async def test_a_lost_answer_to_a_mere_question_is_unavailable(
    client, platform, method, repeatable
):
    platform.answer = Response(status_code=HANG_UP)
    with pytest.raises(Unavailable):
        await call(client, method, "/x", repeatable=repeatable)
    platform.answer = Response(b"<html>")
    with pytest.raises(Unavailable):
        (await call(client, method, "/x", repeatable=repeatable)).json()


async def test_a_call_that_takes_too_long_is_uncertain(client, platform):
    platform.hold = asyncio.Event()
    with pytest.raises(Uncertain):
        await call(client, "POST", "/x", total=0.05)
    platform.hold.set()


async def test_a_request_that_was_not_written_to_its_end_did_nothing():
    async def hang_up(reader, writer):
        await reader.readexactly(1)
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, make_client(url) as client:
        with pytest.raises(Unavailable, match="not written to its end"):
            await call(client, "POST", "/x", content=bytes(32 * 1024 * 1024))


async def test_an_answer_as_large_as_the_cap_is_read(client, platform):
    platform.answer = Response(b"x" * 1000)
    assert len((await call(client, "POST", "/x", cap=1000)).body) == 1000


async def test_a_larger_answer_is_uncertain(client, platform):
    platform.answer = Response(b"x" * 1001)
    with pytest.raises(Uncertain):
        await call(client, "POST", "/x", cap=1000)


async def test_an_endless_answer_is_cut(client, platform):
    async def endless():
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0)

    platform.answer = StreamingResponse(endless())
    with pytest.raises(Uncertain):
        await call(client, "POST", "/x", cap=10_000)


async def test_a_packed_answer_is_unpacked_up_to_the_cap(client, platform):
    headers = {"content-encoding": "gzip"}
    platform.answer = Response(gzip.compress(b'{"a": 1}'), headers=headers)
    assert (await call(client, "POST", "/x")).json() == {"a": 1}
    assert platform.asked[0][1]["accept-encoding"] == "identity"
    platform.answer = Response(gzip.compress(b"0" * 5_000_000), headers=headers)
    with pytest.raises(Uncertain):
        await call(client, "POST", "/x")
    for broken in (gzip.compress(b"{}")[:-4], b"no gzip"):
        platform.answer = Response(broken, headers=headers)
        with pytest.raises(Uncertain):
            await call(client, "POST", "/x")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b"1" * 5000, b'{"a":' * 50_000]
)
def test_a_senseless_answer_says_what_is_known(body):
    with pytest.raises(Uncertain):
        Reply(200, {}, body).json()
    with pytest.raises(Refused):
        Reply(404, {}, body).json()


async def test_the_environment_chooses_no_proxy(monkeypatch, client):
    monkeypatch.setenv("HTTP_PROXY", closed_url())
    async with make_client(str(client.base_url)) as other:
        assert (await call(other, "GET", "/x")).status == 200


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", None, 7),
        ("0", None, 0),
        ("1.5", None, 1.5),
        (None, None, 30),
        ("", None, 30),
        ("-1", None, 30),
        ("soon", None, 30),
        ("nan", None, 30),
        ("inf", None, 30),
        ("1e99", None, 86_400),
        ("Sun, 22 Nov 2026 04:00:09 GMT", "Sun, 22 Nov 2026 04:00:00 GMT", 9),
        ("Sun, 22 Nov 2026 03:00:00 GMT", "Sun, 22 Nov 2026 04:00:00 GMT", 30),
        ("Sun, 22 Nov 2026 04:00:09 GMT", None, 30),
        ("Sun, 22 Nov 2026 04:00:09 GMT", "Sun, 22 Nov 2026 04:00:00 -0000", 30),
    ],
)
def test_retry_after_is_read_in_every_form(value, date, seconds):
    assert retry_after(value, date) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "POST https://api.telegram.org/bot123456:CANARY-secret_canary/sendMessage",
        "https://api.telegram.org/bot123456%3ACANARYcanarycanary/getMe",
        "token 1234567890:CANARYcanaryCANARYcanaryCANARYcanary",
        "https://api.weixin.qq.com/cgi-bin/x?access_token=CANARY&a=1",
        "?appid=1&secret=CANARY",
        "?appsecret=CANARY&x",
        "client_secret=CANARY",
        '{"access_token": "CANARY", "expires_in": 7200}',
        "{'corpsecret': 'CANARY'}",
        "Authorization: Bearer CANARY.canary",
        "xoxb-1-CANARY-2",
        "xapp-1-A-CANARY",
        "https://hooks.slack.com/services/T1/B1/CANARY",
        "https://user:CANARY@example.com/",
        "signing_secret=CANARY",
        "X-Telegram-Bot-Api-Secret-Token: CANARY",
        "password=CANARY",
        "msg_signature=CANARY&nonce=1",
        "encoding_aes_key=CANARY",
        "EncodingAESKey: CANARY",
        "bot_token=CANARY",
    ],
)
def test_secrets_are_hidden(text):
    assert "canary" not in redact(text).lower()


@pytest.mark.parametrize(
    "text",
    ["order 12345:67", "at 12:30", "退款 token 是什么", "https://a.example/b?page=2", "basic"],
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


def test_what_stands_around_a_secret_stays():
    assert redact("?access_token=abc&openid=7") == "?access_token=***&openid=7"


async def test_an_error_shows_no_url(platform):
    async with make_client(closed_url()) as client:
        with pytest.raises(Unavailable) as failed:
            await call(client, "POST", "/bot123456:CANARYCANARY/sendMessage")
    assert "CANARY" not in repr(failed.value)
    assert failed.value.__cause__ is None
