"""Answers in the platform's own call: in time, the same in each retry, never sent as well."""

import asyncio
from datetime import timedelta

import pytest

from bot.intake import Answered
from bot.timers import ANSWERED_WITHIN, Ticker
from channels.message import Text, text_of
from channels.testing import as_request
from channels.wechat.simulator import Simulator as WeChat
from channels.weibo.simulator import Simulator as Weibo
from handlers.base import Outcome
from handlers.chat.handoff import hand_over
from storage.models import Owner

PASSIVE, BOTH = {"mode": "passive"}, {"mode": "both"}
OPENID = "oTESTopenid0000000000000001"


async def silent(turn):
    return None


async def heard(house, text="hello", key=None):
    """Let a call come in, and return its task once its message is stored."""
    house.signals.inbound.clear()
    call = asyncio.create_task(house.hears(text, key=key))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
    return call


async def answered(house, text="hello", key=None):
    call = await heard(house, text, key)
    await house.think()
    async with asyncio.timeout(60):
        return (await call).body.decode()


async def test_overlapping_retries_at_two_processes_get_one_answer(build):
    one, other = build(shop=PASSIVE), build(shop=PASSIVE)
    calls = [await heard(one)]
    calls += [asyncio.create_task(house.hears("hello")) for house in (other, one)]
    await other.think()
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*calls)
    assert {answer.body for answer in answers} == {b"re: hello"}
    assert await one.spoken() == [("contact", "hello"), ("bot", "re: hello")]
    assert await one.statuses() == ["sent"]


async def test_a_call_hears_at_once_of_a_turn_in_its_own_process(build, monkeypatch):
    monkeypatch.setattr("bot.intake.GLANCE_SECONDS", 3600.0)
    house = build(shop=PASSIVE, passive_wait=3600)
    assert await answered(house) == "re: hello"


async def test_a_retry_after_a_restart_gets_the_answer_that_was_stored(build):
    before = build(shop=PASSIVE)
    call = asyncio.create_task(before.brings("hello"))
    async with asyncio.timeout(60):
        await before.signals.inbound.wait()
        await before.think()
        lost = await call
    assert await before.statuses() == ["sending"]
    after = build(shop=PASSIVE)
    await after.says("said meanwhile")
    retry = await after.hears("hello")
    assert retry.body == lost.body == b"re: hello"
    assert await after.statuses() == ["sent", "pending"]


async def test_a_message_stored_before_a_restart_is_answered_in_its_retry(build):
    before = build(shop=PASSIVE)
    call = await heard(before)
    call.cancel()
    after = build(shop=PASSIVE)
    retry = asyncio.create_task(after.hears("hello"))
    await after.think()
    async with asyncio.timeout(60):
        assert (await retry).body == b"re: hello"


async def test_who_has_hung_up_takes_nothing_along(build):
    async def gone():
        return True

    house = build(shop=PASSIVE)
    call = asyncio.create_task(house.brings("hello", has_left=gone))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        await house.think()
        assert not isinstance(await call, Answered)
    assert await house.statuses() == ["pending"]
    assert (await house.hears("hello")).body == b"re: hello"


async def test_an_answer_that_reached_nobody_is_in_doubt(build):
    house = build(shop=PASSIVE)
    ticker = Ticker(house.db, None, house.signals, house.time, house.metrics)
    call = asyncio.create_task(house.brings("hello"))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        await house.think()
        await call
    await ticker.doubt_answers()
    assert await house.statuses() == ["sending"]
    house.time.now += ANSWERED_WITHIN + timedelta(seconds=1)
    await ticker.doubt_answers()
    assert await house.statuses() == ["uncertain"]
    assert (await house.hears("hello")).body == b"re: hello"
    assert await house.statuses() == ["sent"]


async def test_an_answer_that_was_given_and_could_not_be_noted_breaks_nothing(build):
    house = build(shop=PASSIVE)
    call = asyncio.create_task(house.brings("hello"))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        await house.think()
        answer = await call
    await house.db.__aexit__()
    await house.intake.given(answer)
    assert house.inboxes.get("shop").last_out is None
    await house.db.__aenter__()
    assert await house.statuses() == ["sending"]
    await house.intake.given(answer)
    assert await house.statuses() == ["sent"]


async def test_a_given_answer_counts_as_sent(build):
    house = build(shop=PASSIVE)
    await answered(house)
    assert house.counted("yingda_deliveries_total", inbox="shop", result="sent") == 1
    assert house.inboxes.get("shop").last_out == house.time()


async def test_a_late_answer_and_an_agents_words_come_before_the_next_answer(build):
    house = build(shop=PASSIVE, passive_wait=0.001)
    assert (await house.hears("slow")).body == b"ok"
    await house.think()
    await house.says("I am Ann")
    house.intake._passive_wait = 30
    assert await answered(house, "and?") == "re: slow\nI am Ann\nre: and?"
    assert await house.statuses() == ["sent"] * 3


async def test_a_turn_that_hands_over_says_so_in_its_call(build):
    async def ask(turn):
        return hand_over(turn, "asked")

    house = build(ask, shop=PASSIVE)
    notice = await answered(house)
    assert (await house.conversation()).owner is Owner.QUEUE
    assert [("bot", notice)] == (await house.spoken())[1:]
    assert notice


