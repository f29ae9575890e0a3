"""The edge: what platforms, probes and strangers get from our addresses."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlmodel import select
from starlette.requests import Request
from structlog.testing import capture_logs

from bot.limit import LARGEST_CALL, BodyLimit
from bot.web import Refusals
from channels.message import text_of
from channels.testing import serve
from channels.testing.server import closed_url
from channels.wechat.simulator import Simulator
from console.files import CUT
from storage import paces
from storage.database import Unavailable
from storage.models import Delivery, InboundEvent

HOOK = "/inboxes/shop/webhook"
OPENID = "oTESTopenid0000000000000001"


def call(text="hello", thread="lily"):
    return json.dumps({"text": text, "thread": thread}).encode()


async def stored(served):
    return await served.service.db.read(lambda s: list(s.exec(select(InboundEvent))))


async def test_a_call_is_answered_with_what_the_platform_wants_and_then_acted_on(run):
    served = await run()
    answer = await served.client.post(HOOK, content=call())
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert answer.headers["x-taken"] == "yes"
    async with asyncio.timeout(60):
        (reply,) = await served.adapter().until(1)
    assert reply.address.thread == "lily"
    assert text_of(reply.parts)


async def test_a_platform_may_check_the_address(run):
    served = await run()
    assert (await served.client.get(HOOK)).content == b"hello platform"


async def test_who_is_not_there_gets_404_and_leaves_no_trace(run):
    served = await run({"shop": {}, "off": {"enabled": False}, "here": {"channel": "terminal"}})
    for name in ("nobody", "off", "here"):
        answer = await served.client.post(f"/inboxes/{name}/webhook", content=call())
        assert answer.status_code == 404
    metrics = (await served.client.get("/metrics")).text
    assert "nobody" not in metrics
    assert await stored(served) == []


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_forged_call_gets_its_status_and_no_reason(run, status):
    served = await run()
    answer = await served.client.post(HOOK, content=call(), headers={"x-forged": str(status)})
    assert (answer.status_code, answer.text) == (status, "BadRequest")
    assert await stored(served) == []


FORM = {"content-type": "application/x-www-form-urlencoded"}
FILE = {"content-type": "multipart/form-data; boundary=x"}
PART = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'


@pytest.mark.parametrize(
    ("path", "headers", "head"),
    [(HOOK, {}, b""), ("/login", FORM, b"name="), ("/login", FILE, PART), ("/kb/try", FILE, PART)],
)
async def test_a_body_over_the_limit_is_not_read_to_its_end(run, path, headers, head):
    served = await run()
    given = 0

    async def endless():
        nonlocal given
        yield head
        while True:
            given += 64 * 1024
            yield b"x" * 64 * 1024

    async with asyncio.timeout(60):
        answer = await served.client.post(path, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert given <= LARGEST_CALL + 2 * 64 * 1024
    assert await stored(served) == []


async def test_only_forms_with_files_may_be_longer_than_others(run):
    served = await run(media={"max_bytes": 2 * LARGEST_CALL})
    taken = set()
    for route in served.app.routes:
        if not isinstance(route, APIRoute) or "POST" not in route.methods:
            continue
        scope = {"type": "http", "path": re.sub(r"\{[^}]+\}", "some-key", route.path)}
        if await takes(scope, LARGEST_CALL + 1):
            taken.add(route.path)
    assert taken == {
        "/inbox/{conversation_id}/files",
        "/inboxes/{inbox}/files",
        "/kb/entry",
        "/kb/files",
        "/kb/import",
        "/kb/new",
        "/kb/{key:path}",
    }


async def takes(scope, length):
    """Say whether a body of this length is read to its end."""
    read = []

    async def app(_scope, receive, _send):
        read.append(await receive())

    async def give():
        return {"type": "http.request", "body": b"x" * length}

    async def tell(_message):
        pass

    limit = BodyLimit(app, largest_file=2 * LARGEST_CALL)
    await limit({**scope, "headers": []}, give, tell)
    return bool(read)


async def test_what_is_over_in_an_entrys_form_is_let_go_by_and_told():
    pieces = iter([b"a" * 600, b"b" * 600, b"c" * 600])
    left = {"type": "http.disconnect"}
    seen = []

    async def give():
        piece = next(pieces, None)
        return (
            left
            if piece is None
            else {"type": "http.request", "body": piece, "more_body": piece[:1] != b"c"}
        )

    async def app(scope, receive, _send):
        seen.extend([await receive(), await receive(), await receive(), scope[CUT]])

    scope = {"type": "http", "path": "/kb/new", "headers": [(b"content-length", b"1800")]}
    await BodyLimit(app, 100, 1_000)(scope, give, None)
    assert [message.get("body") for message in seen[:2]] == [b"a" * 600, b"b" * 400]
    assert not seen[1]["more_body"]
    assert seen[2:] == [left, True]
    assert next(pieces, None) is None


@pytest.mark.parametrize("limit", range(100, 330, 7))
async def test_a_form_is_read_up_to_where_it_is_cut(limit):
    whole = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="%d"\r\n\r\n%b\r\n'
        % (number, bytes([65 + number]) * 50)
        for number in range(4)
    )
    seen = []

    async def give():
        return {"type": "http.request", "body": whole + b"--x--\r\n"}

    async def app(scope, receive, _send):
        async with Request(scope, receive).form() as form:
            seen.extend([await each.read() for each in form.getlist("f")])
        assert scope[CUT]

    scope = {"type": "http", "method": "POST", "path": "/kb/new"}
    kind = b'multipart/form-data; boundary="x"'
    await BodyLimit(app, 10, limit)({**scope, "headers": [(b"content-type", kind)]}, give, None)
    assert seen[:-1] == [bytes([65 + number]) * 50 for number in range(len(seen) - 1)]
    assert len(seen) >= limit // 120


async def test_strangers_send_no_entry_that_anybody_reads(run):
    served = await run()

    async def unread():
        raise AssertionError("somebody reads it")
        yield b""

    headers = {**FILE, "content-length": str(100 * LARGEST_CALL)}
    answer = await served.client.post("/kb/new", content=unread(), headers=headers)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


async def test_a_body_announced_as_too_long_is_not_read_at_all(run):
    served = await run()

    async def unread():
        raise AssertionError("somebody reads it")
        yield b""

    headers = {"content-length": str(LARGEST_CALL + 1)}
    answer = await served.client.post("/login", content=unread(), headers=headers)
    assert answer.status_code == 413


async def test_a_body_at_the_limit_is_taken(run):
    served = await run()
    body = call("a" * (LARGEST_CALL - len(call(""))))
    assert len(body) == LARGEST_CALL
    assert (await served.client.post(HOOK, content=body)).status_code == 200


async def test_what_cannot_be_stored_is_asked_for_again(run):
    served = await run()
    await served.service.db.__aexit__()
    answer = await served.client.post(HOOK, content=call())
    await served.service.db.__aenter__()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert await stored(served) == []


def test_calls_that_cannot_be_stored_are_logged_once_a_second_and_counted():
    refusals = Refusals()
    with capture_logs() as logs:
        for moment in (5.0, 5.1, 5.9, 6.1, 6.2, 9.0):
            refusals.tell("shop", Unavailable("too much"), moment)
    assert [(line["inbox"], line["before"]) for line in logs] == [
        ("shop", 0),
        ("shop", 2),
        ("shop", 1),
    ]


async def test_an_inbox_that_is_not_open_asks_to_come_again(run):
    served = await run()
    answer = await served.client.post(HOOK, content=call(), headers={"x-closed": "1"})
    assert (answer.status_code, answer.text) == (503, "try again")


async def test_other_methods_are_refused(run):
    served = await run()
    assert (await served.client.put(HOOK, content=call())).status_code == 405


async def test_it_says_that_it_lives(run):
    served = await run()
    assert (await served.client.get("/healthz")).json() == {"status": "alive"}


async def test_ready_means_that_customers_can_be_served(run):
    served = await run({"shop": {}, "off": {"enabled": False}})
    answer = await served.client.get("/readyz")
    assert answer.status_code == 200
    facts = answer.json()
    assert facts["status"] == "ready"
    assert facts["inboxes"] == {"shop": "ready", "off": "disabled"}
    assert facts["backlog"] == 0


async def test_an_inbox_that_is_down_does_not_make_the_service_unready(run):
    served = await run()
    served.service.inboxes.get("shop").state = "degraded"
    answer = await served.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["inboxes"] == {"shop": "degraded"}


async def test_an_inbox_that_is_held_or_must_wait_is_named_and_the_service_is_ready(run):
    served = await run({"shop": {}, "other": {}})
    db, now = served.service.db, served.service.clock()
    for _ in range(paces.PATIENCE):
        await db.write(paces.stumbled, "shop", "HTTP 503", now, now + timedelta(minutes=5))
    await db.write(paces.block, "other", paces.WHOLE, now, now + timedelta(minutes=5))
    answer = await served.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["inboxes"] == {"shop": "held", "other": "paused"}


async def test_a_website_chat_that_is_not_open_yet_makes_the_service_wait(run):
    served = await run({"shop": {}, "site": {"channel": "webchat"}})
    assert (await served.client.get("/readyz")).status_code == 200
    served.service.inboxes.get("site").state = "starting"
    assert (await served.client.get("/readyz")).status_code == 503
    served.service.inboxes.get("site").state = "degraded"
    assert (await served.client.get("/readyz")).status_code == 200


async def test_without_a_database_it_is_not_ready_until_it_is_back(run):
    served = await run()
    await served.service.db.__aexit__()
    down = await served.client.get("/readyz")
    await served.service.db.__aenter__()
    assert (down.status_code, down.json()["database"]) == (503, False)
    assert (await served.client.get("/readyz")).status_code == 200


async def test_who_is_stopping_is_not_ready(run):
    served = await run()
    served.service.begin_stop()
    assert (await served.client.get("/readyz")).status_code == 503


async def test_the_counters_can_be_read(run):
    served = await run()
    await served.client.post(HOOK, content=call())
    words = (await served.client.get("/metrics")).text
    assert 'yingda_inbound_total{inbox="shop",result="message"} 1.0' in words
    assert 'yingda_acknowledge_seconds_count{inbox="shop"} 1.0' in words
    assert 'yingda_inbox_ready{inbox="shop"} 1.0' in words


@pytest.mark.parametrize(
    "given", [None, "", "Bearer wrong", "s3cr3t", "Bearer s3cr3t ", "Bearer ü"]
)
async def test_with_a_token_the_counters_are_for_its_bearer_only(run, given):
    served = await run(metrics_token="s3cr3t")
    headers = {} if given is None else {"authorization": given.encode()}
    refused = await served.client.get("/metrics", headers=headers)
    assert refused.status_code == 401
    assert "yingda_" not in refused.text
    right = await served.client.get("/metrics", headers={"authorization": "Bearer s3cr3t"})
    assert right.status_code == 200


async def test_no_address_describes_our_api_to_strangers(run):
    served = await run()
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await served.client.get(path)).status_code == 404


async def statuses(served):
    rows = await served.service.db.read(lambda s: list(s.exec(select(Delivery))))
    return [row.status.value for row in rows]


async def until(served, *wanted):
    async with asyncio.timeout(60):
        while await statuses(served) != list(wanted):
            await asyncio.sleep(0)


async def called(served, body, stays_for):
    """Call as a platform that hangs up after it was looked at so many times; return its answer."""
    still_there = {"type": "http.request", "body": b""}
    coming = [{**still_there, "body": body}, *[still_there] * stays_for]
    written = []

    async def receive():
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message):
        written.append(message)

    scope = {
        "type": "http", "method": "POST", "path": HOOK, "headers": [],
        "query_string": b"", "http_version": "1.1", "scheme": "http", "server": ("shop.test", 80),
    }  # fmt: skip
    await served.app(scope, receive, send)
    return written[1]["body"]


async def test_who_hung_up_leaves_the_answer_to_the_retry_which_then_counts_as_sent(run):
    served = await run({"shop": {"mode": "passive"}})
    assert await called(served, call("转人工"), stays_for=0) == b"ok"
    await until(served, "pending")
    answer = await served.client.post(HOOK, content=call("转人工"))
    assert answer.headers["x-answer"] == "yes"
    await until(served, "sent")


async def test_an_answer_to_who_hung_up_meanwhile_does_not_count_as_sent(run):
    served = await run({"shop": {"mode": "passive"}})
    answer = await called(served, call("转人工"), stays_for=1)
    assert await statuses(served) == ["sending"]
    assert await called(served, call("转人工"), stays_for=2) == answer
    await until(served, "sent")


async def test_a_real_call_of_wechat_brings_the_answer_back(run):
    phone = Simulator("shop", lambda: datetime.now(UTC), mode="passive", encrypted=True)
    told = {"channel": "wechat", "base_url": closed_url(), **phone.settings}
    served = await run({"shop": told})
    async with serve(served.app) as url, httpx.AsyncClient(timeout=60) as platform:
        push = phone.say(OPENID, "转人工")
        assert await phone.deliver(platform, f"{url}{HOOK}", push) == 200
        assert await phone.deliver(platform, f"{url}{HOOK}", push) == 200
    first, again = phone.seen_by(OPENID)
    assert first.text == again.text
    await until(served, "sent")
