from datetime import timedelta

import pytest
from wechatpy.crypto import WeChatCrypto

from channels.base import Doorbell, Grant
from channels.errors import (
    BadRequest,
    QuotaUsed,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import Choice, Choices, ContactEvent, Selection, Text
from channels.simulation import Fault
from channels.testing import HANG_UP, RememberedMemory, as_request
from channels.wecom.adapter import window
from channels.wecom.api import ERRORS, STALE_TOKEN
from channels.wecom.config import Config
from channels.wecom.simulator import ACCOUNT, OTHER, Simulator, refusal

CUSTOMER = "wmTEST0001"
MENU = Choices(
    prompt="满意吗？",
    options=(Choice(value="csat:5", label="满意"), Choice(value="csat:1", label="不满意")),
)


async def test_the_sealed_check_of_the_url_is_answered_with_its_echo(joined):
    async with joined() as (adapter, simulator):
        push = simulator.url_check("161614")
        reception = await adapter.receive(as_request(push))
        assert (reception.status, reception.body, reception.messages) == (200, b"161614", ())
        for name in push.query:
            forged = push.changed(query={**push.query, name: "0"})
            with pytest.raises(BadRequest):
                await adapter.receive(as_request(forged))


async def test_a_call_is_taken_at_once_and_holds_no_message(joined):
    async with joined() as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(CUSTOMER, "hi")))
        assert (reception.body, reception.messages) == (b"success", ())
        assert simulator.platform.synced == 0


async def test_calls_for_other_accounts_and_of_other_kinds_wake_nobody(joined):
    memory = RememberedMemory()
    async with joined(memory=memory) as (adapter, simulator):
        there = simulator.speak(CUSTOMER, "text", account=OTHER, content="hi")
        change = "<xml><ToUserName>ww</ToUserName><Event>kf_account_auth_change</Event></xml>"
        for push in (there, simulator._sealed("", change, simulator.clock())):
            assert (await adapter.receive(as_request(push))).body == b"success"
        assert not [key for key in memory.kept if key.startswith("bell")]


@pytest.mark.parametrize("content", ["", "<xml><a>", "<xml><ToUserName>w</ToUserName></xml>"])
async def test_a_genuine_but_senseless_call_is_kept_and_taken(joined, content):
    async with joined() as (adapter, simulator):
        push = simulator._sealed("", content, simulator.clock())
        reception = await adapter.receive(as_request(push))
        assert reception.body == b"success"
        assert reception.quarantined[0].reason


async def test_a_call_that_was_sealed_for_another_company_is_refused(joined, moving):
    async with joined() as (adapter, simulator):
        crypto = WeChatCrypto(simulator.token, simulator.aes_key, "wwANOTHER")
        stranger = Simulator("other", moving)
        stranger._crypto = crypto
        with pytest.raises(BadRequest, match="another account"):
            await adapter.receive(as_request(stranger.say(CUSTOMER, "hi")))


async def test_it_is_called_and_it_asks(joined):
    async with joined() as (adapter, _):
        assert isinstance(adapter, Doorbell)
        assert adapter.polling
        assert adapter.doorbell


def test_what_each_deed_permits(moving):
    config = Config(channel="wecom", **Simulator("shop", moving).settings)
    permits = window(config).after
    words = Grant(timedelta(hours=48), 5)
    assert permits((Text(text="hi"),)) == permits((Selection(value="v"),)) == words
    assert permits((ContactEvent(event="opened"),)) == Grant(timedelta(seconds=20), 2)
    assert permits((ContactEvent(event="recalled"),)) == Grant(timedelta(), 0)
    assert permits((ContactEvent(event="blocked"),)) is None


async def test_a_second_attempt_is_taken_and_not_shown_again(joined, saying):
    async with joined() as (adapter, simulator):
        parts = ("长" * 1000, MENU)
        first = await adapter.send(saying(*parts))
        shown = len(simulator.screen)
        assert await adapter.send(saying(*parts)) == first
        assert (len(simulator.screen), first.pieces) == (shown, shown)
        await adapter.send(saying(*parts, delivery_id="01" * 16))
        assert len(simulator.screen) == 2 * shown


async def test_other_words_of_the_same_delivery_are_not_swallowed(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("one"))
        await adapter.send(saying("one", "and two"))
        assert [seen.text for seen in simulator.screen] == ["one", "one\nand two"]


@pytest.mark.parametrize("fault", [Fault(HANG_UP, after_work=True), Fault(503), refusal(-1)])
async def test_a_long_message_that_broke_off_is_completed(joined, saying, fault):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up", delivery_id="02" * 16))
        long = "".join(f"{number:05d}" for number in range(1000))
        simulator.faults.extend((Fault(200, b'{"errcode":0}', after_work=True), fault))
        with pytest.raises((Unavailable, Uncertain)):
            await adapter.send(saying(long))
        await adapter.send(saying(long))
        assert "".join(seen.text for seen in simulator.screen[1:]) == long


@pytest.mark.parametrize("told", [{}, {"repeated": [77777]}])
async def test_what_was_taken_before_is_no_failure(joined, saying, told):
    async with joined(told) as (adapter, simulator):
        await adapter.send(saying("warm up", delivery_id="02" * 16))
        simulator.faults.append(refusal(77777, "no" if told else "duplicated MsgId, hint: [17]"))
        await adapter.send(saying("hello"))


