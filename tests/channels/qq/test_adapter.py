import json
from datetime import timedelta
from pathlib import Path

import pytest

from channels import errors
from channels.errors import BadRequest, RateLimited, Refused, TooLong, WindowClosed
from channels.message import Address, Media, OutgoingMessage, Text
from channels.qq import render
from channels.qq.api import ERRORS, error_of
from channels.qq.signature import Signer
from channels.qq.simulator import Simulator, refusal
from channels.testing import HeldFiles
from channels.testing.samples import SAMPLES

USER, GROUP = "E4F4AEA33253A2797FB897C50B81D7ED", "C9F778FE6ADF9D1D1DBE395BF744A33A"
VECTOR = json.loads(
    (Path(__file__).parents[2] / "vectors" / "signatures.json").read_text(encoding="utf-8")
)["qq_doc_vector"]


def answering(message, text="hello", delivery_id="d-1"):
    return OutgoingMessage(
        address=message.address,
        delivery_id=delivery_id,
        parts=(Text(text=text),),
        reply_to=message.platform_id,
    )


@pytest.mark.parametrize(
    ("thread", "path"),
    [
        ("c2c:x", "/v2/users/..%2Fgroups%2Fg%3Fa%23/messages"),
        ("group:../v2?:x", "/v2/groups/..%2Fv2%3F/messages"),
    ],
)
def test_no_name_of_a_person_or_a_group_leads_a_call_elsewhere(thread, path):
    address = Address(inbox="shop", thread=thread, contact="../groups/g?a#")
    assert render.path(OutgoingMessage(address=address, delivery_id="d", parts=())) == path


def test_the_platforms_own_example_is_signed():
    signer = Signer(VECTOR["bot_secret"])
    assert signer.challenge(VECTOR["event_ts"], VECTOR["plain_token"]) == VECTOR["signature"]


async def test_the_check_of_the_address_is_answered_with_the_proof(joined, hear):
    async with joined() as (adapter, simulator):
        push = simulator.url_check("Arq0D5A61EgUu4OxUvOp")
        told = json.loads((await hear(adapter, push)).body)
        stamp = json.loads(push.body)["d"]["event_ts"]
        right = Signer(simulator.app_secret).challenge(stamp, "Arq0D5A61EgUu4OxUvOp")
        assert told == {"plain_token": "Arq0D5A61EgUu4OxUvOp", "signature": right}


@pytest.mark.parametrize("token", ['{"op":0}', "", "a b", "x" * 200])
async def test_nobody_gets_a_call_signed_by_way_of_the_check(joined, hear, token):
    async with joined() as (adapter, simulator):
        with pytest.raises(BadRequest):
            await hear(adapter, simulator.url_check(token))


@pytest.mark.parametrize("token", ["abc", "123", "null", "1", "-_-"])
@pytest.mark.parametrize("moved", [-1, 0, 1])
async def test_the_proof_of_a_check_opens_no_other_door(joined, hear, token, moved):
    async with joined() as (adapter, simulator):
        push = simulator.url_check(token)
        told = json.loads((await hear(adapter, push)).body)
        signed = json.loads(push.body)["d"]["event_ts"] + token
        end = len(signed) - len(token) + moved
        headers = {"x-signature-timestamp": signed[:end], "x-signature-ed25519": told["signature"]}
        with pytest.raises(BadRequest) as refused:
            await hear(adapter, push.changed(body=signed[end:].encode(), headers=headers))
        assert refused.value.status == 401


async def test_a_call_is_acknowledged_in_the_platforms_words(joined, hear):
    async with joined() as (adapter, simulator):
        assert json.loads((await hear(adapter, simulator.say(USER, "hi"))).body) == {"op": 12}


async def test_what_is_asked_in_a_group_is_answered_there(joined, hear):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say_in(GROUP, USER, "在吗"))).messages
        assert message.address.thread == f"group:{GROUP}:{USER}"
        assert message.text == "在吗"
        await adapter.send(answering(message))
        assert simulator.calls[-1] == f"/v2/groups/{GROUP}/messages"
        assert [seen.text for seen in simulator.screen] == ["hello"]


async def test_a_new_friend_can_be_greeted(joined, hear):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.befriend(USER))).messages
        await adapter.send(answering(message, "欢迎"))
        assert [seen.text for seen in simulator.screen] == ["欢迎"]


