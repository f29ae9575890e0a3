"""What goes out, and what becomes of it when Slack says no."""

import asyncio
import json

import pytest
from aiohttp import web

from channels.errors import (
    Blocked,
    ChannelError,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.message import Address, Choice, Choices, ContactEvent, OutgoingMessage, Text
from channels.simulation import Fault
from channels.slack.simulated_rules import rate_limited, refusal
from channels.slack.simulator import PUBLIC, TEAM, user_of
from channels.slack.web import WORDS
from channels.testing import HANG_UP, as_request, serve
from tests.channels.slack.conftest import answer_to, build
from tests.leaps import leap

LONG = "字" * 4000 + "。" + "句" * 3000
ERRORS = {
    "rate_limited": RateLimited,
    "unavailable": Unavailable,
    "unauthorized": Unauthorized,
    "blocked": Blocked,
    "too_long": TooLong,
    "uncertain": Uncertain,
}


async def test_an_answer_in_a_channel_stays_in_its_thread(adapter, simulator):
    push = simulator.mention("lilei", "怎么退货？")
    sent = await adapter.send(await answer_to(adapter, push, Text(text="七天内")))
    post = simulator.posts[sent.platform_id]
    assert post["channel"] == PUBLIC
    assert post["thread_ts"] == json.loads(push.body)["event"]["ts"]
    assert [seen.text for seen in simulator.seen_by("lilei")] == ["七天内"]


async def test_an_answer_in_private_starts_no_thread(adapter, simulator):
    push = simulator.say("lilei", "hi")
    sent = await adapter.send(await answer_to(adapter, push, Text(text="*您好*")))
    post = simulator.posts[sent.platform_id]
    assert "thread_ts" not in post
    assert post["mrkdwn"] is False
    assert post["metadata"]["event_payload"] == {"delivery_id": "d-1", "piece": 0}


async def test_a_person_can_be_written_to_by_their_id(adapter, simulator):
    simulator.say("lilei", "hi")
    address = Address(inbox="main", thread=f"{TEAM}:{user_of('lilei')}", contact="x")
    await adapter.send(OutgoingMessage(address=address, delivery_id="d-1", parts=(Text(text="x"),)))
    assert [seen.text for seen in simulator.seen_by("lilei")] == ["x"]


async def test_a_tap_comes_back_to_the_thread_of_its_buttons(adapter, simulator):
    push = simulator.mention("lilei", "help")
    options = (Choice(value="a", label="甲"), Choice(value="b", label="乙"))
    outgoing = await answer_to(adapter, push, Choices(prompt="?", options=options))
    await adapter.send(outgoing)
    tap = simulator.tap(simulator.seen_by("lilei")[-1], 1)
    (message,) = (await adapter.receive(as_request(tap))).messages
    assert message.address == outgoing.address
    assert message.text == "乙"


async def test_a_message_that_says_nothing_is_refused(adapter, simulator):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), ContactEvent(event="opened"))
    with pytest.raises(Refused):
        await adapter.send(outgoing)


@pytest.mark.parametrize("word", [*WORDS, "channel_not_found", "is_archived", "not_in_channel"])
async def test_each_word_of_slacks_becomes_its_error(adapter, simulator, word):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
    simulator.faults.append(refusal(word))
    with pytest.raises(ChannelError) as failed:
        await adapter.send(outgoing)
    assert type(failed.value) is ERRORS.get(WORDS.get(word), Refused)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(502, b"<html>bad gateway</html>", {"content-type": "text/html"}), Unavailable),
        (Fault(500, b"oops", {"content-type": "text/plain"}), Unavailable),
        (Fault(503, b"{", {"content-type": "application/json"}), Unavailable),
        (Fault(404, b"?"), Refused),
        (Fault(307, headers={"location": "/api/auth.test"}), Unavailable),
        (Fault(200, b"[]", {"content-type": "application/json"}), Uncertain),
        (Fault(200, b'["x"]', {"content-type": "application/json"}), Uncertain),
        (Fault(200, b"{", {"content-type": "application/json"}), Uncertain),
        (Fault(200, b"ok", {"content-type": "text/plain"}), Uncertain),
        (Fault(200, b"<html>", {"content-type": "text/html"}), Uncertain),
        (Fault(200, b"\xff", {"content-type": "application/json"}), Uncertain),
        (Fault(200, b'{"ok":false,"error":7}', {"content-type": "application/json"}), Uncertain),
        (Fault(200, b" " * (2**20 + 1), {"content-type": "application/json"}), Uncertain),
        (Fault(HANG_UP), Uncertain),
        (rate_limited(7), RateLimited),
    ],
)
async def test_each_odd_answer_becomes_its_error(adapter, simulator, fault, kind):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
    simulator.faults.append(fault)
    with pytest.raises(ChannelError) as failed:
        await adapter.send(outgoing)
    assert type(failed.value) is kind
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert simulator.calls.count("/api/chat.postMessage") == 1


