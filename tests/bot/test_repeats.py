"""What may have arrived is repeated as it was, where the platform knows it; else it is in doubt."""

from dataclasses import replace

import pytest
from sqlmodel import select

from channels.base import Bounced
from channels.errors import Blocked, RateLimited, Unavailable, Uncertain
from storage import bounces, deliveries, lanes
from storage.lanes import Fenced
from storage.models import Conversation, LaneKind
from tests.bot.test_delivery import LEASE

KNOWN = {"idempotent": True, "window_minutes": 60, "window_messages": 5}
LANE = "shop:lily"


def shown(house):
    """Return what customers see who are shown each name once, with the first words under it."""
    first = {}
    for message in house.adapter().sent:
        first.setdefault(message.delivery_id, [part.text for part in message.parts])
    return [text for texts in first.values() for text in texts]


def names(house):
    """Return under how many names and contents something was sent."""
    return {(message.delivery_id, message.parts) for message in house.adapter().sent}


async def leave(house, replies):
    def write(session):
        talk = session.exec(select(Conversation)).one()
        talk.replies_left = replies
        session.add(talk)

    await house.db.write(write)


async def begin(house, holder="dead"):
    await house.db.write(lanes.claim, LaneKind.OUT, holder, house.time(), LEASE)
    return await house.db.write(deliveries.start, LANE, holder, house.time(), LEASE)


async def test_what_may_have_arrived_takes_nothing_along_that_came_later(build):
    house = await build(shop=KNOWN).open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("one")
    await leave(house, 1)
    await house.send()
    await house.says("two")
    await leave(house, 2)
    house.time.pass_by(minutes=2)
    await house.send()
    assert shown(house) == ["one", "two"]
    assert len(names(house)) == 2
    assert await house.statuses() == ["sent", "sent"]


async def test_what_went_out_together_is_repeated_together(build):
    house = await build(shop=KNOWN).open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("one", "two")
    await leave(house, 1)
    await house.send()
    await leave(house, 5)
    house.time.pass_by(minutes=2)
    await house.send()
    assert shown(house) == ["one", "two"]
    assert len(names(house)) == 1
    assert await house.statuses() == ["sent", "sent"]


async def test_what_went_out_together_before_a_kill_is_repeated_together(build):
    house = await build(shop=KNOWN).open()
    await house.says("one", "two")
    await leave(house, 1)
    await house.adapter().send((await begin(house)).message)
    await house.db.write(lanes.free_all)
    await house.says("three")
    await leave(house, 2)
    await house.send()
    assert shown(house) == ["one", "two", "three"]
    assert len(names(house)) == 2


async def test_what_went_out_together_before_a_kill_is_in_doubt_together(build):
    house = await build().open()
    await house.says("one", "two")
    await leave(house, 1)
    await begin(house)
    await house.db.write(lanes.free_all)
    await house.send()
    assert (house.texts(), await house.statuses()) == ([], ["uncertain", "uncertain"])


@pytest.mark.parametrize("after", [Blocked(), RateLimited(1), Unavailable()])
async def test_a_doubt_does_not_become_a_failure_by_what_comes_after_it(build, after):
    house = await build(shop=KNOWN).open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("one")
    await house.send()
    house.time.pass_by(minutes=2)
    house.adapter().fail(after)
    await house.send()
    house.time.pass_by(minutes=70)
    await leave(house, 0)
    await house.send()
    assert await house.statuses() == ["uncertain"]


async def test_a_doubt_that_has_to_wait_for_its_turn_stays_one(build):
    house = await build(shop={**KNOWN, "messages_per_second": 0.01}).open()
    await house.says("first", thread="tom")
    await house.send()
    await house.says("one")
    await begin(house)
    await house.db.write(lanes.free_all)
    await house.send()
    found = [row for row in await house.deliveries() if row.lane == LANE]
    assert [(row.status.value, row.attempts) for row in found] == [("sending", 1)]


async def test_a_message_that_ended_another_way_does_not_stop_its_thread(build):
    house = await build().open()
    await house.says("one", "two")
    started = await begin(house)
    told = Bounced(started.delivery.id.hex, Blocked())
    await house.db.write(bounces.bounce, "shop", told, house.time())
    await house.db.write(lanes.free_all)
    await house.send()
    assert house.texts() == ["two"]
    assert await house.statuses() == ["failed", "sent"]
    assert (await house.lane(LaneKind.OUT, LANE)).ready_at is None


async def test_what_has_ended_is_not_tried_again(build):
    house = await build().open()
    await house.says("one")
    started = await begin(house)
    told = Bounced(started.delivery.id.hex, Blocked())
    await house.db.write(bounces.bounce, "shop", told, house.time())
    for tried in (started, replace(started, again=True)):
        with pytest.raises(Fenced):
            await house.db.write(deliveries.retry_later, tried, "busy")
    assert await house.statuses() == ["failed"]
