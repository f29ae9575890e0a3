"""Forms in a window, commands, and what Slack lets us say where a customer just was."""

import asyncio
import json

import pytest

from channels.errors import Unavailable, Uncertain
from channels.message import Choice, Choices, Selection, Text
from channels.simulation import Fault
from channels.slack import errands
from channels.slack.simulated_rules import refusal, user_of
from channels.slack.simulator import PUBLIC
from channels.testing import HANG_UP, as_request
from tests.channels.slack.conftest import answer_to, build, hear
from tests.leaps import leap

COMPLAIN = Choices(
    prompt="?",
    options=(Choice(value="x", label="别的"), Choice(value="complaint", label="我要投诉")),
)


async def ask_for_the_form(adapter, push):
    reception = await adapter.receive(as_request(push))
    assert (reception.status, reception.body, reception.messages) == (200, b"", ())
    await adapter._errands.finish()


async def test_a_command_opens_the_form_and_it_comes_back_as_one_message(adapter, simulator):
    push = simulator.command("lilei", "/yingda", "投诉 包裹")
    await ask_for_the_form(adapter, push)
    ((who, view),) = simulator.views.values()
    assert (who, view["title"]["text"]) == ("lilei", "投诉登记")
    assert view["blocks"][0]["element"]["initial_value"] == "包裹"
    handed_in = simulator.submit("lilei", facts="包裹两周没有到", order="A-1", wish="其他")
    message = await hear(adapter, handed_in)
    assert message.parts == (
        Selection(value="form:complaint.1", label="投诉登记"),
        Text(text="包裹两周没有到"),
        Text(text="A-1"),
        Selection(value="form:wish:other", label="其他"),
    )
    assert message.address == (await hear(adapter, simulator.say("lilei", "hi"))).address
    assert (await hear(adapter, handed_in)).dedupe_key == message.dedupe_key


@pytest.mark.parametrize(
    ("locale", "scopes", "title"),
    [
        ("en-GB", ["users:read"], "Make a complaint"),
        ("zh-CN", ["users:read"], "投诉登记"),
        ("", ["users:read"], "投诉登记"),
        ("en-GB", [], "投诉登记"),
    ],
)
async def test_a_shortcut_opens_the_form_in_its_customers_language(
    adapter, simulator, locale, scopes, title
):
    simulator.scopes += scopes
    simulator.locales[user_of("lilei")] = locale
    await ask_for_the_form(adapter, simulator.shortcut("lilei", "complaint"))
    ((who, view),) = simulator.views.values()
    assert (who, view["title"]["text"]) == ("lilei", title)


async def test_where_slack_does_not_tell_the_settings_say_the_language(simulator, url):
    async with build(simulator, url, language="en") as adapter:
        await ask_for_the_form(adapter, simulator.shortcut("lilei", "complaint"))
    ((_, view),) = simulator.views.values()
    assert view["callback_id"].endswith("@en")


async def test_a_slow_answer_about_the_language_opens_the_form_all_the_same(
    simulator, url, monkeypatch
):
    monkeypatch.setattr(errands, "LOOKS_FOR", 60.0)
    over = asyncio.Event()

    async def outlasts(_delay):
        leap(61)
        await over.wait()

    async with build(simulator, url, timeout=600) as adapter:
        simulator.faults.append(Fault(200, b"{}", delay=120, pause=outlasts))
        await ask_for_the_form(adapter, simulator.shortcut("lilei", "complaint"))
        assert len(simulator.views) == 1
        over.set()


async def test_a_button_opens_the_form_and_other_buttons_do_not(adapter, simulator):
    await adapter.send(await answer_to(adapter, simulator.say("lilei", "hi"), COMPLAIN))
    seen = simulator.seen_by("lilei")[-1]
    await ask_for_the_form(adapter, simulator.tap(seen, 1))
    assert len(simulator.views) == 1
    assert (await hear(adapter, simulator.tap(seen, 0))).parts == (
        Selection(value="x", label="别的"),
    )


