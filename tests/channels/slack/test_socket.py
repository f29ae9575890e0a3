"""Socket Mode against Slack's end of it."""

import asyncio
import contextlib

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from channels.base import Listening, Reception
from channels.errors import RateLimited, Unauthorized, Unavailable
from channels.simulation import Fault
from channels.slack.adapter import Adapter
from channels.slack.config import Config
from channels.slack.simulated_rules import rate_limited, refusal
from channels.slack.simulator import PUBLIC, Simulator
from channels.testing import RememberedMemory, serve
from tests.channels.slack.calls import NOW, SHEETS


class Store:
    """Keeps what is accepted, or fails as told."""

    def __init__(self):
        self.kept: list[Reception] = []
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Semaphore(0)

    async def accept(self, reception):
        self.asked.release()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        self.kept.append(reception)

    @property
    def texts(self):
        return [message.text for reception in self.kept for message in reception.messages]


@pytest.fixture
def simulator():
    return Simulator("main", lambda: NOW, transport="socket")


@pytest.fixture
async def adapter(simulator):
    async with serve(simulator.app) as url:
        config = Config(channel="slack", base_url=url, **simulator.settings)
        built = Adapter("main", config, RememberedMemory(), lambda: NOW)
        built.offer(SHEETS)
        async with built as ready:
            yield ready


@contextlib.asynccontextmanager
async def listening(adapter, store):
    task = asyncio.create_task(adapter.listen(store.accept))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_inbox_says_how_it_listens(adapter, simulator):
    assert isinstance(adapter, Listening)
    assert adapter.listening
    settings = {**simulator.settings, "transport": "http"}
    config = Config(channel="slack", **settings)
    assert not Adapter("main", config, RememberedMemory(), lambda: NOW).listening


async def test_what_slack_is_answered_rides_in_the_acknowledgement(adapter, simulator):
    store = Store()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        asked = simulator.command("lilei", "/yingda", "怎么退货", channel=PUBLIC)
        assert await simulator.deliver(None, "", asked) == 200
        await simulator.deliver(None, "", simulator.command("lilei", "/yingda", "投诉"))
        await adapter._errands.finish()
        await simulator.deliver(None, "", simulator.hand_in("lilei", {"facts": "?"}))
        assert set(simulator.form_of("lilei")["wrong"]) == {"facts", "wish"}
        filled = {"facts": "包裹两周没有到", "wish": "其他"}
        await simulator.deliver(None, "", simulator.hand_in("lilei", filled))
    assert simulator.form_of("lilei") is None
    assert [seen.text[:2] for seen in simulator.seen_by("lilei")] == ["收到"]
    assert [len(reception.messages) for reception in store.kept] == [1, 0, 0, 1]


async def test_messages_taps_and_commands_come_over_the_socket(adapter, simulator):
    store = Store()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        for push in (
            simulator.say("lilei", "退款 <A>"),
            simulator.command("lilei", "/help", "a & b"),
            simulator.mention("hanmei", "在吗"),
        ):
            assert await simulator.deliver(None, "", push) == 200
    assert store.texts == ["退款 <A>", "a & b", "在吗"]
    assert simulator.line.waiting == {}


async def test_an_envelope_is_acknowledged_only_when_it_is_stored(adapter, simulator):
    store = Store()
    store.gate.clear()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        envelope_id = await simulator.enqueue(simulator.say("lilei", "hi"))
        await store.asked.acquire()
        assert simulator.line.acknowledged == []
        store.gate.set()
        await simulator.line.until_acknowledged(envelope_id)
    assert store.texts == ["hi"]


async def test_what_was_not_stored_comes_again_with_the_next_connection(adapter, simulator):
    store = Store()
    store.failures.append(OSError("disk full"))
    async with listening(adapter, store):
        await simulator.line.until_connected()
        lost = await simulator.enqueue(simulator.say("lilei", "one"))
        kept = await simulator.enqueue(simulator.say("lilei", "two"))
        await simulator.line.until_acknowledged(kept)
        assert store.texts == ["two"]
        await simulator.line.end()
        await simulator.line.until_acknowledged(lost)
    assert store.texts == ["two", "one"]