async def test_slacks_pause_is_passed_on(adapter, simulator):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
    simulator.faults.append(rate_limited(30))
    with pytest.raises(RateLimited) as limited:
        await adapter.send(outgoing)
    assert limited.value.retry_after == 30


async def test_an_answer_that_takes_too_long_is_uncertain(simulator, url):
    over = asyncio.Event()

    async def outlasts(_delay):
        leap(61)
        await over.wait()

    async with build(simulator, url, timeout=60) as adapter:
        outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
        simulator.faults.append(Fault(delay=120, pause=outlasts))
        with pytest.raises(Uncertain):
            await adapter.send(outgoing)
        over.set()


async def test_what_a_word_means_can_be_configured(simulator, url):
    async with build(simulator, url, errors={"internal_error": "unavailable"}) as adapter:
        outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
        simulator.faults.append(refusal("internal_error"))
        with pytest.raises(Unavailable):
            await adapter.send(outgoing)


@pytest.mark.parametrize("word", ["internal_error", "fatal_error"])
async def test_what_slack_says_may_be_done_in_part_is_in_doubt(adapter, simulator, word):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text="x"))
    simulator.faults.append(refusal(word))
    with pytest.raises(Uncertain):
        await adapter.send(outgoing)


async def let_one_through(simulator, *faults):
    """Let the next call of the simulator work and the ones after it fail."""
    real = simulator.fault

    async def later(request):
        simulator.fault = real
        simulator.calls.append(request.url.path)
        simulator.faults.extend(faults)

    simulator.fault = later


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(503), Uncertain),
        (rate_limited(60), Uncertain),
        (refusal("invalid_auth"), Uncertain),
        (refusal("is_archived"), Refused),
    ],
)
async def test_a_failure_after_the_first_piece_is_not_tried_again(adapter, simulator, fault, kind):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text=LONG))
    await let_one_through(simulator, fault)
    with pytest.raises(kind) as failed:
        await adapter.send(outgoing)
    assert type(failed.value) is kind
    assert len(simulator.screen) == 1


async def test_a_short_pause_between_pieces_is_waited_for(adapter, simulator):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), Text(text=LONG))
    await let_one_through(simulator, rate_limited(0))
    await adapter.send(outgoing)
    assert "".join(seen.text for seen in simulator.screen) == LONG


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_an_account_that_is_refused_says_so_at_the_door(simulator, url, word):
    simulator.faults.append(refusal(word))
    with pytest.raises(Unauthorized, match=word):
        async with build(simulator, url):
            pass


async def test_a_lost_answer_at_the_door_is_tried_again(simulator, url):
    simulator.faults.append(Fault(HANG_UP))
    adapter = build(simulator, url)
    with pytest.raises(Unavailable):
        await adapter.__aenter__()
    async with adapter:
        assert simulator.calls == ["/api/auth.test"] * 2


async def test_a_wrong_token_is_refused_by_slack(simulator, url):
    with pytest.raises(Unauthorized):
        async with build(simulator, url, bot_token="xoxb-other"):
            pass


async def test_an_address_that_is_no_url_is_unavailable(simulator):
    with pytest.raises(Unavailable):
        async with build(simulator, "nonsense"):
            pass


async def test_a_redirect_is_not_followed_with_our_token(simulator):
    heard = []

    async def elsewhere(request):
        heard.append(request.headers.get("authorization"))
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with serve(simulator.app) as url:
        simulator.faults.append(Fault(302, headers={"location": f"http://127.0.0.1:{port}/"}))
        with pytest.raises(Unavailable):
            async with build(simulator, url):
                pass
    await runner.cleanup()
    assert heard == []
