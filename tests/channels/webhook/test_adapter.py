import json
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from channels.base import Request
from channels.errors import BadRequest, Refused, Unauthorized
from channels.message import Address, Choice, Choices, Location, Media, OutgoingMessage, Text
from channels.simulation import Fault
from channels.testing import HeldFiles, RememberedMemory, serve
from channels.testing.samples import SAMPLES
from channels.webhook.adapter import Adapter
from channels.webhook.config import Config
from channels.webhook.simulator import OTHER, SECRET, Simulator

ADDRESS = Address(inbox="shop", thread="order-77", contact="u-1")


@pytest.fixture
async def joined(clock) -> AsyncIterator[tuple[Adapter, Simulator]]:
    simulator = Simulator("shop", clock)
    async with serve(simulator.app) as url:
        config = Config(channel="webhook", base_url=url, **simulator.settings)
        async with Adapter("shop", config, RememberedMemory(clock), clock) as adapter:
            yield adapter, simulator


def saying(*parts, delivery_id="d-1") -> OutgoingMessage:
    return OutgoingMessage(address=ADDRESS, delivery_id=delivery_id, parts=parts)


async def test_a_reply_tells_all_that_a_shops_app_needs(joined):
    adapter, simulator = joined
    options = (Choice(value="a", label="退货"), Choice(value="b", label="换货"))
    sent = await adapter.send(
        saying(Text(text="好的"), Choices(prompt="哪一种？", options=options))
    )
    (seen,) = simulator.screen
    assert (seen.contact, seen.text, seen.options) == (
        "u-1",
        "好的\n哪一种？",
        (("a", "退货"), ("b", "换货")),
    )
    assert (sent.platform_id, sent.pieces) == ("r-1", 1)


async def test_a_place_is_sent_as_a_place_and_a_picture_is_named(joined):
    adapter, simulator = joined
    await adapter.send(saying(Location(latitude=31.2, longitude=121.5, label="店")))
    await adapter.send(saying(Media(kind="image", ref="r"), delivery_id="d-2"))
    assert simulator.screen[0].text == "店"
    assert "image" in simulator.screen[1].text


async def test_a_receiver_that_is_gone_needs_a_human(joined):
    adapter, simulator = joined
    simulator.faults.append(Fault(410))
    with pytest.raises(Unauthorized, match="url"):
        await adapter.send(saying(Text(text="hi")))


async def test_a_receiver_that_refuses_is_not_asked_again(joined):
    adapter, simulator = joined
    simulator.faults.append(Fault(400, b'{"error":"no"}'))
    with pytest.raises(Refused, match="400"):
        await adapter.send(saying(Text(text="hi")))


async def test_an_answer_without_an_id_is_a_yes_as_well(joined):
    adapter, simulator = joined
    for body in (b"", b"ok", b'{"id": 7}', b"[]"):
        simulator.faults.append(Fault(204 if not body else 200, body))
        assert (await adapter.send(saying(Text(text="hi")))).platform_id is None


async def test_while_the_secret_changes_the_old_one_is_believed_and_signs_too(clock):
    simulator = Simulator("shop", clock)
    async with serve(simulator.app) as url:
        config = Config(channel="webhook", base_url=url, secret=OTHER, old_secret=SECRET)
        async with Adapter("shop", config, RememberedMemory(clock), clock) as adapter:
            push = simulator.say("u-1", "hi")
            (message,) = (
                await adapter.receive(Request("POST", {}, push.headers, push.body))
            ).messages
            assert message.text == "hi"
            await adapter.send(saying(Text(text="hello")))
    assert simulator.screen[0].text == "hello"


async def test_a_get_is_answered_with_what_to_do(joined):
    adapter, simulator = joined
    push = simulator.say("u-1", "hi")
    with pytest.raises(BadRequest, match="post") as refused:
        await adapter.receive(Request("GET", {}, push.headers, push.body))
    assert refused.value.status == 405


async def test_an_acknowledgement_is_json(joined):
    adapter, simulator = joined
    push = simulator.say("u-1", "hi")
    reception = await adapter.receive(Request("POST", {}, push.headers, push.body))
    assert json.loads(reception.body) == {"ok": True}


def test_an_inbox_that_cannot_reply_is_refused_at_the_start():
    with pytest.raises(ValidationError, match="url is missing"):
        Config(channel="webhook", secret=SECRET)
    with pytest.raises(ValidationError, match="openssl"):
        Config(channel="webhook", secret="hunter2", url="https://shop.example.com/replies")


async def test_a_file_is_posted_by_itself_where_files_are_wanted(clock):
    simulator, files = Simulator("shop", clock), HeldFiles()
    async with serve(simulator.app) as url:
        told = {**simulator.settings, "channel": "webhook", "base_url": url, "attachments": True}
        async with Adapter("shop", Config(**told), RememberedMemory(clock), clock) as adapter:
            adapter.lend(files)
            ref = files.keep("发票.pdf", "application/pdf", SAMPLES["application/pdf"])
            parts = (Text(text="请看"), Media(kind="file", ref=ref), Text(text="谢谢"))
            sent = await adapter.send(saying(*parts))
            await adapter.send(saying(*parts))
    posted = [(seen.text, seen.file and seen.file.name) for seen in simulator.screen]
    assert posted == [("请看", None), ("", "发票.pdf"), ("谢谢", None)]
    assert simulator.screen[1].file.content == SAMPLES["application/pdf"]
    assert sent.pieces == 3


async def test_a_file_of_the_other_sides_is_never_fetched_from_our_own_network(joined):
    adapter, _ = joined
    for address in ("http://127.0.0.1/x", "http://192.168.1.1/x", "http://shop.local:8080/x"):
        with pytest.raises(Refused):
            async with adapter.fetch(address):
                pytest.fail("it is fetched")
