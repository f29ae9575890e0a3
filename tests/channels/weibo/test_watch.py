"""Reading in public: over HTTP from the simulated platform, as from the real one."""

import json
from contextlib import aclosing
from datetime import timedelta

import pytest

from channels.base import Doorbell
from channels.errors import RateLimited, Unauthorized, Unavailable
from channels.simulation import Fault
from channels.testing import as_request
from channels.weibo.simulated_square import SHOP
from channels.weibo.simulator import refusal

FAN, OTHER = "2489518277", "2489518278"
WATCH = {"watch": ["comments", "comment_mentions", "mentions"]}


async def round_of(adapter, cursor=None):
    """What one round brings: the messages' texts, in order, and the cursor after it."""
    heard = []
    async with aclosing(adapter.sweep(cursor)) as found:
        async for after, reception in found:
            heard += reception.messages
            cursor = after
    return heard, cursor


@pytest.fixture
def watching(joined):
    return lambda config=None, **more: joined({**WATCH, **(config or {})}, watched=True, **more)


async def test_an_account_is_asked_only_where_it_watches(joined, watching):
    async with joined() as (adapter, _):
        assert isinstance(adapter, Doorbell)
        assert (adapter.polling, adapter.doorbell, adapter.capabilities.answers) == (
            False,
            True,
            False,
        )
    async with watching() as (adapter, simulator):
        assert adapter.polling
        assert adapter.aside
        await round_of(adapter)
        asked = [question["path"] for question in simulator.square.asked]
        assert asked == [
            "/2/comments/to_me.json",
            "/2/comments/mentions.json",
            "/2/statuses/mentions.json",
        ]


async def test_what_comes_after_the_first_round_is_heard_once_and_in_order(watching):
    async with watching() as (adapter, simulator):
        square = simulator.square
        post = square.post("新品上市")
        _, cursor = await round_of(adapter)
        square.comment(FAN, "发货了吗", post)
        square.comment(OTHER, "多少钱", post)
        square.comment(FAN, "急", post)
        square.post(f"@{SHOP} 快递太慢", FAN)
        square.comment(FAN, f"@{SHOP} 管管", square.post("我的一天", OTHER))
        heard, cursor = await round_of(adapter, cursor)
        assert [message.text for message in heard] == [
            "发货了吗",
            "多少钱",
            "急",
            "管管",
            "快递太慢",
        ]
        assert heard[0].address == heard[2].address != heard[1].address
        assert (await round_of(adapter, cursor))[0] == []


async def test_a_comment_that_names_us_under_our_post_counts_once(watching):
    async with watching() as (adapter, simulator):
        post = simulator.square.post("新品上市")
        _, cursor = await round_of(adapter)
        simulator.square.comment(FAN, f"@{SHOP} 发货了吗", post)
        heard, _ = await round_of(adapter, cursor)
        assert [message.dedupe_key for message in heard] == [heard[0].dedupe_key] * 2


async def test_the_first_round_takes_nothing_old(watching):
    async with watching() as (adapter, simulator):
        square, now = simulator.square, simulator.clock()
        post = square.post("新品上市")
        simulator.clock = lambda: now - timedelta(hours=1)
        square.comment(FAN, "昨天的问题", post)
        simulator.clock = lambda: now
        square.comment(FAN, "现在的问题", post)
        heard, cursor = await round_of(adapter)
        assert [message.text for message in heard] == ["现在的问题"]
        assert (await round_of(adapter, cursor))[0] == []


async def test_many_are_read_page_by_page_in_order_with_holes_where_some_were_deleted(watching):
    async with watching() as (adapter, simulator):
        square = simulator.square
        post = square.post("抽奖")
        _, cursor = await round_of(adapter)
        numbers = [square.comment(FAN, f"第{n}条", post) for n in range(130)]
        for number in numbers[85:90]:
            square.delete(number)
        square.doubled = 2
        heard, cursor = await round_of(adapter, cursor)
        texts = list(dict.fromkeys(message.text for message in heard))
        assert texts == [f"第{n}条" for n in range(130) if not 85 <= n < 90]
        assert (await round_of(adapter, cursor))[0] == []


@pytest.mark.parametrize("broken", ["quota", "platform"])
async def test_what_a_broken_round_left_comes_with_the_next(watching, broken):
    config = {"calls_per_hour": 8, "watch": ["comments"]} if broken == "quota" else {}
    async with watching({**config, "watch": ["comments"]}) as (adapter, simulator):
        square, now = simulator.square, simulator.clock()
        post = square.post("抽奖")
        _, cursor = await round_of(adapter)
        for n in range(400):
            square.comment(FAN, f"第{n}条", post)
        if broken == "platform":
            square.hourly = 5
        heard, stops = [], []
        for hours in range(1, 4):
            try:
                async with aclosing(adapter.sweep(cursor)) as found:
                    async for after, reception in found:
                        heard += [message.text for message in reception.messages]
                        cursor = after
            except RateLimited as limited:
                stops.append(limited.here)
            then = now + timedelta(hours=hours)
            simulator.clock = adapter._clock = adapter._quota._clock = lambda then=then: then
        assert stops
        assert all(stops)
        assert sorted(set(heard)) == sorted(f"第{n}条" for n in range(400))
        assert json.loads(cursor)["comments"]["upto"] == 0


async def test_no_more_is_asked_than_the_quota_allows(watching):
    async with watching({"calls_per_day": 8}) as (adapter, simulator):
        cursor = None
        for _ in range(2):
            _, cursor = await round_of(adapter, cursor)
        with pytest.raises(RateLimited):
            await round_of(adapter, cursor)
        assert len(simulator.square.asked) == 6


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(500), Unavailable),
        (Fault(200, b"[]"), Unavailable),
        (Fault(200, b'{"comments": {}}'), Unavailable),
        (Fault(200, b"<html>"), Unavailable),
        (Fault(302, headers={"location": "http://127.0.0.1/"}), Unavailable),
        (refusal(10014), Unauthorized),
        (refusal(21327), Unauthorized),
        (refusal(10023), RateLimited),
    ],
)
async def test_trouble_with_asking_is_told_and_moves_no_cursor(watching, fault, kind):
    async with watching() as (adapter, simulator):
        simulator.faults.append(fault)
        with pytest.raises(kind):
            await round_of(adapter)
        heard, _ = await round_of(adapter)
        assert heard == []


async def test_one_senseless_item_is_set_aside_and_the_others_are_heard(watching):
    async with watching({"watch": ["comments"]}) as (adapter, simulator):
        square = simulator.square
        post = square.post("新品上市")
        _, cursor = await round_of(adapter)
        square.comment(FAN, "一", post)
        square._comments[square.comment(FAN, "二", post)].told["created_at"] = "yesterday"
        square.comment(FAN, "三", post)
        found = [pair async for pair in adapter.sweep(cursor)]
        assert [q.reason for _, r in found for q in r.quarantined] == [
            "comments: has no created_at"
        ]
        assert [m.text for _, r in found for m in r.messages] == ["一", "三"]
        assert (await round_of(adapter, found[-1][0]))[0] == []


async def test_a_pushed_mention_is_left_to_the_watch(joined, watching):
    async with watching() as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.mention(FAN, "@云杉生活 在吗")))
        assert (reception.status, reception.messages) == (200, ())
    async with joined() as (adapter, simulator):
        reception = await adapter.receive(as_request(simulator.mention(FAN, "@云杉生活 在吗")))
        assert len(reception.messages) == 1