async def test_the_same_answer_twice_shows_once_and_is_well(joined, hear):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        assert (await adapter.send(answering(message))).platform_id == "sent-1"
        assert (await adapter.send(answering(message))).platform_id is None
        assert len(simulator.screen) == 1


async def test_without_a_message_to_answer_the_platform_is_not_asked(joined, hear):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        asked = len(simulator.calls)
        with pytest.raises(WindowClosed):
            await adapter.send(answering(message).model_copy(update={"reply_to": None}))
        assert len(simulator.calls) == asked


async def test_after_an_hour_and_after_five_answers_the_platform_says_no(joined, hear, clock):
    ahead = timedelta()

    def later():
        return clock() + ahead

    async with joined(clock=later, limited=True) as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        for number in range(5):
            await adapter.send(answering(message, delivery_id=f"d-{number}"))
        with pytest.raises(RateLimited):
            await adapter.send(answering(message, delivery_id="d-5"))
        (other,) = (await hear(adapter, simulator.say(USER, "hi again"))).messages
        ahead = timedelta(minutes=61)
        with pytest.raises(WindowClosed):
            await adapter.send(answering(other))


async def test_the_window_we_keep_is_the_platforms(joined):
    async with joined() as (adapter, _):
        window = adapter.capabilities.reply_window
        assert (window.length, window.messages) == (timedelta(minutes=60), 5)


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_known_code_has_its_meaning(code):
    error = error_of(code, "why", {})
    kinds = {"Taken": type(None), "RateLimited": RateLimited}
    assert type(error) is kinds.get(ERRORS[code]) or type(error) is getattr(errors, ERRORS[code])


def test_an_unknown_code_is_a_refusal_and_a_code_can_be_taken_otherwise():
    assert type(error_of(7, "why", {})) is Refused
    assert type(error_of(7, "why", {7: "TooLong"})) is TooLong


async def test_a_refusal_is_told_with_the_platforms_reason(joined, hear):
    async with joined() as (adapter, simulator):
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        simulator.faults.append(refusal(304003, "url not allowed"))
        with pytest.raises(Refused, match=r"304003: url not allowed"):
            await adapter.send(answering(message))


def test_a_short_secret_is_repeated_and_a_long_one_cut_as_the_platform_does():
    assert Signer("abcdefgh").sign("1", b"x") == Signer("abcdefgh" * 4).sign("1", b"x")
    assert Signer("a" * 32).sign("1", b"x") == Signer("a" * 40).sign("1", b"x")


async def test_a_simulated_platform_refuses_what_the_real_one_does(joined, hear):
    async with joined() as (adapter, simulator):
        assert isinstance(simulator, Simulator)
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        strange = answering(message).model_copy(update={"reply_to": "of-nobody"})
        with pytest.raises(Refused, match="304026"):
            await adapter.send(strange)


async def test_a_file_is_given_to_where_it_will_be_shown(joined, hear):
    async with joined() as (adapter, simulator):
        files = HeldFiles()
        adapter.lend(files)
        ref = files.keep("a.png", "image/png", SAMPLES["image/png"])
        (message,) = (await hear(adapter, simulator.say_in(GROUP, USER, "图呢"))).messages
        parts = (Text(text="请看"), Media(kind="image", ref=ref))
        sent = await adapter.send(answering(message).model_copy(update={"parts": parts}))
        assert sent.pieces == 2
        assert simulator.calls[-3:] == [
            f"/v2/groups/{GROUP}/files",
            f"/v2/groups/{GROUP}/messages",
            f"/v2/groups/{GROUP}/messages",
        ]
        assert [(seen.text, seen.file and seen.file.content) for seen in simulator.screen] == [
            ("请看", None),
            ("", SAMPLES["image/png"]),
        ]


async def test_when_a_file_is_not_taken_nothing_is_said(joined, hear):
    async with joined() as (adapter, simulator):
        files = HeldFiles()
        adapter.lend(files)
        ref = files.keep("a.png", "image/png", SAMPLES["image/png"])
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        parts = (Text(text="请看"), Media(kind="image", ref=ref))
        simulator.faults.append(refusal(850026))
        with pytest.raises(Refused):
            await adapter.send(answering(message).model_copy(update={"parts": parts}))
        assert simulator.screen == []


async def test_a_file_in_our_own_network_is_not_fetched(joined):
    async with joined() as (adapter, _):
        for address in ("http://127.0.0.1/x", "http://10.0.0.7/x", "file:///etc/passwd"):
            with pytest.raises(Refused):
                async with adapter.fetch(address):
                    pytest.fail("it is fetched")
