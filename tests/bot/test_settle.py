"""Many turns in one write: none suffers for another, and the rules are those of a single one."""

import asyncio
from datetime import timedelta

import psycopg
from sqlmodel import select

from bot import settle
from channels.base import Reception
from channels.message import Address, IncomingMessage, Text
from storage import lanes
from storage.models import Contact, Identity, LaneKind, Message
from tests.postgres import on_postgres


def everything(model):
    return lambda session: list(session.exec(select(model)))


def message(now, text, thread, contact, **more):
    return IncomingMessage(
        address=Address(inbox="shop", thread=thread, contact=contact),
        dedupe_key=f"{thread}:{text}",
        sent_at=now,
        parts=(Text(text=text),),
        **more,
    )


async def bring(house, *messages):
    await asyncio.gather(
        *(house.intake.bring("shop", Reception((each,)), None) for each in messages)
    )


async def think(house):
    """Work all that is ready at once, as the loop does."""
    now = house.time()
    lease = timedelta(seconds=60)
    claimed = await house.db.write(lanes.claim, LaneKind.IN, "ours", now, lease, limit=100)
    await asyncio.gather(*(house.worker._guarded(lane, "ours") for lane in claimed))


async def test_a_turn_that_breaks_the_write_takes_nobody_along(build, monkeypatch):
    house, sound, sizes = build(), settle.apply_all, []

    def breaks(connection, decided, now):
        sizes.append(len(decided))
        if any(one.turn.text == "poison" for one in decided):
            raise KeyError("a bug of ours")
        return sound(connection, decided, now)

    monkeypatch.setattr("bot.settle.apply_all", breaks)
    for thread in ("ann", "tom", "zoe"):
        await house.hears("poison" if thread == "tom" else "fine", thread=thread)
    await think(house)
    assert sizes == [3, 1, 1, 1]
    for thread in ("ann", "zoe"):
        assert await house.spoken(thread) == [("contact", "fine"), ("bot", "re: fine")]
    assert await house.spoken("tom") == []
    assert (await house.lane(LaneKind.IN, "shop:tom")).attempts == 1


async def test_a_lane_that_cannot_be_loaded_stands_in_nobodys_way(build, monkeypatch):
    house, sound = build(), settle.turns.build_all

    def breaks(connection, heard, now):
        if any(one.message.text == "poison" for one in heard):
            raise KeyError("a bug of ours")
        return sound(connection, heard, now)

    monkeypatch.setattr("bot.settle.turns.build_all", breaks)
    await house.hears("fine", thread="ann")
    for text in ("fine", "poison"):
        await house.hears(text, thread="tom")
    await think(house)
    assert await house.spoken("ann") == [("contact", "fine"), ("bot", "re: fine")]
    assert await house.spoken("tom") == [("contact", "fine"), ("bot", "re: fine")]
    lane = await house.lane(LaneKind.IN, "shop:tom")
    assert (lane.done, lane.attempts) == (1, 1)


@on_postgres
async def test_what_comes_in_does_not_wait_for_the_turn_before_it(build, monkeypatch):
    house, sound, loop = build(), settle.transport.mark_done, asyncio.get_running_loop()
    await house.hears("one", thread="ann")

    def brings_more(connection, events, now):
        if events[0].sequence == 1:
            asyncio.run_coroutine_threadsafe(house.hears("two", thread="ann"), loop).result()
        sound(connection, events, now)

    monkeypatch.setattr("bot.settle.transport.mark_done", brings_more)
    await think(house)
    heard = [("contact", "one"), ("bot", "re: one"), ("contact", "two"), ("bot", "re: two")]
    assert await house.spoken("ann") == heard


@on_postgres
async def test_who_lost_a_lane_while_its_turn_was_stored_stores_nothing(build, monkeypatch):
    house, sound = build(), settle.transport.mark_done
    for thread in ("ann", "tom"):
        await house.hears("hi", thread=thread)
    rows = []

    def loses_one(connection, events, now):
        if len(events) == 2:
            with psycopg.connect(house.db.url, autocommit=True) as other:
                rows.append(
                    other.execute(
                        "UPDATE lane SET token = 'another' WHERE kind = 'in' AND key = 'shop:tom'"
                    ).rowcount
                )
        sound(connection, events, now)

    monkeypatch.setattr("bot.settle.transport.mark_done", loses_one)
    await think(house)
    assert rows == [1]
    assert await house.spoken("ann") == [("contact", "hi"), ("bot", "re: hi")]
    assert await house.spoken("tom") == []
    assert (await house.lane(LaneKind.IN, "shop:tom")).token == "another"


async def test_somebody_new_who_writes_in_two_threads_at_once_is_one_person(build):
    house = build()
    now = house.time()
    await bring(
        house,
        message(now, "hi", "alone", "lily", contact_name="Lily"),
        message(now, "hi", "group", "lily"),
    )
    await think(house)
    (contact,) = await house.db.read(everything(Contact))
    assert contact.name == "Lily"
    assert len(await house.db.read(everything(Identity))) == 1
    for thread in ("alone", "group"):
        assert (await house.conversation(thread)).contact_id == contact.id


async def test_what_is_known_of_a_person_is_not_overwritten(build):
    house = build()
    await bring(house, message(house.time(), "hi", "a", "lily", contact_name="Lily"))
    await think(house)
    await bring(house, message(house.time(), "again", "a", "lily", contact_name="Somebody"))
    await think(house)
    (contact,) = await house.db.read(everything(Contact))
    assert contact.name == "Lily"


async def test_the_same_echo_among_many_is_one_message_and_is_answered(build):
    house = build()
    await bring(
        house,
        message(house.time(), "one", "a", "lily", platform_id="p1"),
        message(house.time(), "else", "b", "tom", platform_id="p1"),
    )
    await think(house)
    await bring(
        house,
        message(house.time(), "two", "a", "lily", platform_id="p1"),
        message(house.time(), "more", "b", "tom", platform_id="p2"),
    )
    await think(house)
    assert await house.spoken("a") == [("contact", "one"), ("bot", "re: one"), ("bot", "re: two")]
    assert len(await house.spoken("b")) == 4
    assert len(await house.db.read(everything(Message))) == 7


async def test_what_is_thought_about_counts_from_when_it_came(build):
    house = build()
    came = house.time()
    await bring(house, message(came, "one", "ann", "ann"), message(came, "one", "tom", "tom"))
    later = came + timedelta(minutes=5)
    asked = [settle.Wanted(lane, later) for lane in ("shop:ann", "shop:tom")]
    loaded = await house.db.run(settle.load_all, asked)
    assert [one.event.received_at for one in loaded] == [came, came]