async def test_a_form_that_lacks_something_stays_open(adapter, simulator):
    await ask_for_the_form(adapter, simulator.command("lilei", "/yingda", "complaint"))
    reception = await adapter.receive(as_request(simulator.submit("lilei", facts="?")))
    assert set(json.loads(reception.body)["errors"]) == {"facts", "wish"}
    assert reception.messages == ()


@pytest.mark.parametrize(
    "fault", [refusal("expired_trigger_id"), Fault(503), Fault(HANG_UP), refusal("invalid_auth")]
)
async def test_a_form_that_does_not_open_is_said_to_and_how_else_to_complain(
    adapter, simulator, fault
):
    push = simulator.command("lilei", "/yingda", "complaint")
    simulator.faults.append(fault)
    await ask_for_the_form(adapter, push)
    assert simulator.views == {}
    assert "please send me the word" in simulator.seen_by("lilei")[-1].text


async def test_who_cannot_even_be_told_costs_nobody_anything(adapter, simulator):
    push = simulator.command("lilei", "/yingda", "complaint")
    simulator.faults.append(Fault(503, times=2))
    await ask_for_the_form(adapter, push)
    assert simulator.screen == []
    assert (await hear(adapter, simulator.say("lilei", "still there?"))).text == "still there?"


async def test_a_command_is_answered_where_it_was_given_and_later_in_private(adapter, simulator):
    push = simulator.command("lilei", "/yingda", "ask 怎么退货", channel=PUBLIC)
    options = Choices(prompt="有帮助吗", options=(Choice(value="y", label="有"),))
    outgoing = await answer_to(adapter, push, Text(text="七天 <内>"), options)
    await adapter.send(outgoing)
    assert "/api/chat.postMessage" not in simulator.calls
    (seen,) = simulator.seen_by("lilei")
    assert (seen.text, seen.options) == ("七天 <内>\n有帮助吗", (("y", "有"),))
    assert simulator.posts[seen.platform_id]["ephemeral"] is True
    await adapter.send(outgoing)
    assert simulator.calls.count("/api/chat.postMessage") == 1
    tap = await hear(adapter, simulator.tap(seen, 0))
    assert (tap.address, tap.text) == (outgoing.address, "有")


async def test_an_answer_that_slack_takes_there_no_more_comes_in_private(adapter, simulator):
    push = simulator.command("lilei", "/yingda", "怎么退货", channel=PUBLIC)
    outgoing = await answer_to(adapter, push, Text(text="七天"))
    simulator.places.clear()
    await adapter.send(outgoing)
    assert simulator.calls.count("/api/chat.postMessage") == 1
    assert [seen.text for seen in simulator.seen_by("lilei")] == ["七天"]


@pytest.mark.parametrize(
    ("fault", "kind"), [(Fault(503), Unavailable), (Fault(HANG_UP, after_work=True), Uncertain)]
)
async def test_a_lost_answer_to_a_command_is_not_said_twice(adapter, simulator, fault, kind):
    push = simulator.command("lilei", "/yingda", "怎么退货", channel=PUBLIC)
    outgoing = await answer_to(adapter, push, Text(text="七天"))
    simulator.faults.append(fault)
    with pytest.raises(kind):
        await adapter.send(outgoing)
    assert len(simulator.screen) == (1 if kind is Uncertain else 0)


async def test_where_to_answer_is_never_an_address_of_others(adapter, simulator):
    push = simulator.command("lilei", "/yingda", "怎么退货", channel=PUBLIC)
    evil = push.body.replace(b"127.0.0.1", b"evil.example")
    assert evil != push.body
    forged = simulator.signed("lilei", evil)
    await adapter.send(await answer_to(adapter, forged, Text(text="七天")))
    assert simulator.calls[-1] == "/api/chat.postMessage"


async def test_edits_and_deletions_name_what_they_are_about(adapter, simulator):
    said = simulator.say("lilei", "退款")
    first = await hear(adapter, said)
    edit, recall = simulator.edit(said, "退货"), simulator.take_back(said)
    changed, gone = await hear(adapter, edit), await hear(adapter, recall)
    assert changed.text == "退货"
    assert changed.replaces == gone.replaces == first.platform_id
    assert changed.address == gone.address == first.address
    assert gone.parts[0].event == "recalled"
