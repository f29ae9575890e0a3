"""Where customers read what is stored, a reply is with them once it is."""

import pytest

from storage.models import Lane, LaneKind

STORED = {"stored_is_sent": True}


async def heard(house, text, thread="lily"):
    await house.brings(text, thread)
    await house.think()


async def test_a_reply_is_sent_by_the_commit_that_stores_it(build):
    house = await build(shop=STORED).open()
    await heard(house, "one")
    await heard(house, "two")
    rows = await house.deliveries()
    assert {(row.status.value, row.pieces, row.sent_at) for row in rows} == {
        ("sent", 1, house.time())
    }
    assert await house.spoken() == [
        ("contact", "one"), ("bot", "re: one"), ("contact", "two"), ("bot", "re: two"),
    ]  # fmt: skip
    lane = await house.lane(LaneKind.OUT)
    assert (lane.last_in, lane.done, lane.ready_at, lane.token) == (2, 2, None, None)
    assert house.counted("yingda_deliveries_total", inbox="shop", result="sent") == 2
    assert house.inboxes.get("shop").last_out == house.time()


async def test_no_sender_is_woken_and_none_sends_it_again(build):
    house = await build(shop=STORED).open()
    house.signals.outbound.clear()
    await heard(house, "hello")
    assert not house.signals.outbound.is_set()
    await house.send()
    await house.send_together()
    assert house.texts() == []


async def test_a_reply_goes_behind_what_still_waits_in_its_thread(build):
    house = await build(shop=STORED).open()
    await house.says("I am Ann")
    await heard(house, "hello")
    await heard(house, "hi", "tom")
    assert await house.statuses() == ["pending", "pending", "sent"]
    await house.send()
    assert house.texts() == ["I am Ann", "re: hello"]
    assert await house.statuses() == ["sent", "sent", "sent"]
    await heard(house, "and now?")
    assert await house.statuses() == ["sent"] * 4


async def test_a_lane_that_a_sender_has_in_hand_is_left_to_it(build):
    house = await build(shop=STORED).open()
    await house.says("I am Ann")
    await house.send()

    def take(session):
        session.get_one(Lane, (LaneKind.OUT, "shop:lily")).token = "somebody"

    await house.db.write(take)
    await heard(house, "hello")
    assert await house.statuses() == ["sent", "pending"]


@pytest.mark.parametrize(
    "settings", [{"messages_per_second": 5}, {"public": True}, {"window_minutes": 5}]
)
async def test_where_a_sender_has_to_look_at_it_it_does(build, settings):
    house = await build(shop={**STORED, **settings}).open()
    await heard(house, "hello")
    assert await house.statuses() == ["pending"]
    await house.send()
    assert (house.texts(), await house.statuses()) == (["re: hello"], ["sent"])
