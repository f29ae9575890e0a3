"""What was sent at once is one message, whoever thinks about it and whenever its pieces come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.albums import MOST, REST
from channels.base import Reception
from channels.message import Address, IncomingMessage, Media, Text
from storage import lanes, setbacks
from storage.models import InboundEvent, LaneKind, Message
from tests.postgres import on_sqlite

LANE = "shop:lily"


def piece(house, number, *words, album="a", thread="lily"):
    media = Media(kind="image", ref=f"p{number}")
    return IncomingMessage(
        address=Address(inbox="shop", thread=thread, contact=thread),
        dedupe_key=f"{thread}:{number}",
        sent_at=house.time(),
        parts=(media, *(Text(text=text) for text in words)),
        platform_id=f"{number}",
        album=album,
    )


def text(house, words, thread="lily"):
    return piece(house, words, thread=thread, album=None).model_copy(
        update={"parts": (Text(text=words),)}
    )


async def bring(house, *messages):
    for message in messages:
        await house.intake.bring("shop", Reception((message,)), None)


async def heard(house):
    rows = select(Message).where(Message.author == "contact").order_by(Message.position)
    found = await house.db.read(lambda s: list(s.exec(rows)))
    return [[getattr(part, "ref", None) or part.text for part in m.parts] for m in found]


async def until_whole(house):
    house.time.pass_by(seconds=REST.total_seconds())


async def test_pieces_of_an_album_are_one_message_with_its_words_at_the_end(build):
    house = build()
    await bring(house, *(piece(house, n, *(["look"] if n == 0 else [])) for n in range(3)))
    await house.think()
    assert await heard(house) == []
    await until_whole(house)
    await house.think()
    assert await heard(house) == [["p0", "p1", "p2", "look"]]
    assert await house.spoken() == [("contact", "look"), ("bot", "re: look")]
    lane = await house.lane(LaneKind.IN)
    assert (lane.done, lane.last_in, lane.ready_at, lane.token) == (3, 3, None, None)


async def test_each_piece_that_comes_prolongs_the_wait(build):
    house = build()
    for number in range(3):
        await bring(house, piece(house, number))
        await house.think()
        house.time.pass_by(seconds=REST.total_seconds() / 2)
    await house.think()
    assert await heard(house) == []
    await until_whole(house)
    await house.think()
    assert await heard(house) == [["p0", "p1", "p2"]]


@on_sqlite
async def test_an_album_does_not_wait_for_a_time_from_before_the_clock_was_set_back(build):
    house = build()
    await bring(house, piece(house, 0), piece(house, 1))
    back = timedelta(hours=1)
    house.time.pass_by(hours=-1)
    await house.db.write(setbacks.bring_forward, back, house.time())
    await house.think()
    assert await heard(house) == [["p0", "p1"]]


async def test_what_is_said_after_an_album_ends_it_at_once_and_stays_behind_it(build):
    house = build()
    await bring(house, piece(house, 0), piece(house, 1), text(house, "well?"))
    await house.think()
    assert await heard(house) == [["p0", "p1"], ["well?"]]


async def test_two_albums_are_two_messages(build):
    house = build()
    pieces = [piece(house, n, album="ab"[n // 2]) for n in range(4)]
    await bring(house, *pieces)
    await until_whole(house)
    await house.think()
    assert await heard(house) == [["p0", "p1"], ["p2", "p3"]]


async def test_a_full_album_waits_for_nothing_and_what_exceeds_it_is_not_lost(build):
    house = build()
    await bring(house, *(piece(house, n) for n in range(MOST + 1)))
    await house.think()
    await until_whole(house)
    await house.think()
    assert [len(parts) for parts in await heard(house)] == [MOST, 1]


async def test_a_piece_that_comes_after_all_is_a_message_of_its_own(build):
    house = build()
    for number in range(2):
        await bring(house, piece(house, number))
        await until_whole(house)
        await house.think()
    assert await heard(house) == [["p0"], ["p1"]]


async def test_a_piece_that_comes_twice_counts_once(build):
    house = build()
    await bring(house, piece(house, 0), piece(house, 1), piece(house, 0))
    await until_whole(house)
    await house.think()
    assert await heard(house) == [["p0", "p1"]]


async def test_other_lanes_settle_with_an_album_as_if_it_were_not_there(build):
    house = build()
    await bring(house, piece(house, 0), piece(house, 1), text(house, "hi", thread="tom"))
    await until_whole(house)
    await house.think()
    assert await heard(house) in ([["p0", "p1"], ["hi"]], [["hi"], ["p0", "p1"]])
    for key, done in ((LANE, 2), ("shop:tom", 1)):
        lane = await house.lane(LaneKind.IN, key)
        assert (lane.done, lane.ready_at) == (done, None)


async def test_a_worker_that_dies_between_the_pieces_leaves_the_album_to_the_next(build):
    house, dead = build(), "dead"
    await bring(house, piece(house, 0))
    now, lease = house.time(), REST
    await house.db.write(lanes.claim, LaneKind.IN, dead, now, lease, limit=1)
    await bring(house, piece(house, 1))
    house.time.pass_by(seconds=2 * REST.total_seconds())
    await house.think()
    assert await heard(house) == [["p0", "p1"]]


@pytest.mark.parametrize("broken", [0, 1])
async def test_a_piece_that_cannot_be_read_costs_only_itself(build, broken):
    house = build()
    await bring(house, *(piece(house, n) for n in range(3)))

    def spoil(session):
        found = select(InboundEvent).order_by(InboundEvent.sequence)
        event = list(session.exec(found))[broken]
        event.payload = {"parts": 5}
        session.add(event)

    await house.db.write(spoil)
    await until_whole(house)
    for _ in range(3):
        await house.think()
    kept = [part for parts in await heard(house) for part in parts]
    assert kept == [f"p{n}" for n in range(3) if n != broken]


async def test_an_edit_of_a_later_piece_is_one_of_the_album(build):
    house = build()
    await bring(house, *(piece(house, n, *(["look"] if n == 0 else [])) for n in range(3)))
    await until_whole(house)
    await house.think()
    edit = piece(house, 2, "look closer", album=None)
    named = {"dedupe_key": "lily:edit", "replaces": "2"}
    await bring(house, edit.model_copy(update=named))
    await house.think()
    rows = select(Message).where(Message.author == "contact").order_by(Message.position)
    album, changed = await house.db.read(lambda s: list(s.exec(rows)))
    assert (album.replaces, changed.replaces) == (None, album.position)


async def test_an_edit_of_what_nobody_remembers_names_it_all_the_same(build):
    house = build()
    edit = piece(house, 9, "hello", album=None).model_copy(update={"replaces": "9"})
    await bring(house, piece(house, 1), edit)
    await until_whole(house)
    await house.think()
    rows = select(Message).where(Message.author == "contact").order_by(Message.position)
    found = await house.db.read(lambda s: list(s.exec(rows)))
    assert [each.replaces for each in found] == [None, None]
