"""Inboxes: each lives and fails on its own, and comes back by itself."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.memory import StoredMemory
from channels.base import Reception
from channels.errors import Unauthorized, Unavailable
from storage.models import InboundEvent

SECRET = "s3cr3t-v4lue"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Try again without waiting."""
    monkeypatch.setattr("bot.inboxes.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("bot.inboxes.LONGEST_PAUSE", 0.0)


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.001)


def state(house, name="shop"):
    found = {item.inbox: item for item in house.inboxes.states()}[name]
    return found.state, found.detail


async def texts(house):
    rows = await house.db.read(
        lambda s: list(s.exec(select(InboundEvent).order_by(InboundEvent.sequence)))
    )
    return [row.payload["parts"][0]["text"] for row in rows]


def start(house):
    house.inboxes.start(house.intake.bring, house.intake.cursor)
    house.stack.push_async_callback(house.inboxes.stop)


async def test_a_platform_that_is_down_is_degraded_and_leaves_the_others_ready(build, monkeypatch):
    monkeypatch.setattr("bot.inboxes.FIRST_PAUSE", 3600.0)
    house = build(shop={}, other={})
    house.adapter("shop").entering.append(Unavailable("not reached"))
    start(house)
    await until(lambda: state(house, "other")[0] == "ready" and state(house)[0] != "starting")
    assert state(house) == ("degraded", "not reached")
    assert all(found.trouble is None for found in house.inboxes.states())
    assert state(house, "other") == ("ready", "")
    assert house.inboxes.able() == ["other"]
    assert house.counted("yingda_inbox_ready", inbox="shop") == 0
    assert house.counted("yingda_inbox_ready", inbox="other") == 1


@pytest.mark.parametrize("problem", [Unavailable(), Unauthorized(), RuntimeError("a bug")])
async def test_it_is_tried_again_until_it_works(build, problem):
    house = build()
    house.adapter().entering.extend([problem] * 3)
    start(house)
    await until(lambda: house.inboxes.able() == ["shop"])
    assert house.adapter().entered == 4
    assert state(house) == ("ready", "")


async def test_what_breaks_inside_is_not_told_to_the_desk(build, monkeypatch):
    monkeypatch.setattr("bot.inboxes.FIRST_PAUSE", 3600.0)
    house = build()
    house.adapter().entering.append(RuntimeError(f"token={SECRET}"))
    start(house)
    await until(lambda: state(house)[0] == "degraded")
    assert state(house) == ("degraded", "RuntimeError: see the log")


async def test_before_the_start_nothing_can_be_sent(build):
    house = build()
    assert house.inboxes.able() == []
    assert state(house) == ("starting", "")


async def test_a_disabled_inbox_is_shown_but_not_there(build):
    house = await build(shop={}, off={"enabled": False, "label": "Old shop"}).open()
    assert house.inboxes.get("off") is None
    assert house.inboxes.able() == ["shop"]
    shown = house.inboxes.states()[-1]
    assert (shown.inbox, shown.label, shown.state) == ("off", "Old shop", "disabled")


async def test_the_desk_sees_where_the_platform_must_call(build):
    house = build(shop={"label": "Shop"})
    (shown,) = house.inboxes.states("https://help.example.com/")
    assert shown.webhook_url == "https://help.example.com/inboxes/shop/webhook"
    assert (shown.label, shown.channel) == ("Shop", "strange")


async def test_stopping_closes_every_adapter(build):
    house = await build(shop={}, other={"mode": "polling"}).open()
    await house.inboxes.stop()
    assert [house.adapter(name).closed for name in ("shop", "other")] == [1, 1]
    assert house.inboxes.able() == []


async def test_a_polling_inbox_stores_what_it_finds_with_its_cursor(build):
    house = await build(shop={"mode": "polling"}).open()
    adapter = house.adapter()
    adapter.arriving.put_nowait(("1", Reception((adapter.message("one"),))))
    adapter.arriving.put_nowait(("2", Reception()))
    await until(adapter.arriving.empty)
    async with asyncio.timeout(60):
        while await house.intake.cursor("shop") != "2":
            await asyncio.sleep(0.001)
    assert await texts(house) == ["one"]


async def test_a_poll_that_breaks_goes_on_after_what_was_stored(build):
    house = await build(shop={"mode": "polling"}).open()
    adapter = house.adapter()
    adapter.arriving.put_nowait(("1", Reception((adapter.message("one"),))))
    adapter.arriving.put_nowait(Unavailable("went away"))
    await until(lambda: len(adapter.asked_after) == 2)
    assert adapter.asked_after == [None, "1"]
    adapter.arriving.put_nowait(("2", Reception((adapter.message("two"),))))
    async with asyncio.timeout(60):
        while len(await texts(house)) < 2:
            await asyncio.sleep(0.001)
    assert await texts(house) == ["one", "two"]