async def test_a_known_refusal_that_speaks_of_a_msgid_is_one(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up", delivery_id="02" * 16))
        simulator.faults.append(refusal(95001, "msgid out of the number to send"))
        with pytest.raises(QuotaUsed):
            await adapter.send(saying("hello"))


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        (2, Refused, r"own queue,.*state 2"),
        (3, Refused, "servicer .*state 3"),
        (4, WindowClosed, "ended"),
    ],
)
async def test_a_service_state_that_lets_nothing_through_is_named(
    joined, saying, state, kind, words
):
    async with joined({"take_back": False}) as (adapter, simulator):
        simulator.serve(CUSTOMER, state)
        with pytest.raises(kind, match=words) as refused:
            await adapter.send(saying("hello"))
        assert type(refused.value) is kind
        simulator.serve(CUSTOMER, 1)
        await adapter.send(saying("hello"))
        assert len(simulator.screen) == 1


async def test_a_state_that_has_changed_meanwhile_is_tried_again(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up", delivery_id="02" * 16))
        simulator.faults.append(refusal(95018))
        with pytest.raises(Unavailable):
            await adapter.send(saying("hello"))


async def test_the_inbox_may_take_a_code_otherwise(joined, saying):
    async with joined({"errors": {95018: "Blocked"}}) as (adapter, simulator):
        simulator.serve(CUSTOMER, 3)
        with pytest.raises(Refused, match="95018"):
            await adapter.send(saying("hello"))


async def test_five_replies_then_none_until_the_customer_writes(joined, saying, moving):
    async with joined(limited=True) as (adapter, simulator):
        with pytest.raises(WindowClosed):
            await adapter.send(saying("before they wrote"))
        simulator.happened(simulator.say(CUSTOMER, "hi"))
        for number in range(5):
            await adapter.send(saying(f"{number}"))
        with pytest.raises(QuotaUsed):
            await adapter.send(saying("six"))
        simulator.happened(simulator.say(CUSTOMER, "more"))
        moving.now += timedelta(hours=49)
        with pytest.raises(WindowClosed):
            await adapter.send(saying("late"))


async def test_who_comes_in_is_greeted_with_the_code_once(joined, saying, swept):
    async with joined(limited=True) as (adapter, simulator):
        _, found = await swept(adapter, simulator, simulator.enter(CUSTOMER, "pdp", "sku%3D7"))
        assert found.messages[0].parts == (ContactEvent(event="opened", context="pdp sku=7"),)
        await adapter.send(saying("欢迎", MENU))
        assert (simulator.screen[0].text, len(simulator.screen[0].options)) == ("欢迎\n满意吗？", 2)
        with pytest.raises(WindowClosed):
            await adapter.send(saying("and more", delivery_id="01" * 16))
        assert len(simulator.screen) == 1


async def test_a_code_is_for_one_customer_and_for_twenty_seconds(joined, saying, swept, moving):
    async with joined(limited=True) as (adapter, simulator):
        await swept(adapter, simulator, simulator.enter(CUSTOMER))
        with pytest.raises(WindowClosed):
            await adapter.send(saying("欢迎", contact="wmTEST0002"))
        moving.now += timedelta(seconds=21)
        await swept(adapter, simulator, simulator.enter("wmTEST0002"))
        with pytest.raises(WindowClosed):
            await adapter.send(saying("欢迎"))
        await adapter.send(saying("欢迎", contact="wmTEST0002"))
        assert [seen.contact for seen in simulator.screen] == ["wmTEST0002"]


async def test_after_their_first_words_a_used_code_is_no_hindrance(joined, saying, swept):
    async with joined(limited=True) as (adapter, simulator):
        await swept(adapter, simulator, simulator.enter(CUSTOMER))
        await adapter.send(saying("欢迎"))
        simulator.happened(simulator.say(CUSTOMER, "hi"))
        await adapter.send(saying("an answer", delivery_id="01" * 16))
        assert [seen.text for seen in simulator.screen] == ["欢迎", "an answer"]


async def test_what_did_not_arrive_leads_back_to_its_delivery(joined, saying, swept):
    async with joined() as (adapter, simulator):
        sent = await adapter.send(saying("hello", delivery_id="0a" * 16))
        assert sent.platform_id == simulator.screen[0].platform_id
        _, found = await swept(adapter, simulator, simulator.bounce(simulator.screen[0], 6))
        assert found.bounced[0].delivery_id == "0a" * 16
        assert type(found.bounced[0].error) is QuotaUsed


async def test_a_wrong_secret_is_told_at_the_start(joined):
    with pytest.raises(Unauthorized, match="40001") as refused:
        async with joined({"secret": "not-the-secret"}):
            pytest.fail("it is ready")
    assert "not-the-secret" not in str(refused.value)


async def test_nothing_to_say_is_refused(joined, saying):
    async with joined() as (adapter, _):
        with pytest.raises(Refused):
            await adapter.send(saying(ContactEvent(event="opened")))


def test_every_code_has_a_meaning_and_stale_tokens_need_a_new_one():
    assert {ERRORS[code] for code in STALE_TOKEN} == {"Unauthorized"}


async def test_a_servicer_in_wecom_is_not_answered(joined, swept):
    async with joined() as (adapter, simulator):
        push = simulator.speak(CUSTOMER, "text", origin=5, content="我来处理")
        _, found = await swept(adapter, simulator, push)
        assert found.messages == found.quarantined == ()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"msgtype": "hologram"}, 40008),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text", "text": {"content": "长" * 683}}, 45002),
        ({"msgtype": "text", "text": {"content": "x"}, "msgid": "é"}, 40058),
        ({"msgtype": "text", "text": {"content": "x"}, "open_kfid": "wk"}, 95000),
    ],
)
async def test_the_platform_says_no_with_a_code(joined, told, code):
    async with joined() as (adapter, _):
        asked = {"touser": CUSTOMER, "open_kfid": ACCOUNT, "msgid": "m", **told}
        api = adapter._ready()
        found = await api._calls.post(api._tokens, "/cgi-bin/kf/send_msg", asked, knows=None)
        assert found["errcode"] == code
