"""Template messages and subscription notices: outside the window, and their results."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from pydantic import ValidationError

from channels.base import Sent
from channels.errors import Blocked, Refused, WindowClosed
from channels.message import Address, ContactEvent, Notice, OutgoingMessage
from channels.testing import as_request
from channels.wechat.config import Config

OPENID = "oTESTopenid0000000000000001"
LABEL = "您的问题有了答复"
NOTICES = {
    "answered": {
        "label": LABEL,
        "template_id": "T-1",
        "data": {"thing1": LABEL, "time2": "{time}"},
        "page": "https://help.example.com/",
    },
    "shipped": {
        "kind": "subscription",
        "label": "已发货",
        "template_id": "T-2",
        "data": {"thing1": "已发货"},
    },
}
ANSWERED, SHIPPED = Notice(name="answered", label=LABEL), Notice(name="shipped", label="已发货")


def notifying(notice):
    address = Address(inbox="shop", thread=OPENID, contact=OPENID)
    return OutgoingMessage(address=address, delivery_id="d-1", parts=(notice,))


async def test_a_notice_reaches_who_cannot_be_answered_any_more(joined, saying, clock):
    async with joined({"notices": NOTICES}, limited=True) as (adapter, simulator):
        assert adapter.capabilities.notices == {"answered": LABEL, "shipped": "已发货"}
        with pytest.raises(WindowClosed):
            await adapter.send(saying("late"))
        assert await adapter.send(notifying(ANSWERED)) == Sent("200000001", pieces=0)
        there = clock().astimezone(timezone(timedelta(hours=8)))
        assert simulator.screen[0].text == f"{LABEL}\n{there:%Y-%m-%d %H:%M}"
        assert simulator.calls[-1] == "/cgi-bin/message/template/send"


async def test_a_notice_that_is_sent_is_not_sent_again_because_its_number_cannot_be_kept(joined):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        adapter._memory.full = True
        assert await adapter.send(notifying(ANSWERED)) == Sent("200000001", pieces=0)
        assert len(simulator.screen) == 1


async def test_a_subscription_notice_has_a_path_of_its_own(joined):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        await adapter.send(notifying(SHIPPED))
        assert simulator.calls[-1] == "/cgi-bin/message/subscribe/bizsend"


async def test_who_has_not_agreed_to_a_notice_has_not_left_the_account(joined):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        simulator.platform.agreed = set()
        with pytest.raises(Refused, match="43101") as refused:
            await adapter.send(notifying(SHIPPED))
        assert type(refused.value) is Refused


async def test_a_notice_that_the_settings_no_longer_have_is_refused(joined):
    async with joined() as (adapter, simulator):
        with pytest.raises(Refused, match="settings"):
            await adapter.send(notifying(ANSWERED))
        assert simulator.screen == []


@pytest.mark.parametrize(
    ("status", "meant"),
    [("failed:user block", Blocked), ("failed: system failed", Refused), ("failed: new", Refused)],
)
async def test_a_result_leads_back_to_the_notice_that_did_not_arrive(joined, status, meant):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        await adapter.send(notifying(ANSWERED))
        push = simulator.finish(simulator.screen[0], status)
        reception = await adapter.receive(as_request(push))
        (lost,) = reception.bounced
        assert (lost.delivery_id, type(lost.error), reception.body) == ("d-1", meant, b"success")


async def test_a_notice_that_arrived_or_is_none_of_ours_is_no_news(joined, clock):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        await adapter.send(notifying(ANSWERED))
        (seen,) = simulator.screen
        arrived = simulator.finish(seen)
        other = await adapter.receive(as_request(arrived))
        assert (other.bounced, other.messages) == ((), ())
        strange = arrived.changed(body=arrived.body.replace(b"success", b"failed"))
        strange = strange.changed(body=strange.body.replace(b"200000001", b"7"))
        assert (await adapter.receive(as_request(strange))).bounced == ()


async def test_a_subscription_notice_that_did_not_arrive_leads_back_too(joined):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        await adapter.send(notifying(SHIPPED))
        (seen,) = simulator.screen
        assert (await adapter.receive(as_request(simulator.brought(seen)))).bounced == ()
        push = simulator.brought(seen, "20005", "user refuse")
        reception = await adapter.receive(as_request(push))
        (lost,) = reception.bounced
        assert (lost.delivery_id, type(lost.error), reception.body) == ("d-1", Refused, b"success")
        assert "user refuse (20005)" in str(lost.error)


async def test_who_agrees_to_a_notice_is_heard_by_its_label_and_opens_no_window(joined):
    async with joined({"notices": NOTICES}) as (adapter, simulator):
        heard = await adapter.receive(as_request(simulator.agree(OPENID, "T-2")))
        (message,) = heard.messages
        assert message.parts == (ContactEvent(event="agreed", context="已发货"),)
        granted = adapter.capabilities.reply_window.after(message.parts)
        assert (granted.length, granted.messages) == (timedelta(), 0)


async def test_a_passive_account_has_no_notices(joined):
    async with joined({"notices": NOTICES}, mode="passive") as (adapter, _):
        assert adapter.capabilities.notices == {}


async def test_a_notice_never_rides_in_the_answer_to_a_push(joined):
    async with joined({"notices": NOTICES}, mode="both") as (adapter, _):
        assert adapter.fit(notifying(ANSWERED)) == (None, notifying(ANSWERED))


@pytest.mark.parametrize(
    "wrong",
    [
        {"Bad Name": NOTICES["answered"]},
        {"answered": {**NOTICES["answered"], "data": {}}},
        {"answered": {**NOTICES["answered"], "label": ""}},
        {"answered": {**NOTICES["answered"], "surprise": 1}},
    ],
)
def test_a_senseless_notice_is_refused_at_the_start(wrong):
    told = {"channel": "wechat", "app_id": "a", "app_secret": "s", "token": "t"}
    with pytest.raises(ValidationError):
        Config(**told, notices=wrong)


async def test_typing_is_shown_until_a_message_comes(joined, saying):
    async with joined() as (adapter, simulator):
        there = saying("x").address
        for _ in range(2):
            await adapter.typing(there)
        assert simulator.platform.typing == [(OPENID, "Typing")]
        assert simulator.calls[-1] == "/cgi-bin/message/custom/typing"
        await adapter.send(saying("hello"))
        assert simulator.platform.typing[-1] == (OPENID, "CancelTyping")


async def test_who_writes_for_long_is_said_to_four_times_a_minute_and_after_each_message(
    joined, saying, clock
):
    moved = [clock()]
    there = saying("x").address
    async with joined(at=lambda: moved[0]) as (adapter, simulator):
        for _ in range(20):  # a desk says so every three seconds
            await adapter.typing(there)
            moved[0] += timedelta(seconds=3)
        asked = [call for call in simulator.calls if call.endswith("/typing")]
        assert len(asked) == 4
        await adapter.send(saying("a first word"))
        await adapter.typing(there)
        assert simulator.platform.typing[-1] == (OPENID, "Typing")


async def test_a_passive_account_shows_no_typing(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        assert not adapter.capabilities.typing
        await adapter.typing(saying("x").address)
        assert simulator.calls == []


async def test_a_result_that_comes_days_later_means_nothing(joined, clock):
    moved = [clock()]
    async with joined({"notices": NOTICES}, at=lambda: moved[0]) as (adapter, simulator):
        await adapter.send(notifying(ANSWERED))
        moved[0] += timedelta(days=2)
        push = simulator.finish(simulator.screen[0], "failed:user block")
        assert (await adapter.receive(as_request(push))).bounced == ()