async def test_what_could_not_be_stored_is_asked_for_again(build):
    house = build(shop={"mode": "polling"})
    refusals = [Unavailable("the disk is full")]

    async def bring(name, reception, cursor):
        if refusals:
            raise refusals.pop()
        await house.intake.bring(name, reception, cursor)

    house.inboxes.start(bring, house.intake.cursor)
    house.stack.push_async_callback(house.inboxes.stop)
    adapter = house.adapter()
    message = Reception((adapter.message("one"),))
    adapter.arriving.put_nowait(("1", message))
    await until(lambda: len(adapter.asked_after) == 2)
    assert adapter.asked_after == [None, None]
    adapter.arriving.put_nowait(("1", message))
    async with asyncio.timeout(60):
        while await texts(house) != ["one"]:
            await asyncio.sleep(0.001)


async def test_an_envelope_is_acknowledged_only_when_it_is_stored(build):
    house = build(shop={"mode": "listening"})
    stored = asyncio.Event()

    async def bring(name, reception, cursor):
        assert cursor is None
        await stored.wait()
        await house.intake.bring(name, reception, cursor)

    house.inboxes.start(bring, house.intake.cursor)
    house.stack.push_async_callback(house.inboxes.stop)
    adapter = house.adapter()
    adapter.arriving.put_nowait(Reception((adapter.message("one"),)))
    await until(adapter.arriving.empty)
    assert adapter.acknowledged == []
    stored.set()
    await until(lambda: adapter.acknowledged)
    assert await texts(house) == ["one"]


async def test_a_socket_that_ends_is_opened_again(build):
    house = await build(shop={"mode": "listening"}).open()
    adapter = house.adapter()
    adapter.arriving.put_nowait(None)
    await until(lambda: adapter.entered == 2)
    await until(lambda: house.inboxes.able() == ["shop"])
    assert adapter.closed == 1


async def test_while_a_socket_is_gone_the_inbox_is_not_called_ready(build, monkeypatch):
    monkeypatch.setattr("bot.inboxes.FIRST_PAUSE", 3600.0)
    house = await build(shop={"mode": "listening"}).open()
    house.adapter().arriving.put_nowait(None)
    await until(lambda: house.adapter().closed == 1 and not house.inboxes.able())
    await until(lambda: state(house)[0] == "degraded")


async def test_a_paused_inbox_can_send_again_when_its_time_has_come(build):
    house = await build().open()
    house.inboxes.get("shop").paused_until = house.time() + timedelta(seconds=5)
    assert house.inboxes.able() == []
    house.time.pass_by(seconds=5)
    assert house.inboxes.able() == ["shop"]


async def test_an_adapters_memory_expires_by_our_clock(build):
    house = build(shop={}, other={})
    memory = house.adapter().memory
    await memory.set("token", SECRET, timedelta(hours=2))
    await memory.set("cursor", "7")
    assert await memory.get("token") == SECRET
    assert await house.adapter("other").memory.get("token") is None
    assert await StoredMemory(house.db, "shop", house.time).get("token") == SECRET
    house.time.pass_by(hours=2)
    assert await memory.get("token") is None
    assert await memory.get("cursor") == "7"


async def test_a_refused_account_is_left_alone_while_others_are_tried_again(build, monkeypatch):
    monkeypatch.setattr("bot.inboxes.LONGEST_PAUSE", 3600.0)
    house = build(shop={}, late={"mode": "polling"}, other={})
    house.adapter("shop").entering.append(Unauthorized("renew the token"))
    await house.adapter("late").arriving.put(Unauthorized("renew the token"))
    house.adapter("other").entering.extend(Unavailable("down") for _ in range(20))
    start(house)
    broken = ("degraded", "renew the token")
    await until(lambda: state(house, "other")[0] == "ready" and state(house, "late") == broken)
    for name in ("shop", "late"):
        assert state(house, name) == ("degraded", "renew the token")
        assert house.adapter(name).entered == 1


async def test_an_inbox_that_fails_right_after_its_start_waits_longer_each_time(build, monkeypatch):
    monkeypatch.setattr("bot.inboxes.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("bot.inboxes.LONGEST_PAUSE", 3600.0)
    house = build(shop={"mode": "polling"})
    adapter = house.adapter()
    for _ in range(6):
        await adapter.arriving.put(Unavailable("down"))
    with capture_logs() as logs:
        start(house)
        await until(lambda: adapter.entered == 7)
    waits = [line["retry_in"] for line in logs if line["event"] == "inbox is degraded"]
    assert waits == [0.001 * 2**number for number in range(6)]
