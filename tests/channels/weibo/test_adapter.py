import json

import pytest

from channels.errors import (
    BadRequest,
    Blocked,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import Choice, Choices, ContactEvent, Selection, Text
from channels.testing import as_request
from channels.weibo.simulator import refusal

FAN = "2489518277"
ASK = Choices(
    prompt="满意吗？",
    options=(Choice(value="csat:5", label="满意"), Choice(value="csat:1", label="不满意")),
)


async def test_the_check_of_the_url_is_answered_with_its_echo(joined):
    async with joined() as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.url_check("42")))
        assert (reception.status, reception.body, reception.messages) == (200, b"42", ())
        with pytest.raises(BadRequest):
            await adapter.receive(as_request(simulator.url_check().changed(query={"echostr": "x"})))


async def test_a_push_is_taken_with_an_empty_answer(joined):
    async with joined() as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.say(FAN, "退款")))
        assert (reception.status, reception.body) == (200, b"")
        assert reception.messages[0].parts == (Text(text="退款"),)


async def test_every_kind_of_garbage_is_kept_and_taken(joined):
    async with joined() as (adapter, simulator):
        for _ in range(8):
            reception = await adapter.receive(as_request(simulator.garbage(FAN)))
            assert (reception.status, reception.messages) == (200, ())
            assert reception.quarantined[0].reason


async def test_what_a_fan_does_becomes_an_event(joined):
    async with joined() as (adapter, simulator):
        pushes = [
            simulator.follow(FAN),
            simulator.follow(FAN, "poster-7"),
            simulator.click(FAN, "MENU_ORDERS"),
            simulator.unfollow(FAN),
        ]
        heard = [(await adapter.receive(as_request(push))).messages[0].parts for push in pushes]
        assert heard == [
            (ContactEvent(event="followed"),),
            (ContactEvent(event="followed", context="poster-7"),),
            (Selection(value="MENU_ORDERS"),),
            (ContactEvent(event="unfollowed"),),
        ]


async def test_a_push_for_another_account_is_refused(joined):
    async with joined({"uid": "42"}) as (adapter, simulator):
        with pytest.raises(BadRequest) as refused:
            await adapter.receive(as_request(simulator.say(FAN, "hi")))
        assert refused.value.status == 403


async def test_64_kib_are_enough_for_a_push(joined):
    async with joined() as (adapter, simulator):
        with pytest.raises(BadRequest) as refused:
            await adapter.receive(as_request(simulator.say(FAN, "x" * 65536)))
        assert refused.value.status == 413


async def test_choices_are_numbered_and_answered_with_a_number(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("已发货。", ASK))
        (seen,) = simulator.seen_by(FAN)
        assert "已发货。\n满意吗？\n1. 满意\n2. 不满意" in seen.text
        reception = await adapter.receive(as_request(simulator.tap(seen, 1)))
        assert reception.messages[0].text == "2"


async def test_a_long_text_leaves_in_pieces_under_300_characters(joined, saying):
    async with joined() as (adapter, simulator):
        await adapter.send(saying("长" * 700))
        assert [len(seen.text) for seen in simulator.screen] == [299, 299, 102]


@pytest.mark.parametrize("text", ['"}&data=%7B%22', "100% \\u4e2d + a=b&c", "行\n二\t三"])
async def test_active_text_is_encoded_once(joined, saying, text):
    async with joined() as (adapter, simulator):
        await adapter.send(saying(text))
        assert [seen.text for seen in simulator.screen] == [text]


async def test_the_window_closes_and_leaving_ends_everything(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        with pytest.raises(Blocked):
            await adapter.send(saying("too early"))
        simulator.say(FAN, "hi")
        await adapter.send(saying("hello"))
        simulator.unfollow(FAN)
        with pytest.raises(Blocked):
            await adapter.send(saying("come back"))
        assert [seen.text for seen in simulator.screen] == ["hello"]


async def test_an_expired_token_needs_a_human(joined, saying):
    async with joined() as (adapter, simulator):
        simulator.expire_token()
        with pytest.raises(Unauthorized, match="21327"):
            await adapter.send(saying("hello"))


async def test_a_wrong_token_is_not_shown(joined, saying):
    async with joined({"access_token": "2.00wrong-token"}) as (adapter, _):
        with pytest.raises(Unauthorized) as refused:
            await adapter.send(saying("hello"))
        assert "2.00wrong-token" not in repr(refused.value)


async def test_nothing_is_sent_when_there_is_nothing_to_say(joined, saying):
    async with joined() as (adapter, simulator):
        with pytest.raises(Refused):
            await adapter.send(saying(" "))
        assert not simulator.calls


@pytest.mark.parametrize(
    ("code", "first", "later"),
    [(10001, Unavailable, Uncertain), (21327, Unauthorized, Uncertain), (20012, TooLong, TooLong)],
)
async def test_a_fault_counts_by_what_was_taken_before(joined, saying, code, first, later):
    async with joined() as (adapter, simulator):
        simulator.faults.append(refusal(code))
        with pytest.raises(first):
            await adapter.send(saying("长" * 700))
        assert not simulator.screen
        simulator.faults += [refusal(0, status=200), refusal(code)]
        with pytest.raises(later):
            await adapter.send(saying("长" * 700))


async def test_the_documented_answer_is_reproduced(joined, saying, vector):
    async with joined(mode="passive") as (adapter, simulator):
        push = simulator.say(FAN, "hi")
        reception = adapter.answer(as_request(push), saying("中文消息"))
        assert json.loads(reception.body) == {
            "result": True,
            "sender_id": simulator.uid,
            "receiver_id": FAN,
            "type": "text",
            "data": vector["passive_data"],
        }
        simulator.answered(push, reception.body)
        assert [seen.text for seen in simulator.screen] == ["中文消息"]


async def test_a_passive_account_waits_to_send(joined, saying):
    async with joined({"access_token": None}, mode="passive") as (adapter, simulator):
        assert adapter.passive
        with pytest.raises(WindowClosed):
            await adapter.send(saying("late"))
        assert not simulator.calls


async def test_an_answer_without_words_is_empty(joined, saying):
    async with joined(mode="passive") as (adapter, simulator):
        push = simulator.say(FAN, "hi")
        assert adapter.answer(as_request(push), saying(" ")).body == b""


async def test_one_answer_holds_299_characters_and_the_rest_waits(joined, saying):
    async with joined(mode="passive") as (adapter, _):
        whole = saying("请稍等。" * 100)
        first, rest = adapter.fit(whole)
        assert len(first.parts[0].text) <= 299
        assert first.parts[0].text + rest.parts[0].text == whole.parts[0].text
        assert adapter.fit(saying("short")) == (saying("short"), None)
