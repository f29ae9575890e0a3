"""Many sends at once: the same promises as for one alone."""

from sqlmodel import select

from channels.errors import RateLimited
from channels.message import Visibility
from storage import departures, lanes
from storage.activity import since
from storage.engine import make_engine
from storage.models import Conversation, Fact, Lane, LaneKind


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


async def test_a_lane_in_hand_is_not_begun_by_another_claim(build):
    house = await build().open()
    await many(house, 2)
    house.sender._in_hand.add("shop:t0")
    await house.sender.claim(32)
    rows = await house.deliveries()
    begun = [row.lane for row in rows if row.status.value == "sending"]
    assert begun == ([] if house.db.shared else ["shop:t1"])


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
    assert house.db.shared or await house.statuses() == ["uncertain", "sent", "sent"] * 2


async def test_what_was_begun_before_the_stop_is_sent_and_nothing_after_it(build):
    house = await build().open()
    await many(house, 2)
    claimed = await house.sender.claim(32)
    house.sender._stopping = True
    for lane in claimed:
        await house.sender._guarded(lane, house.sender._token)
    begun = [] if house.db.shared else ["one", "one"]
    assert house.texts() == begun
    lane = await house.lane(LaneKind.OUT, "shop:t1")
    assert (lane.token, lane.done) == (None, len(begun) // 2)


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
