"""A bot that opens, listens, speaks and keeps its secrets."""

from __future__ import annotations

import logging
import traceback

import pytest

from channels.errors import (
    BadRequest,
    Blocked,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.message import Choice, Choices, ContactEvent, Media, Selection, Text
from channels.simulation import Fault
from channels.telegram.simulated_answers import refusal
from channels.testing import HANG_UP, HeldFiles, as_request, closed_url
from channels.testing.samples import SAMPLES


async def hear(adapter, push):
    (message,) = (await adapter.receive(as_request(push))).messages
    return message


async def test_a_wrong_token_asks_for_a_human(build, simulator):
    wrong = simulator.token[::-1].replace(":", "") + "0"
    adapter = build(bot_token=f"{simulator.bot_id}:{wrong}")
    with pytest.raises(Unauthorized) as refused:
        await adapter.__aenter__()
    assert wrong not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("fault", [Fault(502, b"<html>"), Fault(200, b'{"ok":true}'), Fault(0)])
async def test_a_platform_that_is_down_at_the_start_is_tried_again(build, simulator, fault):
    simulator.faults.append(fault)
    adapter = build()
    with pytest.raises(Unavailable):
        await adapter.__aenter__()
    async with adapter:
        assert await hear(adapter, simulator.say("1001", "hi"))


async def test_a_getme_without_its_fields_is_tried_again(build, simulator):
    simulator.faults.append(Fault(200, b'{"ok":true,"result":{"id":"x"}}'))
    with pytest.raises(Unavailable):
        await build().__aenter__()


async def test_nobody_there_is_unavailable(build):
    with pytest.raises(Unavailable):
        await build(base_url=closed_url()).__aenter__()


async def test_a_proxy_is_asked_instead(build, simulator, base_url, outgoing):
    async with build(base_url="http://telegram.invalid", proxy=base_url) as adapter:
        await hear(adapter, simulator.say("1001", "hi"))
        await adapter.send(outgoing(Text(text="hello")))
    assert simulator.seen_by("1001")


async def test_a_proxy_that_is_down_is_unavailable(build):
    with pytest.raises(Unavailable):
        await build(proxy=closed_url()).__aenter__()


async def test_an_open_channel_can_be_closed_and_opened_again(build, simulator, outgoing):
    adapter = build()
    for _ in range(2):
        async with adapter:
            await hear(adapter, simulator.say("1001", "hi"))
            await adapter.send(outgoing(Text(text="hello")))
    assert len(simulator.screen) == 2


async def test_a_webhook_url_is_told_to_telegram(build, simulator):
    async with build(webhook_url="https://help.example.com/inboxes/main/webhook") as adapter:
        assert simulator.webhook == "https://help.example.com/inboxes/main/webhook"
        assert not adapter.polling


async def test_polling_takes_an_old_webhook_away(build, simulator):
    simulator.webhook = "https://old.example.com"
    async with build(transport="polling") as adapter:
        assert simulator.webhook == ""
        assert adapter.polling


async def test_a_polling_inbox_without_a_secret_takes_no_calls(build, simulator):
    async with build(transport="polling", secret_token=None) as adapter:
        with pytest.raises(BadRequest):
            await adapter.receive(as_request(simulator.say("1001", "hi")))


async def test_a_start_with_a_payload_says_where_the_customer_came_from(adapter, simulator):
    message = await hear(adapter, simulator.start("1001", "order_8812"))
    assert message.parts == (ContactEvent(event="opened", context="order_8812"),)


async def test_a_tap_is_acknowledged_in_the_answer_to_telegrams_call(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    options = (Choice(value="yes", label="是"), Choice(value="no", label="否"))
    await adapter.send(outgoing(Choices(prompt="好吗？", options=options)))
    push = simulator.tap(simulator.screen[-1], 1)
    reception = await adapter.receive(as_request(push))
    assert reception.messages[0].parts == (Selection(value="no", label="否"),)
    simulator.answered(push, reception.body)
    assert len(simulator.acknowledged) == 1


async def test_typing_shows(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    await adapter.typing(outgoing(Text(text="-")).address)
    assert simulator.typed == ["1001"]


async def test_an_answer_can_quote_what_it_answers(adapter, simulator, outgoing):
    message = await hear(adapter, simulator.say("1001", "hi"))
    sent = await adapter.send(outgoing(Text(text="hello"), reply_to=message.platform_id))
    assert simulator.screen[-1].platform_id == sent.platform_id
    await adapter.send(outgoing(Text(text="again"), reply_to="not a number"))
    assert [seen.text for seen in simulator.screen] == ["hello", "again"]


async def test_an_emoji_is_never_cut_and_counts_twice(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    await adapter.send(outgoing(Text(text="😀" * 2049)))
    assert [seen.text for seen in simulator.screen] == ["😀" * 2048, "😀"]


async def test_a_customer_who_blocked_us_is_blocked_until_they_return(adapter, simulator, outgoing):
    event = await hear(adapter, simulator.block("1001"))
    assert event.parts == (ContactEvent(event="blocked"),)
    with pytest.raises(Blocked):
        await adapter.send(outgoing(Text(text="hello")))
    await hear(adapter, simulator.unblock("1001"))
    await adapter.send(outgoing(Text(text="hello")))
    assert len(simulator.screen) == 1


@pytest.mark.parametrize("thread", ["nowhere", "", "4711"])
async def test_a_chat_that_is_none_is_refused(adapter, outgoing, thread):
    with pytest.raises(Refused):
        await adapter.send(outgoing(Text(text="hello"), thread=thread))


async def test_a_groups_thread_is_answered_in_the_group(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    await adapter.send(outgoing(Text(text="hello"), thread="1001:42"))
    assert simulator.seen_by("1001")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(429),
        Fault(429, b"{"),
        Fault(429, headers={"retry-after": "3"}),
        refusal(429, "slow", retry_after=3),
    ],
)
async def test_a_fault_after_the_first_piece_is_uncertain(adapter, simulator, outgoing, fault):
    await hear(adapter, simulator.say("1001", "hi"))
    show = simulator.show

    def shown(*args, **more):
        simulator.faults.append(fault)
        return show(*args, **more)

    simulator.show = shown
    with pytest.raises(Uncertain, match="1 of 2 pieces"):
        await adapter.send(outgoing(Text(text="a" * 5000)))
    assert len(simulator.screen) == 1


async def test_a_refusal_says_how_many_pieces_were_taken_before(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    show = simulator.show

    def shown(*args, **more):
        simulator.faults.append(refusal(403, "Forbidden: bot was blocked by the user"))
        return show(*args, **more)

    simulator.show = shown
    with pytest.raises(Blocked) as refused:
        await adapter.send(outgoing(Text(text="a" * 5000)))
    assert refused.value.after == 1
    simulator.faults.append(refusal(403, "Forbidden: bot was blocked by the user"))
    with pytest.raises(Blocked) as refused:
        await adapter.send(outgoing(Text(text="hello")))
    assert refused.value.after == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"ok", b"[" * 50_000, b'{"ok":true}', b'{"ok":true,"result":{}}', b"\xff"],
)
async def test_an_answer_without_sense_is_uncertain(adapter, simulator, outgoing, body):
    await hear(adapter, simulator.say("1001", "hi"))
    simulator.faults.append(Fault(200, body))
    with pytest.raises(Uncertain):
        await adapter.send(outgoing(Text(text="hello")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"ok":false}',
        b'{"ok":false,"description":5,"parameters":[]}',
        b'{"ok":false,"description":"x","parameters":{"retry_after":"soon"}}',
    ],
)
async def test_a_refusal_without_sense_is_a_refusal(adapter, simulator, outgoing, body):
    await hear(adapter, simulator.say("1001", "hi"))
    simulator.faults.append(Fault(400, body))
    with pytest.raises(Refused):
        await adapter.send(outgoing(Text(text="hello")))


async def test_no_token_is_logged_or_traced(build, simulator, outgoing, caplog):
    caplog.set_level(logging.DEBUG)
    texts = []
    async with build() as adapter:
        await hear(adapter, simulator.say("1001", "hi"))
        for fault in (Fault(HANG_UP), Fault(500), Fault(404), Fault(400, b"?"), Fault(200, b"?")):
            simulator.faults.append(fault)
            with pytest.raises(Exception) as raised:  # noqa: PT011 - any of ours
                await adapter.send(outgoing(Text(text="my private words")))
            texts += traceback.format_exception(raised.value)
        texts += [repr(adapter), repr(vars(adapter)["_config"])]
    own = [line for line in caplog.records if line.name.startswith(("httpx", "telegram"))]
    assert any("bot***" in line.getMessage() for line in own)
    texts += [line.getMessage() for line in own]
    for secret in (simulator.token, simulator.token.partition(":")[2], simulator.secret):
        assert not [text for text in texts if secret in text]
    assert not [line for line in own if "my private words" in line.getMessage()]


async def test_taps_that_waited_are_acknowledged_when_the_channel_closes(build, simulator):
    async with build(transport="polling") as adapter:
        seen = simulator.show("1001", "ok?", [("y", "yes")], "5")
        simulator.offer(simulator.tap(seen, 0))
        stream = adapter.poll(None)
        await anext(stream)
        await stream.aclose()
        assert not simulator.acknowledged
    assert simulator.acknowledged == simulator.taps


async def test_a_tap_that_telegram_has_given_up_costs_nothing(build, simulator):
    async with build(transport="polling") as adapter:
        for number in range(3):
            seen = simulator.show("1001", "ok?", [("y", "yes")], f"{number + 5}")
            simulator.offer(simulator.tap(seen, 0))
        old = min(simulator.taps)
        simulator.taps.discard(old)
        stream = adapter.poll(None)
        taken = [(await anext(stream))[1].messages[0].text for _ in range(3)]
        await stream.aclose()
    assert taken == ["yes"] * 3
    assert simulator.acknowledged == simulator.taps


async def test_pictures_that_were_sent_at_once_say_so(adapter, simulator):
    pushes = simulator.album("1001", [b"one", b"two"], "看")
    first, second = [await hear(adapter, push) for push in pushes]
    assert first.album == second.album is not None
    assert (first.text, second.text) == ("看", "")
    assert (await hear(adapter, simulator.album("1001", [b"three"])[0])).album != first.album


async def test_words_before_a_file_are_its_caption(build, simulator, outgoing):
    files = HeldFiles()
    content = SAMPLES["application/pdf"]
    shown = Media(kind="file", ref=files.keep("a.pdf", "application/pdf", content))
    async with build() as adapter:
        adapter.lend(files)
        await hear(adapter, simulator.say("1001", "hi"))
        for words in ("请看 <b>", "😀" * 512, "😀" * 513):
            await adapter.send(outgoing(Text(text=words), shown, Text(text="再见")))
    assert [(seen.text, bool(seen.file)) for seen in simulator.screen] == [
        *(("请看 <b>", True), ("再见", False), ("😀" * 512, True), ("再见", False)),
        *(("😀" * 513, False), ("", True), ("再见", False)),
    ]


@pytest.mark.parametrize("taken", [True, False])
async def test_a_question_stands_out_where_telegram_takes_it_and_arrives_anyway(
    adapter, simulator, outgoing, taken
):
    await hear(adapter, simulator.say("1001", "hi"))
    simulator.takes_markup = taken
    options = (Choice(value="y", label="是"),)
    said = "a]]>b &amp; <b>x</b> _*[`"
    await adapter.send(outgoing(Text(text=said), Choices(prompt="好<吗>?", options=options)))
    (seen,) = simulator.screen
    assert (seen.text, seen.options) == (f"{said}\n好<吗>?", (("y", "是"),))
    assert len([call for call in simulator.calls if "sendMessage" in call]) == 2 - taken


async def test_a_refusal_of_something_else_is_not_tried_plainly(adapter, simulator, outgoing):
    await hear(adapter, simulator.say("1001", "hi"))
    simulator.faults.append(refusal(400, "Bad Request: chat not found"))
    asked = Choices(prompt="好吗?", options=(Choice(value="y", label="是"),))
    with pytest.raises(Refused, match="Chat not found"):
        await adapter.send(outgoing(Text(text="三天"), asked))
    assert simulator.screen == []
