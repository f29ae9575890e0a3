"""What comes in is handed over in the write that stores it, and it makes no difference but time."""

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text as sql

from bot import settle
from bot.arrivals import arrive
from bot.settle import Wanted
from bot.signals import Room
from channels.base import Quarantined, Reception
from channels.message import Address, IncomingMessage, Text
from handlers.base import Outcome
from storage import lanes
from storage.models import LaneKind
from storage.transport import Arrival
from tests.postgres import on_postgres, on_sqlite

LANE, LEASE = "shop:lily", timedelta(seconds=15)


@dataclass
class Door:
    """Somebody who thinks and notes what is handed to them."""

    lanes: int = 10
    handed: dict = field(default_factory=dict)

    def room(self):
        return Room(self.lanes, "ours", LEASE) if self.lanes else None

    def welcome(self, lanes):
        self.handed |= lanes


def message(house, text, thread="lily", **more):
    return IncomingMessage(
        address=Address(inbox="shop", thread=thread, contact=thread),
        dedupe_key=f"{thread}:{text}",
        sent_at=house.time(),
        parts=(Text(text=text),),
        **more,
    )


async def bring(house, door, *messages, **more):
    """Bring each message in a call of its own, all at once."""
    calls = [Arrival("shop", Reception((each,), **more), house.time()) for each in messages]
    arrived = await house.db.run(partial(arrive, host=lambda: door), calls)
    for one in arrived:
        one.hand_on()
    return arrived


async def loaded(house, *lanes_of):
    return await house.db.run(settle.load_all, [Wanted(lane, house.time()) for lane in lanes_of])


async def test_an_idle_lane_is_leased_and_its_turn_is_the_one_that_would_be_read_back(build):
    house, door = build(), Door()
    await house.hears("before")
    await house.think()
    await bring(house, door, message(house, "wo ist 包裹", contact_name="Lily"))
    lane = await house.lane(LaneKind.IN)
    assert (lane.token, lane.lease_until) == ("ours", house.time() + LEASE)
    (handed,), (read,) = door.handed.values(), await loaded(house, LANE)
    assert [m.text if hasattr(m, "text") else m.parts for m in handed.turn.history] == [
        m.text if hasattr(m, "text") else m.parts for m in read.turn.history
    ]
    for name in ("key", "contact", "conversation", "message", "now", "language", "new", "tickets"):
        assert getattr(handed.turn, name) == getattr(read.turn, name), name
    assert handed.turn.person.identity_id == read.turn.person.identity_id
    for name in ("id", "inbox", "lane", "sequence", "received_at"):
        assert getattr(handed.event, name) == getattr(read.event, name), name
    assert (handed.attempts, handed.others, handed.wait_until) == (0, (), None)


async def test_a_lane_with_more_than_one_message_waits_to_be_claimed(build):
    house, door = build(), Door()
    await house.hears("first")
    await bring(house, door, message(house, "second"))
    await bring(house, door, message(house, "one", "tom"), message(house, "two", "tom"))
    assert door.handed == {}
    for key in (LANE, "shop:tom"):
        lane = await house.lane(LaneKind.IN, key)
        assert (lane.last_in, lane.done, lane.token) == (2, 0, None)


async def test_a_lane_that_somebody_works_is_left_to_them(build):
    house, door = build(), Door()
    await house.hears("first")
    await house.db.write(lanes.claim, LaneKind.IN, "theirs", house.time(), LEASE)
    await house.db.run(lambda c: c.execute(sql("UPDATE lane SET done = last_in")))
    await bring(house, door, message(house, "second"))
    assert (door.handed, (await house.lane(LaneKind.IN)).token) == ({}, "theirs")


async def test_what_was_here_before_is_handed_to_nobody(build):
    house, door = build(), Door()
    await bring(house, None, message(house, "again"))
    (arrived,) = await bring(house, door, message(house, "again"))
    assert ([one.new for one in arrived.accepted], door.handed) == ([False], {})
    assert (await house.lane(LaneKind.IN)).token is None


async def test_pieces_of_an_album_and_what_cannot_be_read_are_handed_to_nobody(build):
    house, door = build(), Door()
    odd = Quarantined("odd", "no words", "{}")
    await bring(house, door, message(house, "piece", album="a"), quarantined=(odd,))
    assert (door.handed, (await house.lane(LaneKind.IN)).token) == ({}, None)


@pytest.mark.parametrize("room", [0, 1])
async def test_no_more_is_handed_over_than_there_is_room_for(build, room):
    house, door = build(), Door(lanes=room)
    await bring(house, door, message(house, "hi", "ann"), message(house, "hi", "tom"))
    assert len(door.handed) == room
    tokens = [(await house.lane(LaneKind.IN, f"shop:{name}")).token for name in ("ann", "tom")]
    assert tokens == ["ours", None][1 - room :] + [None] * (1 - room)


