from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from channels.base import Grant
from channels.errors import BadRequest, QuotaUsed, Refused, Uncertain, WindowClosed
from channels.message import (
    Address,
    Card,
    Choice,
    Choices,
    ContactEvent,
    Notice,
    OutgoingMessage,
    Text,
)
from channels.miniprogram.adapter import Adapter
from channels.miniprogram.config import Config
from channels.miniprogram.simulator import Simulator, refusal
from channels.testing import RememberedMemory, as_request, serve

OPENID = "oTESTopenid0000000000000001"
FORMS = [(form, mode) for form in ("xml", "json") for mode in ("plain", "compatible", "encrypted")]
THERE = Address(inbox="shop", thread=OPENID, contact=OPENID)


@pytest.fixture
def joined(clock):
    @asynccontextmanager
    async def join(config=None, **settings):
        simulator = Simulator("shop", clock, **settings)
        async with serve(simulator.app) as url:
            told = {**simulator.settings, **(config or {})}
            told |= {"channel": "miniprogram", "base_url": url}
            async with Adapter("shop", Config(**told), RememberedMemory(clock), clock) as adapter:
                yield adapter, simulator

    return join


def saying(*parts):
    told = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
    return OutgoingMessage(address=THERE, delivery_id="d-1", parts=told)


@pytest.mark.parametrize(("form", "mode"), FORMS)
async def test_each_form_and_mode_is_understood_and_taken_with_success(joined, form, mode):
    async with joined(form=form, mode=mode) as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(OPENID, "退款 ]]> &")))
        assert reception.body == b"success"
        assert reception.messages[0].parts == (Text(text="退款 ]]> &"),)
        assert (await adapter.receive(as_request(simulator.url_check("42")))).body == b"42"


@pytest.mark.parametrize(("form", "mode"), FORMS)
async def test_every_kind_of_garbage_is_kept_and_taken(joined, form, mode):
    async with joined(form=form, mode=mode) as (adapter, simulator):
        for _ in range(6):
            reception = await adapter.receive(as_request(simulator.garbage(OPENID)))
            assert reception.body == b"success"
            assert reception.quarantined[0].reason
            assert not reception.messages


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_in_the_compatible_mode_only_what_is_sealed_counts(joined, form):
    async with joined(form=form, mode="compatible") as (adapter, simulator):
        push = simulator.say(OPENID, "true")
        forged = push.changed(body=push.body.replace(b"true", b"lies"))
        (message,) = (await adapter.receive(as_request(forged))).messages
        assert message.parts == (Text(text="true"),)


async def test_a_plain_push_to_a_sealed_inbox_is_refused(joined, clock):
    async with joined() as (adapter, _):
        plain = Simulator("shop", clock, mode="plain").say(OPENID, "hi")
        with pytest.raises(BadRequest, match="not encrypted"):
            await adapter.receive(as_request(plain))


async def test_what_is_meant_for_another_account_is_refused(joined):
    async with joined({"account": "gh_another"}) as (adapter, simulator):
        with pytest.raises(BadRequest, match="another account"):
            await adapter.receive(as_request(simulator.say(OPENID, "hi")))


async def test_the_page_that_they_come_from_is_told(joined):
    async with joined() as (adapter, simulator):
        push = simulator.enter(OPENID, "pages/order?id=8812")
        (message,) = (await adapter.receive(as_request(push))).messages
        assert message.parts == (ContactEvent(event="opened", context="pages/order?id=8812"),)


async def test_two_greetings_a_minute_and_five_replies_a_message(joined):
    async with joined(limited=True) as (adapter, simulator):
        with pytest.raises(WindowClosed):
            await adapter.send(saying("before"))
        for permits, deed in ((2, simulator.enter), (5, lambda who: simulator.say(who, "hi"))):
            deed(OPENID)
            for number in range(permits):
                await adapter.send(saying(f"{number}"))
            with pytest.raises(QuotaUsed):
                await adapter.send(saying("one more"))


