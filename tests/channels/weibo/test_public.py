"""Answering in public."""

from contextlib import aclosing

import pytest

from channels.errors import Gone, RateLimited, Refused, TooLong, Uncertain
from channels.message import Address, Location, OutgoingMessage, Text, Visibility
from channels.simulation import Fault
from channels.weibo.simulated_square import SHOP, Answer
from channels.weibo.simulator import refusal

FAN = "2489518277"
WATCH = {"watch": ["comments", "mentions"]}


@pytest.fixture
def watching(joined):
    return lambda config=None: joined({**WATCH, **(config or {})}, watched=True)


async def heard_by(adapter):
    async with aclosing(adapter.sweep(None)) as found:
        return [message async for _, reception in found for message in reception.messages]


def answering(message, text):
    return OutgoingMessage(
        address=message.address,
        delivery_id="d-1",
        parts=(Text(text=text),),
        reply_to=message.platform_id,
    )


async def test_a_comment_is_answered_to_it_and_a_post_under_it(watching):
    async with watching() as (adapter, simulator):
        square = simulator.square
        post = square.post("新品上市")
        comment = square.comment(FAN, "发货了吗", post)
        named = square.post(f"@{SHOP} 快递太慢", FAN)
        first, second = await heard_by(adapter)
        sent = await adapter.send(answering(first, "今天发"))
        await adapter.send(answering(second, "抱歉，请私信我们"))
        (one, two) = square.answers
        assert one == Answer(one.number, post, "今天发", comment)
        assert (two.post, two.to) == (named, None)
        assert (sent.platform_id, sent.pieces) == (str(one.number), 1)
        assert not simulator.screen


async def test_a_long_answer_is_a_few_comments_and_a_very_long_one_is_refused(watching):
    async with watching() as (adapter, simulator):
        simulator.square.comment(FAN, "发货了吗", simulator.square.post("新品上市"))
        (heard,) = await heard_by(adapter)
        sent = await adapter.send(answering(heard, "长" * 300))
        assert [len(answer.text) for answer in simulator.square.answers] == [140, 140, 20]
        assert sent.pieces == 3
        with pytest.raises(TooLong):
            await adapter.send(answering(heard, "长" * 701))
        with pytest.raises(Refused):
            await adapter.send(answering(heard, " "))
        assert len(simulator.square.answers) == 3


@pytest.mark.parametrize("deleted", ["post", "comment"])
async def test_under_what_was_deleted_nothing_is_said(watching, deleted):
    async with watching() as (adapter, simulator):
        post = simulator.square.post("新品上市")
        comment = simulator.square.comment(FAN, "发货了吗", post)
        (heard,) = await heard_by(adapter)
        simulator.square.delete(post if deleted == "post" else comment)
        with pytest.raises(Gone, match="not there any more"):
            await adapter.send(answering(heard, "今天发"))


async def test_too_many_comments_hold_up_only_their_thread(watching):
    async with watching({"comments_per_hour": 2}) as (adapter, simulator):
        simulator.square.comment(FAN, "发货了吗", simulator.square.post("新品上市"))
        (heard,) = await heard_by(adapter)
        for text in ("一", "二"):
            await adapter.send(answering(heard, text))
        with pytest.raises(RateLimited) as limited:
            await adapter.send(answering(heard, "三"))
        assert limited.value.here
        assert len(simulator.square.answers) == 2
        private = Address(inbox="shop", thread=FAN, contact=FAN)
        await adapter.send(answering(heard, "私信").model_copy(update={"address": private}))
        assert [seen.text for seen in simulator.screen] == ["私信"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refusal(10024), RateLimited),
        (refusal(20019, "repeat content"), Refused),
        (Fault(200, b"<html>"), Uncertain),
        (Fault(500, after_work=True), Uncertain),
    ],
)
async def test_each_fault_of_the_public_side_is_named(watching, fault, kind):
    async with watching() as (adapter, simulator):
        simulator.square.comment(FAN, "发货了吗", simulator.square.post("新品上市"))
        (heard,) = await heard_by(adapter)
        simulator.faults += [fault]
        if fault.after_work:
            simulator.faults.appendleft(refusal(0, status=200))
            text = "长" * 200
        else:
            text = "今天发"
        with pytest.raises(kind):
            await adapter.send(answering(heard, text))


async def test_an_address_that_is_no_post_is_refused(watching):
    async with watching() as (adapter, _):
        address = Address(inbox="shop", thread=FAN, contact=FAN, visibility=Visibility.PUBLIC)
        told = OutgoingMessage(address=address, delivery_id="d", parts=(Text(text="hi"),))
        with pytest.raises(Refused):
            await adapter.send(told)


async def test_a_place_is_a_point_on_the_map_after_its_name(joined, saying):
    place = Location(latitude=31.2304, longitude=121.4737, label="人民广场店")
    async with joined() as (adapter, simulator):
        await adapter.send(saying("门店在这里：", place))
        assert [seen.text for seen in simulator.screen] == [
            "门店在这里：",
            "人民广场店",
            "31.2304, 121.474",
        ]
    async with joined(mode="passive") as (adapter, simulator):
        push = simulator.say(FAN, "在哪")
        bare = saying(place.model_copy(update={"label": None}))
        simulator.answered(push, adapter.answer(None, bare).body)
        assert [seen.text for seen in simulator.screen] == ["31.2304, 121.474"]
