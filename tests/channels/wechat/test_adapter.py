import pytest

from channels.errors import (
    BadRequest,
    QuotaUsed,
    Refused,
    TooLong,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import Card, Choice, Choices, ContactEvent, Selection, Text
from channels.testing import as_request
from channels.wechat.simulator import refusal

OPENID = "oTESTopenid0000000000000001"
ASK = Choices(
    prompt="满意吗？",
    options=(Choice(value="csat:5", label="满意"), Choice(value="csat:1", label="不满意")),
)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_the_check_of_the_url_is_answered_with_its_echo(joined, encrypted):
    async with joined(encrypted=encrypted) as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.url_check("42")))
        assert (reception.status, reception.body, reception.messages) == (200, b"42", ())
        forged = simulator.url_check().changed(query={"echostr": "<script>", "timestamp": "0"})
        with pytest.raises(BadRequest):
            await adapter.receive(as_request(forged))


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_push_is_taken_with_success(joined, encrypted):
    async with joined(encrypted=encrypted) as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(OPENID, "退款")))
        assert reception.body == b"success"
        assert reception.messages[0].parts == (Text(text="退款"),)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_signs_that_xml_cannot_hold_do_not_silence_a_customer(joined, encrypted):
    async with joined(encrypted=encrypted) as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(OPENID, "退\x14款\x00？\ufffe")))
        assert not reception.quarantined
        assert reception.messages[0].parts == (Text(text="退款？"),)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_every_kind_of_garbage_is_kept_and_taken(joined, encrypted):
    async with joined(encrypted=encrypted) as (adapter, simulator):
        for _ in range(6):
            reception = await adapter.receive(as_request(simulator.garbage(OPENID)))
            assert (reception.status, reception.body) == (200, b"success")
            assert not reception.messages
            (kept,) = reception.quarantined
            assert kept.reason
            again = simulator.push(OPENID, kept.raw)
            assert (await adapter.receive(as_request(again))).quarantined == (kept,)


async def test_what_a_customer_does_becomes_an_event(joined):
    async with joined() as (adapter, simulator):
        pushes = [
            simulator.follow(OPENID, "poster-7"),
            simulator.scan(OPENID, "desk-2"),
            simulator.click(OPENID, "MENU_ORDERS"),
            simulator.unfollow(OPENID),
        ]
        heard = [(await adapter.receive(as_request(push))).messages[0].parts for push in pushes]
        assert heard == [
            (ContactEvent(event="followed", context="poster-7"),),
            (ContactEvent(event="opened", context="desk-2"),),
            (Selection(value="MENU_ORDERS"),),
            (ContactEvent(event="unfollowed"),),
        ]


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_push_for_another_account_is_refused(joined, encrypted):
    async with joined({"account": "gh_another"}, encrypted=encrypted) as (adapter, simulator):
        with pytest.raises(BadRequest) as refused:
            await adapter.receive(as_request(simulator.say(OPENID, "hi")))
        assert refused.value.status == 403


async def test_64_kib_are_enough_for_a_push(joined):
    async with joined() as (adapter, simulator):
        push = simulator.say(OPENID, "x" * 65536)
        with pytest.raises(BadRequest) as refused:
            await adapter.receive(as_request(push))
        assert refused.value.status == 413


async def test_a_sealed_push_without_the_key_is_kept(joined):
    async with joined({"aes_key": None}, encrypted=True) as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(OPENID, "hi")))
        assert reception.quarantined


async def test_a_question_with_choices_is_a_menu_that_can_be_tapped(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("您的订单已发货。", ASK))
        (seen,) = simulator.seen_by(OPENID)
        assert seen.text == "您的订单已发货。\n满意吗？"
        assert seen.options == (("csat:5", "满意"), ("csat:1", "不满意"))
        push = as_request(simulator.tap(seen, 1))
        (message,) = (await adapter.receive(push)).messages
        assert message.parts == (Selection(value="csat:1", label="不满意"),)


