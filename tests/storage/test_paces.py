"""Paces: senders share one limit, a platform's word is kept, a dead one is tried by one."""

import asyncio
import threading
from datetime import timedelta

import pytest

from channels.base import Rate
from storage import pace_batches, paces
from storage.database import Database
from storage.paces import LONGEST_HOLD, PATIENCE, PROBE, Leave, Need
from tests.postgres import on_postgres

TEN = Rate(10)
"""Two messages a slice of 0.2 s."""
CHAT = Rate(1, burst=3)


def need(chat="lily", *, whole=None, each=None):
    return Need("shop", chat, whole, each)


async def ask(db, now, **given):
    return await db.write(paces.ask, need(**given), now)


async def fail(db, now, times=1, again=timedelta(hours=1)):
    for _ in range(times):
        held = await db.write(paces.stumbled, "shop", "HTTP 503", now, now + again)
    return held


async def test_an_inbox_without_limits_and_faults_may_always_be_sent_to(db, now):
    assert await ask(db, now) == Leave()
    assert await db.read(paces.states, now) == {}


async def test_two_senders_get_no_more_slices_than_one_would(db, now):
    given, at = 0, now
    for _ in range(2 * 50):
        leave = await ask(db, at, whole=TEN)
        if leave.taken is None:
            assert leave.everybody
            assert leave.wait_until > at
            at = leave.wait_until
        else:
            assert leave.taken.until > at
            given += leave.taken.messages
    assert given == 2 * 50
    assert (at - now).total_seconds() == pytest.approx(50 * 0.2)


async def test_a_slice_is_free_at_the_moment_that_was_named(db, now):
    first = await ask(db, now, whole=Rate(30))
    until = (await ask(db, now, whole=Rate(30))).wait_until
    assert until == first.taken.until
    early = await ask(db, until - timedelta(microseconds=1), whole=Rate(30))
    assert (early.taken, early.wait_until) == (None, until)
    assert (await ask(db, until, whole=Rate(30))).taken is not None


async def test_a_chat_may_be_sent_some_at_once_and_then_one_at_a_time(db, now):
    waits = []
    for _ in range(5):
        leave = await ask(db, now, each=CHAT)
        waits.append(leave.wait_until)
    assert waits[:3] == [None, None, None]
    assert waits[3] == waits[4] == now + timedelta(seconds=1)
    assert not leave.everybody
    assert (await ask(db, waits[3], each=CHAT)).wait_until is None
    assert (await ask(db, waits[3], each=CHAT)).wait_until == now + timedelta(seconds=2)


async def take_each(db, now, *chats):
    return await db.run(pace_batches.take_each, "shop", chats, CHAT, now)


async def test_many_chats_at_once_are_given_what_each_would_be_given_alone(db, now):
    for _ in range(CHAT.burst):
        assert await take_each(db, now, "tom", "lily") == {}
    alone = await ask(db, now, each=CHAT)
    assert await take_each(db, now, "ann", "lily", "tom") == {
        "lily": alone.wait_until, "tom": alone.wait_until
    }  # fmt: skip
    assert await take_each(db, alone.wait_until, "lily", "tom") == {}
    assert (await ask(db, alone.wait_until, each=CHAT)).wait_until > alone.wait_until


async def test_of_many_chats_one_waits_until_the_platform_allows_it_again(db, now):
    until = now + timedelta(minutes=1)
    await db.write(paces.block, "shop", "lily", now, until)
    assert await take_each(db, now, "lily", "tom") == {"lily": until}
    assert await take_each(db, until, "lily", "tom") == {}


async def test_a_chat_that_waits_holds_no_other(db, now):
    for _ in range(4):
        lily = await ask(db, now, each=CHAT)
    tom = await ask(db, now, chat="tom", each=CHAT)
    assert lily.wait_until is not None
    assert tom.wait_until is None


async def test_nothing_is_sent_before_the_platform_allows_it_again(db, now):
    until = now + timedelta(seconds=90)
    assert await db.write(paces.block, "shop", paces.WHOLE, now, until)
    assert await ask(db, until - timedelta(microseconds=1)) == Leave(until, everybody=True)
    assert await ask(db, until) == Leave()


async def test_a_later_word_never_shortens_an_earlier_one(db, now):
    until = now + timedelta(seconds=90)
    await db.write(paces.block, "shop", paces.WHOLE, now, until)
    await db.write(paces.block, "shop", paces.WHOLE, now, now + timedelta(seconds=1))
    assert (await ask(db, now)).wait_until == until
    await db.write(paces.block, "shop", paces.WHOLE, now, until + timedelta(seconds=1))
    assert (await ask(db, now)).wait_until == until + timedelta(seconds=1)


