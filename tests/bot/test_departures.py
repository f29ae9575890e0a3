"""Many sends at once: the same promises as for one alone."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from bot.departures import CLAIM_AND_BEGIN, Wish, _claim
from bot.pace import Allowance
from channels.base import Capabilities, Rate, Rates, ReplyWindow
from channels.errors import RateLimited
from channels.message import Visibility
from storage import departures, lanes
from storage.activity import since
from storage.database import InDoubt
from storage.engine import make_engine
from storage.models import Conversation, Fact, Lane, LaneKind
from tests.bot.test_delivery import WARN
from tests.postgres import on_postgres, on_sqlite


def set_all(session, **values):
    for talk in session.exec(select(Conversation).order_by(Conversation.thread)):
        for name, value in values.items():
            setattr(talk, name, value)


async def many(house, count=5):
    for number in range(count):
        await house.says("one", "two", "three", thread=f"t{number}")


async def test_what_many_are_told_arrives_once_and_in_order_with_each(build):
    house = await build().open()
    await many(house)
    await house.send_together()
    told = {}
    for message in house.adapter().sent:
        told.setdefault(message.address.thread, []).append(message.parts[0].text)
    assert told == {f"t{number}": ["one", "two", "three"] for number in range(5)}
    rows = await house.deliveries()
    assert {(row.status.value, row.attempts, row.sent_at) for row in rows} == {
        ("sent", 1, house.time())
    }
    assert len({row.platform_id for row in rows}) == 15
    facts = [fact.fact for fact in await house.db.read(since, 0)]
    assert facts.count(Fact.DELIVERY_SENT) == 15
    assert house.counted("yingda_deliveries_total", inbox="shop", result="sent") == 15
    lane = await house.lane(LaneKind.OUT, "shop:t1")
    assert (lane.done, lane.ready_at, lane.token) == (3, None, None)


@on_sqlite
async def test_what_is_begun_too_late_for_stopping_was_never_tried(build):
    house, begun, free = await build().open(), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def be_slow(_session):
        loop.call_soon_threadsafe(begun.set)
        free.wait(60)

    await many(house, 2)
    busy = asyncio.create_task(house.db.write(be_slow))
    await begun.wait()
    running = asyncio.create_task(house.sender.run())
    async with asyncio.timeout(60):
        while not house.db._engine._jobs._prompt:
            await asyncio.sleep(0.001)
    await house.sender.stop(0)
    free.set()
    await asyncio.gather(busy, running)
    assert house.adapter().sent == []
    rows = await house.deliveries()
    assert {(row.status.value, row.attempts) for row in rows} == {("pending", 0)}
    assert (await house.lane(LaneKind.OUT, "shop:t0")).token is None


async def test_a_lane_in_hand_is_not_begun_by_another_claim(build):
    house = await build().open()
    await many(house, 2)
    house.sender._in_hand.add("shop:t0")
    await house.sender.claim(32)
    rows = await house.deliveries()
    begun = [row.lane for row in rows if row.status.value == "sending"]
    assert begun == ["shop:t1"]


async def test_an_inbox_that_is_asked_to_wait_begins_nothing(build):
    house = await build().open()
    await house.says("one", thread="t0")
    house.adapter().fail(RateLimited(90))
    await house.send_together()
    await house.says("two", thread="t1")
    house.sender._inboxes.get("shop").paused_until = None
    await house.send_together()
    assert house.texts() == []
    assert await house.statuses() == ["pending", "pending"]


async def test_what_looks_like_personal_data_is_not_begun_in_public(build):
    house = await build().open()
    await house.says("call 13812345678", thread="t0")
    await house.says("hello", thread="t1")
    await house.db.write(set_all, visibility=Visibility.PUBLIC)
    await house.send_together()
    assert house.texts() == ["hello"]
    assert await house.statuses() == ["failed", "sent"]


async def test_replies_that_are_counted_are_counted(build):
    house = await build().open()
    await house.says("one", thread="t0")
    await house.db.write(set_all, replies_left=4)
    await house.send_together()
    assert house.texts() == ["one"]
    assert (await house.conversation("t0")).replies_left == 3


async def test_who_lost_a_lane_does_not_take_the_others_along(build):
    house = await build().open()
    await many(house, 3)

    async def lose_one():
        if house.adapter().sending.address.thread == "t0":
            await house.db.write(_hand_over, "shop:t0")

    house.adapter().while_sending = lose_one
    await house.send_together()
    rows = await house.deliveries()
    ends = {lane: [row.status.value for row in rows if row.lane == lane] for lane in
            ("shop:t0", "shop:t1", "shop:t2")}  # fmt: skip
    assert ends["shop:t0"] == ["sending", "pending", "pending"]
    assert ends["shop:t1"] == ends["shop:t2"] == ["sent"] * 3
    assert (await house.lane(LaneKind.OUT, "shop:t0")).token == "another"


async def test_what_was_begun_with_others_and_never_ended_is_in_doubt(build):
    house = await build().open()
    await many(house, 2)
    await house.sender.claim(32)
    await house.db.write(lanes.free_all)
    house.sender._begun.clear()
    await house.send()
    assert await house.statuses() == ["uncertain", "sent", "sent"] * 2


async def test_what_was_begun_before_the_stop_is_sent_and_nothing_after_it(build):
    house = await build().open()
    await many(house, 2)
    claimed = await house.sender.claim(32)
    house.sender._stopping = True
    for lane in claimed:
        await house.sender._guarded(lane, house.sender._token)
    assert house.texts() == ["one", "one"]
    lane = await house.lane(LaneKind.OUT, "shop:t1")
    assert (lane.token, lane.done) == (None, 1)


def limit(house, **rates):
    house.adapter().capabilities = Capabilities(4000, rates=Rates(**rates))


async def test_no_more_are_begun_together_than_the_platform_allows(build):
    house = await build().open()
    limit(house, whole=Rate(8))
    await many(house)
    arrived = []
    for _ in range(3):
        await house.send_together()
        arrived.append(len(house.texts()))
        house.time.pass_by(seconds=0.25)
    assert arrived == [2, 4, 6]
    assert {row.attempts for row in await house.deliveries() if row.status.value == "sent"} == {1}


async def test_what_a_claim_used_of_a_slice_is_used_for_those_after_it(build):
    house = await build().open()
    limit(house, whole=Rate(8))
    await house.says("one", thread="t0")
    await house.send_together()
    await many(house)
    await house.send()
    assert len(house.texts()) == 2


async def test_a_chat_that_has_to_wait_holds_no_other_up(build):
    house = await build().open()
    limit(house, chat=Rate(1))
    await many(house, 2)
    await house.send_together()
    assert house.texts() == ["one", "one"]
    await house.says("one", thread="t2")
    await house.send_together()
    assert house.texts() == ["one", "one", "one"]
    house.time.pass_by(seconds=1)
    await house.send_together()
    assert house.texts()[3:] == ["two", "two"]


async def test_a_lane_whose_chat_has_to_wait_is_given_back_until_then(build):
    house = await build().open()
    limit(house, chat=Rate(1))
    await many(house, 2)
    await house.send_together()
    claimed = await house.sender.claim(32)
    for name in ("shop:t0", "shop:t1"):
        lane = await house.lane(LaneKind.OUT, name)
        assert (lane.token, lane.ready_at) == (None, house.time() + timedelta(seconds=1))
    assert claimed == []
    assert (await house.statuses()).count("pending") == 4


async def test_two_threads_of_one_chat_are_given_what_the_chat_is_given(build):
    house = await build().open()
    limit(house, chat=Rate(1), chat_depth=1)
    for thread in ("group:a", "group:b", "other"):
        await house.says("one", thread=thread)
    await house.send_together()
    assert house.texts() == ["one", "one"]
    house.time.pass_by(seconds=1)
    await house.send_together()
    assert house.texts() == ["one"] * 3


async def test_replies_that_a_platform_counts_are_counted_when_many_end(build):
    house = await build().open()
    window = ReplyWindow(timedelta(hours=48), messages=5)
    house.adapter().capabilities = Capabilities(4000, reply_window=window)
    await many(house, 2)
    await house.db.write(set_all, replies_left=5)
    await house.send_together()
    left = [(await house.conversation(thread)).replies_left for thread in ("t0", "t1")]
    assert (len(house.texts()), left) == (6, [2, 2])


@pytest.mark.parametrize(("left", "begun"), [(3, "pending"), (4, "sending")])
async def test_counted_replies_begin_together_where_there_are_more_than_wait(build, left, begun):
    house = await build().open()
    window = ReplyWindow(timedelta(hours=48), messages=5)
    house.adapter().capabilities = Capabilities(4000, reply_window=window)
    await many(house, 1)
    await house.db.write(set_all, replies_left=left)
    await house.sender.claim(32)
    assert await house.statuses() == [begun, "pending", "pending"]


@on_postgres
async def test_what_may_be_begun_together_and_was_not_sent_is_no_doubt(build):
    house = await build().open()
    await many(house, 2)
    await house.db.write(lambda s: s.connection().exec_driver_sql(WARN).close())
    try:
        with pytest.raises(InDoubt):
            await house.send_together()
        assert [(row.status.value, row.attempts) for row in await house.deliveries()] == [
            ("pending", 0)
        ] * 6
        held = [(await house.lane(LaneKind.OUT, f"shop:t{n}")).token for n in range(2)]
        assert held == [None, None]
    finally:
        drop = "DROP FUNCTION warn() CASCADE"
        await house.db.write(lambda s: s.connection().exec_driver_sql(drop).close())
    await house.send_together()
    assert await house.statuses() == ["sent"] * 6


@on_postgres
async def test_a_claim_in_doubt_takes_nothing_out_of_hand(build):
    house = await build().open()
    await many(house, 2)
    await house.sender.claim(32)
    house.sender._in_hand.add("shop:t0")
    house.time.pass_by(minutes=1)
    await house.says("one", thread="t2")
    await house.db.write(lambda s: s.connection().exec_driver_sql(WARN).close())
    try:
        with pytest.raises(InDoubt):
            await house.sender.claim(32)
    finally:
        drop = "DROP FUNCTION warn() CASCADE"
        await house.db.write(lambda s: s.connection().exec_driver_sql(drop).close())
    tokens = [(await house.lane(LaneKind.OUT, f"shop:t{n}")).token for n in range(3)]
    assert tokens == [house.sender._token, None, None]


@on_postgres
async def test_only_a_claim_that_begins_nothing_may_be_forgotten(build):
    house = await build().open()
    await many(house, 2)
    asked = []

    def claim(connection, wish, simple_ones):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO on")
        _claim(connection, wish, simple_ones, Allowance({}))
        asked.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())
        connection.exec_driver_sql("SELECT 1/0")

    for simple_ones in (house.inboxes.by_name, {}):
        with pytest.raises(DBAPIError):
            await house.db.run(claim, Wish({"shop": 5}, "me", house.time()), simple_ones)
    assert (asked, CLAIM_AND_BEGIN.lasting) == (["on", "off"], True)


@on_postgres
async def test_what_was_begun_behind_another_and_not_sent_is_no_doubt(build):
    house = await build().open()
    await many(house, 2)

    async def doubt():
        house.adapter().while_sending = None
        await house.db.write(lambda s: s.connection().exec_driver_sql(WARN).close())

    claimed = await house.sender.claim(32)
    house.adapter().while_sending = doubt
    try:
        await asyncio.gather(*(house.sender._guarded(n, house.sender._token) for n in claimed))
        rows = await house.deliveries()
        assert [(row.status.value, row.attempts) for row in rows] == [
            ("sent", 1), ("pending", 0), ("pending", 0)
        ] * 2  # fmt: skip
    finally:
        drop = "DROP FUNCTION warn() CASCADE"
        await house.db.write(lambda s: s.connection().exec_driver_sql(drop).close())
    house.time.pass_by(seconds=2)
    await house.send_together()
    assert house.texts() == ["one", "one", "two", "two", "three", "three"]


def _hand_over(session, key):
    session.get_one(Lane, (LaneKind.OUT, key)).token = "another"


async def test_what_waits_elsewhere_is_not_looked_at_to_begin_a_message(empty):
    engine = make_engine(empty)
    with engine.connect() as connection:
        words = departures._BEGIN.compile(dialect=connection.dialect)
        values = tuple("[]" if name == "b_ids" else "" for name in words.positiontup)
        asked = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)
        plan = [row[3] for row in asked]
    engine.dispose()
    assert any(way.startswith("SEARCH delivery USING INDEX") and "(id=?)" in way for way in plan)
