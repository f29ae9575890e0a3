"""How fast a platform is sent to, and that one which is dead slows no other."""

import asyncio
from datetime import timedelta

import pytest

from bot.delivery import SHARE
from channels.base import Capabilities, Rate, Rates
from channels.errors import RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from storage import paces
from storage.paces import PATIENCE


def limit(house, name="shop", **rates):
    house.adapter(name).capabilities = Capabilities(4000, rates=Rates(**rates))


async def stop(house, running):
    await house.sender.stop(5)
    await running


async def threads(house, number, inbox="shop"):
    for count in range(number):
        await house.says(f"to {count}", thread=f"t{count}", inbox=inbox)


async def test_no_faster_than_the_platform_allows(build):
    house = await build().open()
    limit(house, whole=Rate(8))
    await threads(house, 5)
    arrived = []
    for _ in range(3):
        await house.send()
        arrived.append(len(house.texts()))
        house.time.pass_by(seconds=0.25)
    assert arrived == [2, 4, 5]
    assert [row.attempts for row in await house.deliveries()] == [1] * 5


async def test_the_configured_speed_is_the_one_that_counts(build):
    house = await build(shop={"messages_per_second": 2}).open()
    limit(house, whole=Rate(100))
    await threads(house, 3)
    await house.send()
    assert len(house.texts()) == 1
    house.time.pass_by(seconds=0.5)
    await house.send()
    assert len(house.texts()) == 2


async def test_a_chat_is_sent_its_messages_one_by_one_and_in_order(build):
    house = await build().open()
    limit(house, chat=Rate(1, burst=2))
    await house.says("one", "two", "three", "four")
    await house.says("to tom", thread="tom")
    await house.send()
    assert sorted(house.texts()) == ["one", "to tom", "two"]
    house.time.pass_by(seconds=0.5)
    await house.send()
    assert len(house.texts()) == 3
    house.time.pass_by(seconds=0.5)
    await house.send()
    house.time.pass_by(seconds=1)
    await house.send()
    assert [text for text in house.texts() if text != "to tom"] == ["one", "two", "three", "four"]


async def test_two_processes_share_one_limit(build):
    one, two = await build().open(), await build().open()
    for house in (one, two):
        limit(house, whole=Rate(8))
    await threads(one, 6)
    for _ in range(2):
        await asyncio.gather(one.send(), two.send())
    assert len(one.texts() + two.texts()) == 2


async def test_the_platforms_pause_outlives_a_restart(build):
    house = await build().open()
    house.adapter().fail(RateLimited(90))
    await house.says("patience")
    await house.send()
    await house.says("so I said", thread="tom")
    reborn = await build().open()
    reborn.time.pass_by(seconds=89.9)
    await reborn.send()
    assert reborn.texts() == []
    reborn.time.pass_by(seconds=0.1)
    await reborn.send()
    assert sorted(reborn.texts()) == ["patience", "so I said"]


async def test_too_fast_for_one_chat_leaves_the_others_alone(build):
    house = await build().open()
    limit(house, chat=Rate(10), chat_depth=1, limits_chats=True)
    house.adapter().fail(RateLimited(90))
    await house.says("slow", thread="group:lily")
    await house.send()
    await house.says("of the same chat", thread="group:tom")
    await house.says("of another", thread="elsewhere:tom")
    await house.send()
    assert house.texts() == ["of another"]
    house.time.pass_by(seconds=90)
    await house.send()
    house.time.pass_by(seconds=0.1)
    await house.send()
    assert sorted(house.texts()) == ["of another", "of the same chat", "slow"]


@pytest.mark.parametrize("problem", [Unavailable, Uncertain])
async def test_a_platform_that_fails_in_a_row_is_asked_no_more(build, problem):
    house = await build().open()
    house.adapter().fail(*(problem() for _ in range(PATIENCE)))
    await threads(house, PATIENCE + 3)
    await house.send()
    assert house.texts() == []
    assert [row.attempts for row in await house.deliveries()].count(1) == PATIENCE
    assert house.inboxes.able() == []