async def test_the_window_says_what_each_deed_permits(joined):
    async with joined({"window_replies": 7}) as (adapter, _):
        window = adapter.capabilities.reply_window
        assert window.after((Text(text="hi"),)) == Grant(timedelta(hours=48), 7)
        opened = (ContactEvent(event="opened"),)
        assert window.after(opened) == Grant(timedelta(minutes=1), 2)


async def test_choices_are_a_numbered_list(joined):
    async with joined() as (adapter, simulator):
        options = (Choice(value="a", label="退货"), Choice(value="b", label="换货"))
        await adapter.send(saying(Choices(prompt="哪一个？", options=options)))
        assert "2. 换货" in simulator.screen[0].text


async def test_typing_is_shown_on_the_mini_programs_own_path_until_a_message_comes(joined):
    async with joined() as (adapter, simulator):
        for _ in range(2):
            await adapter.typing(THERE)
        assert simulator.platform.typing == [(OPENID, "Typing")]
        assert simulator.calls[-1] == "/cgi-bin/message/custom/business/typing"
        await adapter.send(saying("hello"))
        assert simulator.platform.typing[-1] == (OPENID, "CancelTyping")


async def test_a_message_that_broke_off_is_in_doubt_and_a_refused_one_is_not(joined):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        long = "长" * 2000
        ok = refusal(0)
        ok.after_work = True
        simulator.faults.extend((ok, refusal(-1)))
        with pytest.raises(Uncertain, match="1 of 3"):
            await adapter.send(saying(long))
        simulator.faults.append(refusal(40003))
        with pytest.raises(Refused):
            await adapter.send(saying(long))


async def test_nothing_to_say_is_refused(joined):
    async with joined() as (adapter, _):
        with pytest.raises(Refused):
            await adapter.send(saying(ContactEvent(event="opened")))


async def test_a_subscription_message_reaches_who_cannot_be_answered_any_more(joined):
    notices = {
        "shipped": {"label": "已发货", "template_id": "T", "data": {"a": "已发货"}, "page": "p/o"}
    }
    async with joined({"notices": notices}, limited=True) as (adapter, simulator):
        assert adapter.capabilities.notices == {"shipped": "已发货"}
        sent = await adapter.send(saying(Notice(name="shipped", label="已发货")))
        assert sent.pieces == 0
        assert simulator.calls[-1] == "/cgi-bin/message/subscribe/send"
        assert simulator.screen[0].text == "已发货"
        with pytest.raises(Refused, match="settings"):
            await adapter.send(saying(Notice(name="another", label="x")))


async def test_a_card_without_a_picture_is_words_since_a_link_must_have_one(joined):
    card = Card(title="退货", url="https://shop.example/r")
    async with joined() as (adapter, simulator):
        await adapter.send(saying(Text(text="请看"), card))
        (seen,) = simulator.screen
        assert (seen.text, seen.cards) == ("请看\n退货\nhttps://shop.example/r", ())


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_who_agrees_to_a_notice_is_heard_and_one_that_is_lost_leads_back(joined, form):
    shipped = {"label": "已发货", "template_id": "T-2", "data": {"thing1": "已发货"}}
    async with joined({"notices": {"shipped": shipped}}, form=form) as (adapter, simulator):
        heard = await adapter.receive(as_request(simulator.agree(OPENID, "T-2", agrees=False)))
        assert heard.messages[0].parts == (ContactEvent(event="declined", context="已发货"),)
        await adapter.send(saying(Notice(name="shipped", label="已发货")))
        (seen,) = simulator.screen
        arrived = await adapter.receive(as_request(simulator.brought(seen)))
        assert (arrived.bounced, arrived.messages) == ((), ())
        lost = await adapter.receive(as_request(simulator.brought(seen, "20003", "refused")))
        assert [each.delivery_id for each in lost.bounced] == ["d-1"]
