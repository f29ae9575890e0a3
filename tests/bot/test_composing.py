"""Who waits for long sees that somebody writes; that this fails harms nobody."""

from __future__ import annotations

import asyncio

import pytest

from bot import composing
from bot.composing import Composing
from channels.errors import Unavailable
from channels.message import Address, Text
from handlers.base import Outcome

LILY = Address(inbox="shop", thread="lily", contact="lily")


class Screen:
    """What a channel shows of our writing."""

    def __init__(self, problem=None):
        self.shown, self.problem = [], problem
        self.lit = asyncio.Event()

    async def typing(self, address):
        self.shown.append(address.thread)
        self.lit.set()
        if self.problem is not None:
            raise self.problem


async def opened(build, screen, chain=None):
    house = await (build() if chain is None else build(chain=chain)).open()
    house.adapter().typing = screen.typing
    return house


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(composing, "LONG_SECONDS", 0)


async def test_who_waits_for_an_answer_sees_that_it_is_written(build, at_once):
    screen = Screen()

    async def slow(turn):
        await screen.lit.wait()
        return Outcome(reply=(Text(text="at last"),))

    house = await opened(build, screen, slow)
    await house.hears("hello")
    await house.think()
    assert screen.shown == ["lily"]
    assert await house.spoken() == [("contact", "hello"), ("bot", "at last")]


async def test_a_quick_answer_needs_no_sign(build):
    screen = Screen()
    house = await opened(build, screen)
    await house.hears("hello")
    await house.think()
    assert screen.shown == []


@pytest.mark.parametrize("problem", [Unavailable(), ValueError("a bug")])
async def test_a_sign_that_fails_costs_no_answer(build, at_once, problem):
    screen = Screen(problem)

    async def slow(turn):
        await screen.lit.wait()
        return Outcome(reply=(Text(text="at last"),))

    house = await opened(build, screen, slow)
    await house.hears("hello")
    await house.think()
    assert await house.spoken() == [("contact", "hello"), ("bot", "at last")]


async def test_a_thread_is_not_told_again_at_every_key(build):
    screen = Screen()
    house = await opened(build, screen)
    signs = Composing(house.inboxes)
    for address in (LILY, LILY, LILY.model_copy(update={"thread": "tom"}), LILY):
        await signs.show(address)
    assert screen.shown == ["lily", "tom"]


async def test_where_it_cannot_be_shown_or_nothing_can_be_sent_nothing_is_asked(build):
    house = await build().open()
    signs = Composing(house.inboxes)
    await signs.show(LILY)
    await signs.show(LILY.model_copy(update={"inbox": "nowhere"}))
    screen = Screen()
    house.adapter().typing = screen.typing
    house.inboxes.by_name["shop"].ready.clear()
    await signs.show(LILY)
    assert screen.shown == []
