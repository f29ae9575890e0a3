import json
from datetime import timedelta
from pathlib import Path

import pytest

from channels import errors
from channels.base import Request
from channels.douyin.api import ERRORS, error_of
from channels.douyin.signature import HEADER, check, signature
from channels.douyin.simulator import Answer, refusal
from channels.errors import (
    BadRequest,
    QuotaUsed,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import Visibility
from channels.simulation import Fault

USER = "0da22181-d833-447f-995f-1beefea5bef3"
VECTOR = json.loads(
    (Path(__file__).parents[2] / "vectors" / "signatures.json").read_text(encoding="utf-8")
)["douyin"]


def test_a_worked_example_of_the_signature():
    body = VECTOR["body"].encode()
    assert signature(VECTOR["client_secret"], body) == VECTOR["x_douyin_signature"]
    upper = {HEADER: VECTOR["x_douyin_signature"].upper()}
    check(upper, body, VECTOR["client_secret"])
    with pytest.raises(BadRequest):
        check(upper, body + b" ", VECTOR["client_secret"])


@pytest.mark.parametrize("challenge", [12345, "12345"])
async def test_the_check_of_the_address_is_answered_in_its_own_type(joined, hear, challenge):
    async with joined() as (adapter, simulator):
        told = json.loads((await hear(adapter, simulator.url_check(challenge))).body)
        assert told == {"challenge": challenge}


async def test_the_check_of_the_address_must_be_signed_too(joined, hear):
    async with joined() as (adapter, simulator):
        push = simulator.url_check()
        with pytest.raises(BadRequest):
            await hear(adapter, push.changed(headers={}))


async def test_a_push_repeated_under_another_delivery_number_is_the_same(joined, hear):
    async with joined() as (adapter, simulator):
        push = simulator.say(USER, "hi")
        again = push.changed(headers={**push.headers, "msg-id": "another"})
        keys = {(await hear(adapter, each)).messages[0].dedupe_key for each in (push, again)}
        assert len(keys) == 1


async def test_our_own_words_come_back_and_are_not_heard(joined, hear):
    async with joined() as (adapter, simulator):
        reception = await hear(adapter, simulator.echo(USER, "已发货"))
        assert (reception.messages, reception.quarantined, reception.status) == ((), (), 200)


async def test_another_account_of_the_app_is_passed_over_and_acknowledged(joined, hear):
    async with joined({"open_id": "another-account"}) as (adapter, simulator):
        reception = await hear(adapter, simulator.say(USER, "hi"))
        assert (reception.messages, reception.quarantined, reception.status) == ((), (), 200)


async def test_who_opens_the_talk_can_be_greeted(joined, hear, answering):
    async with joined(limited=True) as (adapter, simulator):
        (visit,) = (await hear(adapter, simulator.enter(USER))).messages
        await adapter.send(answering(visit, "欢迎"))
        assert [seen.text for seen in simulator.screen] == ["欢迎"]
        grant = adapter.capabilities.reply_window.after(visit.parts)
        assert grant.length == timedelta(seconds=30)


async def test_without_a_message_to_answer_the_platform_is_not_asked(joined, hear, answering):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        asked = len(simulator.calls)
        with pytest.raises(WindowClosed):
            await adapter.send(answering(message).model_copy(update={"reply_to": None}))
        assert len(simulator.calls) == asked


async def test_after_a_day_and_after_six_answers_the_platform_says_no(
    joined, hear, answering, clock
):
    ahead = timedelta()

    def later():
        return clock() + ahead

    async with joined(clock=later, limited=True) as (adapter, simulator):
        window = adapter.capabilities.reply_window
        assert (window.length, window.messages) == (timedelta(hours=24), 6)
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        for number in range(6):
            await adapter.send(answering(message, delivery_id=f"d-{number}"))
        with pytest.raises(QuotaUsed):
            await adapter.send(answering(message, delivery_id="d-6"))
        (other,) = (await hear(adapter, simulator.say(USER, "hi again"))).messages
        ahead = timedelta(hours=25)
        with pytest.raises(WindowClosed):
            await adapter.send(answering(other))


async def test_a_comment_is_answered_under_its_video(joined, hear, answering):
    async with joined(comments=True) as (adapter, simulator):
        push = simulator.comment(USER, "多少钱", "@video==")
        (message,) = (await hear(adapter, push)).messages
        assert message.address.visibility is Visibility.PUBLIC
        sent = await adapter.send(answering(message, "请看主页"))
        named = message.platform_id.removeprefix("comment:")
        assert simulator.answers == [Answer("@video==", named, "请看主页")]
        assert (sent.pieces, simulator.screen) == (1, [])
        assert sent.platform_id


async def test_a_long_answer_is_a_few_comments_and_a_very_long_one_is_refused(
    joined, hear, answering
):
    async with joined(comments=True) as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.comment(USER, "多少钱"))).messages
        await adapter.send(answering(message, "长" * 250))
        assert [len(answer.text) for answer in simulator.answers] == [100, 100, 50]
        with pytest.raises(TooLong):
            await adapter.send(answering(message, "长" * 501))
        with pytest.raises(Refused):
            await adapter.send(answering(message, " "))
        assert len(simulator.answers) == 3