async def test_a_turn_that_cannot_be_built_is_asked_for_again_and_all_is_stored(build):
    house, door = build(), Door()
    await house.hears("before")
    await house.think()
    await house.db.run(lambda c: c.execute(sql("UPDATE conversation SET owner = 'nobody'")))
    await bring(house, door, message(house, "after"), message(house, "hi", "tom"))
    assert door.handed == {LANE: None, "shop:tom": None}
    assert (await house.lane(LaneKind.IN, "shop:tom")).last_in == 1


async def running(house):
    """Run the worker; return what stops it."""
    task = asyncio.create_task(house.worker.run())
    async with asyncio.timeout(60):
        while not house.worker._caught_up:
            await asyncio.sleep(0)

    async def stop():
        await house.worker.stop(60)
        await task

    return stop


async def answered(house, count):
    async with asyncio.timeout(60):
        while house.counted("yingda_turns_total", result="done") < count:
            await asyncio.sleep(0.001)


@on_sqlite
async def test_what_comes_in_while_the_worker_has_room_is_answered_without_a_claim(
    build, monkeypatch
):
    def claim(*_args, **_more):
        raise AssertionError("nothing is to be claimed")

    house = build()
    stop = await running(house)
    monkeypatch.setattr("bot.worker.claim", claim)
    for number in range(3):
        await asyncio.gather(*(house.hears(f"{number}", thread=name) for name in ("ann", "tom")))
        await answered(house, 2 * (number + 1))
    await stop()
    for name in ("ann", "tom"):
        said = [("contact", "0"), ("bot", "re: 0"), ("contact", "1"), ("bot", "re: 1")]
        assert (await house.spoken(name))[:4] == said
        lane = await house.lane(LaneKind.IN, f"shop:{name}")
        assert (lane.done, lane.token, lane.ready_at) == (3, None, None)


@on_sqlite
async def test_a_message_whose_caller_has_hung_up_is_answered_at_once_all_the_same(build):
    house, begun, go_on = build(), threading.Event(), threading.Event()
    stop = await running(house)

    def busy(_session):
        begun.set()
        go_on.wait(60)

    first = asyncio.create_task(house.db.write(busy))
    await asyncio.to_thread(begun.wait, 60)
    caller = asyncio.create_task(house.hears("hello"))
    room = house.worker.room

    def hang_up():
        house.signals.host.room = room
        loop.call_soon_threadsafe(caller.cancel)
        return room()

    loop = asyncio.get_running_loop()
    house.signals.host.room = hang_up
    go_on.set()
    await first
    await asyncio.gather(caller, return_exceptions=True)
    await answered(house, 1)
    await stop()
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]


@on_sqlite
async def test_what_is_handed_to_a_worker_that_stops_is_given_back(build):
    house = build()
    stop = await running(house)
    room = house.worker.room()
    house.worker._stopping = True
    door = Door()
    door.room, door.welcome = (lambda: room), house.worker.welcome
    await bring(house, door, message(house, "late"))
    await stop()
    lane = await house.lane(LaneKind.IN)
    assert (lane.done, lane.token, lane.attempts) == (0, None, 0)
    assert lane.ready_at is not None


@on_sqlite
async def test_a_lane_that_is_handed_over_before_it_was_put_down_is_worked_behind_that(build):
    asked = []

    async def chain(turn):
        asked.append(turn.text)
        return Outcome(reply=(Text(text=f"re: {turn.text}"),))

    house = build(chain)
    stop = await running(house)
    house.worker._in_hand.add(LANE)
    await house.hears("early")
    assert (await house.lane(LaneKind.IN)).token == house.worker._token
    assert not house.worker._busy
    await house.worker._put_down(LANE, house.worker._token)
    await answered(house, 1)
    await stop()
    assert asked == ["early"]
    assert (await house.lane(LaneKind.IN)).token is None


@on_sqlite
async def test_nothing_is_taken_at_the_door_while_others_wait_for_longer(build):
    house = build()
    house.worker._width = house.worker._at_once = 1
    assert house.worker.room() is None
    for name in ("ann", "tom"):
        await house.hears("first", thread=name)
    assert await house.worker._claim() is True
    house.worker._width = 2
    assert house.worker.room() is None
    await asyncio.wait(house.worker._busy)


@on_postgres
async def test_where_others_share_the_database_nothing_is_taken_at_the_door(build):
    house = build()
    stop = await running(house)
    assert house.signals.host is None
    await stop()