async def test_too_fast_for_one_chat_leaves_the_others_but_for_two_it_means_all(db, now):
    until = now + timedelta(seconds=9)
    assert not await db.write(paces.block, "shop", "lily", now, until)
    assert not await db.write(paces.block, "shop", "lily", now, until)
    assert (await ask(db, now, each=CHAT)).wait_until == until
    assert (await ask(db, now, chat="tom", each=CHAT)).wait_until is None
    assert await db.write(paces.block, "shop", "tom", now, until)
    assert (await ask(db, now, chat="ann", each=CHAT)) == Leave(until, everybody=True)


async def test_a_platform_that_fails_again_and_again_is_left_alone(db, now):
    assert await fail(db, now, PATIENCE - 1) is None
    assert await ask(db, now) == Leave(troubled=True)
    assert await fail(db, now) == now + LONGEST_HOLD
    assert await ask(db, now) == Leave(now + LONGEST_HOLD, everybody=True)
    held = (await db.read(paces.states, now))["shop"]
    assert (held.held_until, held.problem) == (now + LONGEST_HOLD, "HTTP 503")


async def test_it_is_held_no_longer_than_its_own_message_waits(db, now):
    assert await fail(db, now, PATIENCE, timedelta(seconds=2)) == now + timedelta(seconds=2)


async def test_a_held_inbox_is_tried_by_one_message_at_a_time(db, now):
    later = await fail(db, now, PATIENCE)
    assert await ask(db, later) == Leave(troubled=True)
    assert await ask(db, later, chat="tom") == Leave(later + PROBE, everybody=True)
    assert await ask(db, later + PROBE, chat="tom") == Leave(troubled=True)


async def test_a_chat_that_has_to_wait_does_not_use_up_the_one_try_of_a_held_inbox(db, now):
    await fail(db, now, times=PATIENCE)
    later, long = now + LONGEST_HOLD, now + timedelta(hours=1)
    await db.write(paces.block, "shop", "lily", now, long, alone=True)
    assert (await ask(db, later, each=CHAT)).wait_until == long
    assert await ask(db, later, chat="tom", each=CHAT) == Leave(troubled=True)


@on_postgres
async def test_of_two_processes_that_ask_at_once_one_tries_a_held_inbox(db, url, now):
    await fail(db, now, PATIENCE)
    later = now + LONGEST_HOLD
    asked, looked = threading.Event(), threading.Event()

    def first(session):
        leave = paces.ask(session, need(), later)
        asked.set()
        assert looked.wait(60)
        return leave

    def second(session):
        # What is seen from here on is from before the first one's commit.
        assert asked.wait(60)
        session.connection().exec_driver_sql("SELECT 1 FROM pace")
        looked.set()
        return paces.ask(session, need("tom"), later)

    async with Database(url) as other:
        leaves = await asyncio.gather(db.write(first), other.write(second))
    assert [leave.wait_until is None for leave in leaves] == [True, False]
    assert leaves[1].everybody
    assert (await ask(db, later + PROBE)).wait_until is None


async def test_an_account_that_needs_a_human_is_held_at_once(db, now):
    again = now + timedelta(seconds=4)
    held = await db.write(paces.stumbled, "shop", "HTTP 401", now, again, hopeless=True)
    assert held == again
    assert paces.is_held((await db.read(paces.states, now))["shop"])
    assert (await ask(db, again)).wait_until is None
    assert (await ask(db, again)).wait_until is not None


async def test_one_success_opens_it_for_all(db, now):
    later = await fail(db, now, PATIENCE)
    await ask(db, later)
    await db.write(paces.recovered, "shop")
    assert await ask(db, later) == Leave()
    assert await db.read(paces.states, later) == {}


async def test_the_rows_of_quiet_chats_are_forgotten_and_an_inbox_never(db, now):
    await ask(db, now, whole=TEN, each=CHAT)
    await db.write(paces.block, "shop", "tom", now, now + timedelta(days=1))
    later = now + timedelta(hours=1)
    assert await db.write(paces.forget, later) == 1
    assert await db.write(paces.forget, later + timedelta(days=2)) == 1
    assert await db.write(paces.forget, later + timedelta(days=2)) == 0