async def test_too_many_comments_hold_up_only_their_thread(joined, hear, answering):
    async with joined(comments=True) as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.comment(USER, "多少钱"))).messages
        simulator.faults.append(refusal(2190001))
        with pytest.raises(RateLimited) as limited:
            await adapter.send(answering(message))
        assert limited.value.here


async def test_an_account_without_comments_hears_none(joined, hear):
    async with joined() as (adapter, simulator):
        assert not adapter.capabilities.public
        assert not (await hear(adapter, simulator.comment(USER, "多少钱"))).messages


async def test_what_was_half_taken_is_not_sent_again(joined, hear, answering):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        simulator.faults += [Fault(200, b'{"data":{"error_code":0}}'), Fault(503)]
        with pytest.raises(Uncertain, match="1 of 2 pieces"):
            await adapter.send(answering(message, "长" * 1500))


async def test_a_refusal_is_told_with_the_platforms_reason(joined, hear, answering):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        simulator.faults.append(refusal(28003095, "存在生效的私信策略"))
        with pytest.raises(Refused, match="28003095: 存在生效的私信策略"):
            await adapter.send(answering(message))


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_known_code_has_its_meaning(code):
    assert type(error_of(code, "why", {})) is getattr(errors, ERRORS[code])


def test_an_unknown_code_is_a_refusal_and_a_code_can_be_taken_otherwise():
    assert type(error_of(7, "why", {})) is Refused
    assert type(error_of(28003070, "why", {28003070: "RateLimited"})) is RateLimited


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"extra":{"error_code":"28003081"}}', WindowClosed),
        (b'{"data":{"error_code":28003081,"description":7}}', WindowClosed),
        (b'{"error_code":2100004}', Unavailable),
        (b'{"data":[],"extra":null,"error_code":true}', Refused),
        (b'{"data":{"error_code":1e400}}', None),
        (b"{}", None),
    ],
)
async def test_wherever_the_code_stands_it_is_found(joined, hear, answering, body, kind):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        simulator.faults.append(Fault(200, body))
        if kind is None:
            assert (await adapter.send(answering(message))).platform_id is None
        else:
            with pytest.raises(kind):
                await adapter.send(answering(message))


async def test_an_authorisation_that_ended_says_what_to_do(joined):
    with pytest.raises(Unauthorized, match="authorise the account again"):
        async with joined({"refresh_token": "rft.of-long-ago"}):
            pass


async def test_a_body_without_headers_is_refused(joined):
    async with joined() as (adapter, _):
        with pytest.raises(BadRequest):
            await adapter.receive(Request("POST", {}, {}, b"{}"))


async def test_it_says_that_nobody_new_is_let_in(joined):
    async with joined() as (adapter, _):
        assert not adapter.capabilities.open_to_new