# -- accounts that may send as well


async def test_what_is_in_time_rides_and_is_not_sent(build):
    house = await build(shop=BOTH).open()
    call = await heard(house)
    await house.think()
    await house.send()
    async with asyncio.timeout(60):
        assert (await call).body == b"re: hello"
    house.time.pass_by(seconds=60)
    await house.send()
    assert house.texts() == []
    assert await house.statuses() == ["sent"]


async def test_what_is_late_is_sent_and_the_call_just_acknowledged(build):
    house = await build(shop=BOTH, passive_wait=0.001).open()
    assert (await house.hears("slow")).body == b"ok"
    house.time.pass_by(seconds=1)
    await house.think()
    await house.send()
    assert house.texts() == ["re: slow"]
    assert (await house.hears("slow")).body == b"ok"
    assert await house.statuses() == ["sent"]


async def test_what_does_not_fit_into_an_answer_is_sent_at_once(build):
    house = await build(shop={**BOTH, "holds": 4}).open()
    assert await answered(house) == "ok"
    await house.send()
    assert house.texts() == ["re: hello"]


async def test_a_reply_whose_call_has_died_is_sent_when_its_time_is_over(build):
    house = await build(shop=BOTH).open()
    call = await heard(house)
    call.cancel()
    await house.think()
    await house.send()
    assert await house.statuses() == ["pending"]
    house.time.pass_by(seconds=31)
    await house.send()
    assert house.texts() == ["re: hello"]
    assert (await house.hears("hello")).body == b"ok"


async def test_an_agents_reply_on_an_account_that_may_send_does_not_wait(build):
    house = await build(silent, shop=BOTH).open()
    assert await answered(house) == "ok"
    await house.says("I am Ann")
    await house.send()
    assert house.texts() == ["I am Ann"]


async def test_with_everything_running_each_reply_goes_out_one_way(build):
    settings = {**BOTH, "holds": 9}
    one, other = [await build(shop=settings, passive_wait=0.05).open() for _ in range(2)]
    loops = [one.worker, one.sender, other.worker, other.sender]
    running = [asyncio.create_task(loop.run()) for loop in loops]
    names = [f"c{number}" for number in range(12)]
    told = [(name, text, h) for name in names for text in ("a", "too long") for h in (one, other)]
    calls = [house.hears(text, thread=name) for name, text, house in told]
    answers = await asyncio.gather(*calls)
    async with asyncio.timeout(100):
        # The clock goes about as fast as the real one: hopping, it would overtake the leases.
        while set(await one.statuses()) != {"sent"} or len(await one.deliveries()) < 24:
            await asyncio.sleep(0.02)
            one.time.pass_by(seconds=0.05)
    for loop in loops:
        await loop.stop(1)
    await asyncio.gather(*running)
    rode = {
        (name, answer.body.decode())
        for (name, _, _), answer in zip(told, answers, strict=True)
        if answer.body != b"ok"
    }
    sent = [(m.address.thread, text_of(m.parts)) for h in (one, other) for m in h.adapter().sent]
    assert not rode & set(sent)
    assert len(sent) == len(set(sent)) == 24 - len(rode)


# -- the platforms themselves


def account(simulator):
    return {"channel": simulator.channel, **simulator.settings, "base_url": "http://127.0.0.1:1"}


@pytest.fixture(params=["plain", "sealed", "weibo"])
def phone(request, time):
    match request.param:
        case "weibo":
            return Weibo("shop", time, mode="passive")
        case kind:
            return WeChat("shop", time, mode="passive", encrypted=kind == "sealed")


async def met(house, phone, push):
    """Let a push come in as the platform does, and show what it was answered with."""
    house.signals.inbound.clear()
    call = asyncio.create_task(house.intake.receive("shop", as_request(push)))
    async with asyncio.timeout(60):
        await house.signals.inbound.wait()
        await house.think()
        answer = await call
    if isinstance(answer, Answered):
        await house.intake.given(answer)
    phone.answered(push, answer.body)
    return phone.seen_by(push.contact)[-1].text


async def test_messages_and_events_are_answered_in_their_call(build, phone):
    async def greet(turn):
        return Outcome(reply=(Text(text=f"您好 {turn.text}".strip()),))

    house = build(greet, shop=account(phone))
    contact = OPENID if phone.channel == "wechat" else "1001"
    assert await met(house, phone, phone.follow(contact)) == "您好"
    assert await met(house, phone, phone.say(contact, "退款")) == "您好 退款"


async def test_parked_answers_are_merged_in_order_within_the_size(build, phone):
    contact = OPENID if phone.channel == "wechat" else "1001"
    house = build(silent, shop=account(phone))
    limit = 2048 // 3 if phone.channel == "wechat" else 299
    await house.says("甲" * (limit - 10), "乙" * 20, thread=contact)
    first = await met(house, phone, phone.say(contact, "在吗"))
    assert set(first) <= set("甲乙\n")
    second = await met(house, phone, phone.say(contact, "还有吗"))
    together = (first + second).replace("\n", "")
    assert together == "甲" * (limit - 10) + "乙" * 20
    assert set(await house.statuses()) == {"sent"}