async def test_what_waited_while_nobody_listened_is_heard_in_order(adapter, simulator):
    envelopes = [await simulator.enqueue(simulator.say("lilei", f"{n}")) for n in range(20)]
    store = Store()
    async with listening(adapter, store):
        await simulator.line.until_acknowledged(envelopes[-1])
    assert store.texts == [f"{n}" for n in range(20)]


async def test_a_cancelled_listener_loses_nothing(adapter, simulator):
    store = Store()
    store.gate.clear()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        envelope_id = await simulator.enqueue(simulator.say("lilei", "hi"))
        await store.asked.acquire()
    again = Store()
    async with listening(adapter, again):
        await simulator.line.until_acknowledged(envelope_id)
    assert store.texts == []
    assert again.texts == ["hi"]


@pytest.mark.parametrize("payload", [None, 7, [], "x", {}, {"type": "event_callback", "event": 7}])
async def test_a_senseless_envelope_is_kept_and_acknowledged(adapter, simulator, payload):
    store = Store()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        await simulator.line.links[0].send_text("{")
        await simulator.line.links[0].send_text("[]")
        await simulator.line.links[0].send_text('{"envelope_id": 7}')
        await simulator.line.hand_out({"envelope_id": "e", "payload": payload})
        await simulator.line.until_acknowledged("e")
    assert [len(reception.quarantined) for reception in store.kept] == [1]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refusal("invalid_auth"), Unauthorized),
        (refusal("internal_error"), Unavailable),
        (rate_limited(9), RateLimited),
        (Fault(500, b"<html>", {"content-type": "text/html"}), Unavailable),
        (Fault(200, b'{"ok":true}', {"content-type": "application/json"}), Unavailable),
    ],
)
async def test_a_connection_that_slack_refuses_ends_with_its_error(adapter, simulator, fault, kind):
    simulator.faults.append(fault)
    with pytest.raises(kind):
        await adapter.listen(Store().accept)


async def test_a_token_revoked_in_the_meantime_ends_with_its_error(adapter, simulator):
    store = Store()
    async with listening(adapter, store) as task:
        await simulator.line.until_connected()
        simulator.faults.append(refusal("token_revoked"))
        await simulator.line.end()
        with pytest.raises(Unauthorized):
            await task


async def test_socket_mode_switched_off_needs_a_human(adapter, simulator):
    async with listening(adapter, Store()) as task:
        await simulator.line.until_connected()
        await simulator.line.end("link_disabled")
        with pytest.raises(Unauthorized, match="switched off"):
            await task


async def test_a_broken_connection_is_made_again(adapter, simulator):
    store = Store()
    async with listening(adapter, store):
        await simulator.line.until_connected()
        await simulator.line.links.pop().close(1011)
        await simulator.line.until_connected()
        assert await simulator.deliver(None, "", simulator.say("lilei", "hi")) == 200
    assert store.texts == ["hi"]


async def test_a_url_that_answers_no_socket_is_unavailable_and_shows_no_ticket(adapter, simulator):
    url = f"{adapter._config.base_url.replace('http', 'ws')}/nowhere?ticket=hidden"
    answer = f'{{"ok":true,"url":"{url}"}}'.encode()
    simulator.faults.append(Fault(200, answer, {"content-type": "application/json"}))
    with pytest.raises(Unavailable) as failed:
        await adapter.listen(Store().accept)
    assert "hidden" not in f"{failed.value!r} {failed.value.__cause__!r}"


async def test_a_closed_inbox_does_not_listen(simulator):
    config = Config(channel="slack", **simulator.settings)
    with pytest.raises(Unavailable):
        await Adapter("main", config, RememberedMemory(), lambda: NOW).listen(Store().accept)


async def test_a_socket_that_closes_without_hello_is_unavailable(adapter, simulator):
    async def rude(link):
        await link.accept()
        await link.close()

    async with serve(Starlette(routes=[WebSocketRoute("/", rude)])) as url:
        answer = f'{{"ok":true,"url":"{url.replace("http", "ws")}/"}}'.encode()
        simulator.faults.append(Fault(200, answer, {"content-type": "application/json"}))
        with pytest.raises(Unavailable, match="before Slack said hello"):
            await adapter.listen(Store().accept)