async def test_an_account_that_needs_a_human_is_asked_no_more_and_says_so(build):
    house = await build().open()
    house.adapter().fail(Unauthorized("HTTP 401"), Unauthorized("HTTP 401"))
    await threads(house, 3)
    await house.send()
    assert sum(row.attempts for row in await house.deliveries()) == 1
    (state,) = house.inboxes.states()
    assert (state.state, state.detail) == ("degraded", "HTTP 401")
    assert state.trouble
    assert "renew the secret" in state.trouble.line
    assert house.counted("yingda_inbox_ready", inbox="shop") == 0
    for _ in range(2):
        house.time.pass_by(seconds=60)
        await house.send()
    assert len(house.texts()) == 3
    (state,) = house.inboxes.states()
    assert (state.state, state.trouble) == ("ready", None)
    assert house.counted("yingda_inbox_ready", inbox="shop") == 1


async def dead(house):
    """Let messages fail until the inbox is held."""
    house.adapter().fail(*(Unavailable("HTTP 503") for _ in range(PATIENCE)))
    await threads(house, PATIENCE)
    await house.send()
    assert house.texts() == []


async def test_one_message_tries_whether_it_is_back_and_then_all_go(build):
    house = await build().open()
    await dead(house)
    house.adapter().fail(Unavailable("HTTP 503"))
    await threads(house, PATIENCE + 5)
    house.time.pass_by(seconds=60)
    await house.send()
    tried = sum(row.attempts for row in await house.deliveries())
    assert (tried, house.texts()) == (PATIENCE + 1, [])
    house.time.pass_by(seconds=60)
    await house.send()
    assert len(house.texts()) == PATIENCE + PATIENCE + 5


async def test_while_one_message_tries_whether_it_is_back_the_others_are_not_even_claimed(build):
    house = await build().open()
    await dead(house)
    await threads(house, PATIENCE + 5)
    house.time.pass_by(seconds=60)
    assert house.sender.rooms() == {"shop": 1}
    await house.send_together()
    assert len(house.texts()) == 1
    assert house.sender.rooms()["shop"] > PATIENCE


async def test_a_refusal_shows_that_the_platform_is_back(build):
    house = await build().open()
    await dead(house)
    house.adapter().fail(Refused("no such chat"))
    house.time.pass_by(seconds=60)
    await house.send()
    await house.send()
    assert len(house.texts()) == PATIENCE - 1


async def test_a_restart_does_not_run_against_a_dead_platform_again(build):
    house = await build().open()
    await dead(house)
    reborn = await build().open()
    await reborn.says("later", thread="new")
    await reborn.send()
    assert reborn.texts() == []
    assert (await reborn.db.read(paces.states, reborn.time()))["shop"].problem == "HTTP 503"


@pytest.mark.parametrize("names", [["shop"], ["shop", "mall", "kiosk", "stall"]])
async def test_platforms_that_hang_take_no_sender_from_the_others(build, names):
    house = await build(**{name: {} for name in [*names, "other"]}).open()
    hangs, begun = asyncio.Event(), []

    async def hang():
        begun.append("hangs")
        await hangs.wait()

    for name in names:
        house.adapter(name).while_sending = hang
        await threads(house, SHARE + 5, inbox=name)
    running = asyncio.create_task(house.sender.run())
    async with asyncio.timeout(60):
        while len(begun) < SHARE * len(names):
            await asyncio.sleep(0)
        await threads(house, 2 * SHARE, inbox="other")
        await house.adapter("other").until(2 * SHARE)
        assert [house.texts(name) for name in names] == [[] for _ in names]
        assert len(begun) == SHARE * len(names)
        hangs.set()
        for name in names:
            await house.adapter(name).until(SHARE + 5)
        await stop(house, running)


async def test_the_loop_wakes_when_a_pause_ends(build):
    house = await build().open()
    house.inboxes.get("shop").paused_until = house.time() + timedelta(seconds=0.2)
    assert house.sender.patience() == pytest.approx(0.2)
    house.time.pass_by(seconds=1)
    assert house.sender.patience() == pytest.approx(0.5)
    house.inboxes.by_name["shop"].paused_until = house.time() + timedelta(hours=1)
    assert house.sender.patience() == pytest.approx(0.5), "others' messages become due meanwhile"


async def test_what_a_chat_may_not_have_is_left_to_the_others(build):
    house = await build().open()
    limit(house, whole=Rate(8), chat=Rate(1))
    await house.says("one", "two")
    await house.says("to tom", thread="tom")
    await house.send()
    assert house.texts() == ["one", "to tom"]