async def test_parts_are_merged_since_messages_are_counted(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        simulator.say(OPENID, "hi")
        await adapter.send(saying("一", "二", "三"))
        assert [seen.text for seen in simulator.seen_by(OPENID)] == ["一\n二\n三"]


async def test_five_messages_are_allowed_and_the_sixth_is_not(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        with pytest.raises(WindowClosed):
            await adapter.send(saying("too early"))
        simulator.say(OPENID, "hi")
        for number in range(5):
            await adapter.send(saying(f"{number}"))
        with pytest.raises(QuotaUsed):
            await adapter.send(saying("the sixth"))
        assert len(simulator.screen) == 5


async def test_nothing_is_sent_when_there_is_nothing_to_say(joined, saying):
    async with joined() as (adapter, simulator):
        with pytest.raises(Refused):
            await adapter.send(saying("  "))
        assert not simulator.screen


async def test_a_fault_after_the_first_piece_is_uncertain(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.faults += [refusal(0), refusal(-1, "system busy")]
        with pytest.raises(Uncertain, match="1 of 3 pieces"):
            await adapter.send(saying("长" * 2000))


async def test_a_fault_of_the_first_piece_can_be_tried_again(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.faults.append(refusal(-1, "system busy"))
        with pytest.raises(Unavailable):
            await adapter.send(saying("长" * 2000))
        assert len(simulator.screen) == 1


async def test_a_refusal_after_the_first_piece_stays_a_refusal(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("warm up"))
        simulator.faults += [refusal(0), refusal(45002)]
        with pytest.raises(TooLong):
            await adapter.send(saying("长" * 2000))


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "您好，已为您登记。",
        "a]]><Content>injected</Content><![CDATA[b",
        "]]>",
        "</Content></xml><!-- &lt;",
        "]]]]>>",
    ],
)
async def test_an_answer_rides_in_the_response_and_says_just_its_text(
    joined, saying, encrypted, text
):
    async with joined(mode="passive", encrypted=encrypted) as (adapter, simulator):
        push = simulator.say(OPENID, "hi")
        reception = adapter.answer(as_request(push), saying(text))
        assert (b"<Encrypt>" in reception.body) == encrypted
        simulator.answered(push, reception.body)
        assert [(seen.contact, seen.text) for seen in simulator.screen] == [(OPENID, text)]


async def test_what_xml_cannot_hold_is_left_out(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        push = simulator.say(OPENID, "hi")
        reception = adapter.answer(as_request(push), saying("a\x08b\x1bc\ufffed\te"))
        simulator.answered(push, reception.body)
        assert simulator.screen[0].text == "abcd\te"


async def test_a_passive_account_numbers_choices_and_waits_to_send(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        assert adapter.passive
        push = simulator.say(OPENID, "hi")
        simulator.answered(push, adapter.answer(as_request(push), saying(ASK)).body)
        assert "1. 满意\n2. 不满意" in simulator.screen[0].text
        with pytest.raises(WindowClosed):
            await adapter.send(saying("late"))
        assert not simulator.calls


async def test_an_answer_without_words_is_success(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        push = as_request(simulator.say(OPENID, "hi"))
        assert adapter.answer(push, saying(" ")).body == b"success"


CARD = Card(title="退货 ]]> &", url="https://shop.example/r?a=1&b=2")


async def test_a_card_rides_in_an_answer_where_it_is_alone(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        push = simulator.say(OPENID, "hi")
        first, rest = adapter.fit(saying(CARD))
        assert rest is None
        simulator.answered(push, adapter.answer(as_request(push), first).body)
        assert simulator.screen[0].cards == (CARD,)


async def test_words_with_a_card_are_sent_where_the_account_can(joined, saying):
    whole = saying("请看", CARD)
    async with joined(mode="both") as (adapter, _):
        assert adapter.fit(whole) == (None, whole)
    async with joined(mode="passive") as (adapter, _):
        assert adapter.fit(whole) == (whole, None)


async def test_one_answer_holds_2048_bytes_and_the_rest_waits(joined, saying):
    async with joined(mode="passive") as (adapter, _):
        whole = saying("请稍等。" * 300)
        first, rest = adapter.fit(whole)
        assert len(first.parts[0].text.encode()) <= 2048
        assert first.parts[0].text + rest.parts[0].text == whole.parts[0].text
        assert adapter.fit(saying("short")) == (saying("short"), None)
