"""Thinking: in order, once, out of any transaction, and never lost when a handler breaks."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text as sql
from sqlmodel import select

from bot import settle
from bot.settle import TRIES
from bot.worker import HANDLER_TRIES
from channels.base import Reception
from channels.message import Address, ContactEvent, IncomingMessage, Text
from handlers.apply import Stale
from handlers.base import Handoff, Outcome
from handlers.chain import build_chain
from storage import conversations, lanes, transport
from storage.models import InboundEvent, Lane, LaneKind, Owner, Status, Timer

HAND_OVER = Outcome(reply=(Text(text="a person comes"),), actions=(Handoff("asked"),))


async def hand_over(turn):
    return HAND_OVER


class Nothing:
    """A knowledge base without an entry."""

    def entries(self):
        return ()


class Failing:
    """A handler that breaks so many times, then answers."""

    def __init__(self, times, problem=None):
        self.left, self.asked, self.problem = times, 0, problem or ValueError("secret detail")

    async def __call__(self, turn):
        self.asked += 1
        if self.left:
            self.left -= 1
            raise self.problem
        return Outcome(reply=(Text(text=f"re: {turn.text}"),))


async def events(house):
    return await house.db.read(
        lambda s: list(s.exec(select(InboundEvent).order_by(InboundEvent.sequence)))
    )


async def wait_for_lane(house):
    """Move the clock to when the inbound lane is ready again."""
    house.time.now = (await house.lane(LaneKind.IN)).ready_at


async def test_messages_of_a_thread_are_answered_in_order(build):
    house = build()
    for text in ("one", "two", "three"):
        await house.hears(text)
    await house.think()
    assert await house.spoken() == [
        ("contact", "one"),
        ("bot", "re: one"),
        ("contact", "two"),
        ("bot", "re: two"),
        ("contact", "three"),
        ("bot", "re: three"),
    ]
    assert [event.done_at for event in await events(house)] == [house.time()] * 3
    assert await house.db.read(lanes.backlog, LaneKind.IN) == (0, None)
    assert house.signals.outbound.is_set()


async def test_a_slow_thread_does_not_hold_up_another(build):
    go_on = asyncio.Event()

    async def slow_for_lily(turn):
        if turn.message.address.thread == "lily":
            await go_on.wait()
        return Outcome(reply=(Text(text=f"re: {turn.text}"),))

    house = build(slow_for_lily)
    running = asyncio.create_task(house.worker.run())
    await house.hears("slow")
    await house.hears("quick", thread="tom")
    async with asyncio.timeout(60):
        while len(await house.spoken("tom")) < 2:
            await asyncio.sleep(0)
        assert await house.spoken("lily") == []
        go_on.set()
        while len(await house.spoken("lily")) < 2:
            await asyncio.sleep(0)
    await house.worker.stop(1)
    await running


async def test_a_handler_that_fails_is_asked_again_later(build):
    handler = Failing(1)
    house = build(handler)
    await house.hears("hello")
    await house.think()
    assert await house.spoken() == []
    await house.think()
    assert handler.asked == 1
    await wait_for_lane(house)
    await house.think()
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]


@pytest.mark.parametrize("problem", [ValueError("secret detail"), TimeoutError()])
async def test_after_three_failures_a_person_takes_over_and_nothing_is_lost(build, problem):
    handler = Failing(100, problem)
    house = build(handler)
    await house.hears("hello")
    await house.hears("are you there?")
    for _ in range(HANDLER_TRIES):
        await house.think()
        await wait_for_lane(house) if handler.asked < HANDLER_TRIES else None
    assert handler.asked == HANDLER_TRIES
    conversation = await house.conversation()
    assert (conversation.owner, conversation.handoff_reason) == (Owner.QUEUE, "error")
    spoken = await house.spoken()
    assert [who for who, _ in spoken] == ["contact", "bot", "contact"]
    assert "secret detail" not in str(spoken)
    assert house.counted("yingda_turns_total", result="handler_failed") == HANDLER_TRIES


async def test_thinking_has_an_end(build, monkeypatch):
    monkeypatch.setattr("bot.worker.THINKING_SECONDS", 0.0)

    async def forever(turn):
        await asyncio.Event().wait()

    house = build(forever)
    await house.hears("hello")
    await house.think()
    assert (await house.lane(LaneKind.IN)).attempts == 1


async def test_what_changed_while_thinking_is_thought_about_again(build):
    house = build()
    await house.hears("hello")
    await house.think()
    asked = []

    async def overtaken(turn):
        asked.append(turn.conversation.owner)
        if len(asked) == 1:
            await house.db.write(take, turn.conversation.id)
        return Outcome(reply=(Text(text="the bot talks over a person"),))

    house.worker._chain = overtaken
    await house.hears("and?")
    await house.think()
    assert asked == [Owner.BOT]
    assert await house.spoken() == [
        ("contact", "hello"),
        ("bot", "re: hello"),
        ("contact", "and?"),
    ]
    assert house.counted("yingda_turns_total", result="stale") == 1


async def test_a_turn_that_is_always_overtaken_does_not_spin(build, monkeypatch):
    house = build()
    await house.hears("hello")

    def overtaken(_connection, decided, _now):
        return [Stale() for _ in decided]

    monkeypatch.setattr("bot.settle.apply_all", overtaken)
    async with asyncio.timeout(60):
        await house.think()
    lane = await house.lane(LaneKind.IN)
    assert (lane.attempts, lane.token) == (1, None)
    assert lane.ready_at > house.time()


def take(session, conversation_id):
    conversation = conversations.get(session, conversation_id)
    conversation.owner = Owner.AGENT
    conversations.save(session, conversation)


async def test_two_first_messages_open_one_conversation(build):
    house = build()
    opened = asyncio.Event()

    async def overtaken(turn):
        if not opened.is_set():
            opened.set()
            await house.says("an agent was quicker")
        return Outcome(reply=(Text(text="welcome"),))

    house.worker._chain = overtaken
    await house.hears("hello")
    await house.think()
    assert await house.spoken() == [
        ("agent", "an agent was quicker"),
        ("contact", "hello"),
        ("bot", "welcome"),
    ]


async def test_where_a_person_has_the_conversation_the_bot_is_not_even_asked(build):
    house = build(hand_over)
    await house.hears("a person please")
    await house.think()
    handler = Failing(0)
    house.worker._chain = handler
    await house.hears("hello?")
    await house.think()
    assert handler.asked == 0
    assert (await house.spoken())[-1] == ("contact", "hello?")
    assert (await house.conversation()).owner is Owner.QUEUE


async def test_who_is_let_go_by_people_elsewhere_is_heard_though_people_have_them(build):
    house = build(build_chain(Nothing()))
    for number, event in enumerate(("served", "released")):
        message = IncomingMessage(
            address=Address(inbox="shop", thread="lily", contact="lily"),
            dedupe_key=f"e-{number}",
            sent_at=house.time(),
            parts=(ContactEvent(event=event),),
            automatic=True,
        )
        await house.intake.bring("shop", Reception((message,)), None)
        await house.think()
        talk = await house.conversation()
        assert talk.handoff_reason == "elsewhere"
        assert (talk.owner, talk.status is Status.RESOLVED) == (Owner.QUEUE, bool(number))


async def test_what_cannot_be_read_any_more_is_buried_and_the_thread_goes_on(build):
    house = build()
    await house.hears("odd")
    await house.hears("fine")
    await house.db.write(_spoil)
    await house.think()
    dead, fine = await events(house)
    assert (dead.dead, dead.problem, fine.dead) == (True, "cannot be read any more", False)
    assert await house.spoken() == [("contact", "fine"), ("bot", "re: fine")]
    assert [event.id for event in await house.db.read(transport.troubled)] == [dead.id]


def _spoil(session):
    event = session.exec(select(InboundEvent).where(InboundEvent.sequence == 1)).one()
    event.payload = {**event.payload, "parts": [{"kind": "riddle"}]}
    session.add(event)


@pytest.mark.parametrize("broken", ["apply_all", "turns.build_all"])
async def test_what_always_breaks_us_is_buried_in_the_end(build, monkeypatch, broken):
    house = build()
    sound = {"apply_all": settle.apply_all, "turns.build_all": settle.turns.build_all}

    def breaks(connection, about, *args):
        if "poison" in repr(about):
            raise KeyError("a bug of ours")
        return sound[broken](connection, about, *args)

    monkeypatch.setattr(f"bot.settle.{broken}", breaks)
    await house.hears("poison")
    await house.hears("fine")
    for number in range(1, TRIES + 1):
        await house.think()
        assert (await house.lane(LaneKind.IN)).attempts == number
        await wait_for_lane(house)
    await house.think()
    poison, fine = await events(house)
    assert (poison.dead, poison.problem) == (True, "failed too often")
    assert fine.done_at is not None
    assert await house.spoken() == [("contact", "fine"), ("bot", "re: fine")]


async def test_a_turn_is_stored_whole_or_not_at_all(build, monkeypatch):
    house = build()
    await house.hears("hello")

    def no_lane(*args):
        raise KeyError("killed before the commit")

    with monkeypatch.context() as patch:
        patch.setattr("bot.settle.transport.finish_all", no_lane)
        await house.think()
    assert await house.spoken() == []
    assert await house.deliveries() == []
    await wait_for_lane(house)
    await house.think()
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]


async def test_a_worker_that_lost_its_lane_stores_nothing(build):
    house = build()
    await house.hears("hello")

    async def stolen(turn):
        house.time.pass_by(minutes=2)
        lease = timedelta(seconds=60)
        await house.db.write(lanes.claim, LaneKind.IN, "theirs", house.time(), lease)
        return Outcome(reply=(Text(text="too late"),))

    house.worker._chain = stolen
    await house.think()
    assert await house.spoken() == []
    lane = await house.lane(LaneKind.IN)
    assert (lane.token, lane.attempts, lane.done) == ("theirs", 0, 0)


async def test_each_message_of_the_customer_opens_the_window_anew_and_grants_its_replies(build):
    house = build(shop={"window_minutes": 60, "window_messages": 5})
    await house.hears("hello")
    await house.think()
    first = await house.conversation()
    assert first.reply_until == house.time() + timedelta(minutes=60)
    assert first.replies_left == 5
    await house.open()
    await house.send()
    assert (await house.conversation()).replies_left == 4
    house.time.pass_by(minutes=30)
    await house.hears("again")
    await house.think()
    later = await house.conversation()
    assert later.reply_until == house.time() + timedelta(minutes=60)
    assert later.replies_left == 5


async def test_what_was_said_before_our_last_replies_grants_no_new_ones(build):
    house = await build(shop={"window_minutes": 60, "window_messages": 5}).open()
    for text in ("one", "two", "three"):
        await house.hears(text)
    house.time.pass_by(seconds=9)
    await house.think()
    await house.send()
    assert (await house.conversation()).replies_left == 2


async def test_a_reply_used_up_while_the_bot_thinks_stays_used_up(build):
    house = build()
    await house.hears("hello")
    await house.think()

    await house.db.run(
        lambda c: c.execute(sql("UPDATE conversation SET replies_left = 5")) and None
    )

    async def sends_meanwhile(turn):
        spend = sql("UPDATE conversation SET replies_left = replies_left - 1, unread = 7")
        await house.db.run(lambda connection: connection.execute(spend) and None)
        return Outcome(reply=(Text(text="hm"),))

    house.worker._chain = sends_meanwhile
    await house.hears("again")
    await house.think()
    conversation = await house.conversation()
    assert (conversation.replies_left, conversation.unread) == (5 - 1, 7 + 1)


async def test_replies_of_a_window_that_is_over_are_void(build):
    house = build(shop={"window_minutes": 60, "window_messages": 5})
    await house.hears("hello")
    await house.think()
    house.time.pass_by(minutes=61)
    await house.hears("again")
    await house.think()
    assert (await house.conversation()).replies_left == 5


async def test_a_window_without_a_number_of_replies_counts_none(build):
    house = build(shop={"window_minutes": 60})
    await house.hears("hello")
    await house.think()
    conversation = await house.conversation()
    assert conversation.reply_until == house.time() + timedelta(minutes=60)
    assert conversation.replies_left is None


async def test_a_platform_without_a_window_sets_none(build):
    house = build()
    await house.hears("hello")
    await house.think()
    conversation = await house.conversation()
    assert (conversation.reply_until, conversation.replies_left) == (None, None)


async def test_who_waits_for_a_person_is_told_once_that_they_are_not_forgotten(build):
    house = build(hand_over)
    await house.hears("a person please")
    await house.think()
    house.time.pass_by(minutes=1)
    await house.hears("hello?")
    await house.think()
    (notice,) = await house.db.read(lambda s: list(s.exec(select(Timer))))
    assert notice.due_at == house.time() + timedelta(minutes=4)
    assert notice.done_at is None


async def test_a_machine_that_waits_for_a_person_is_told_nothing(build):
    house = build(hand_over)
    message = IncomingMessage(
        address=Address(inbox="shop", thread="lily", contact="lily"),
        dedupe_key="m-1",
        sent_at=house.time(),
        parts=(Text(text="I am away"),),
        automatic=True,
    )
    await house.intake.bring("shop", Reception((message,)), None)
    await house.think()
    assert (await house.conversation()).owner is Owner.QUEUE
    assert await house.db.read(lambda s: list(s.exec(select(Timer)))) == []


async def test_who_was_answered_needs_no_notice(build):
    house = build()
    await house.hears("hello")
    await house.think()
    assert await house.db.read(lambda s: list(s.exec(select(Timer)))) == []


async def test_when_asked_to_stop_it_gives_the_rest_back_at_once(build):
    async def stop(turn):
        await house.worker.stop(0)
        return Outcome(reply=(Text(text="bye"),))

    house = build(stop)
    await house.hears("one")
    await house.hears("two")
    await house.think()
    assert await house.spoken() == [("contact", "one"), ("bot", "bye")]
    lane = await house.lane(LaneKind.IN)
    assert (lane.done, lane.token, lane.ready_at, lane.attempts) == (1, None, house.time(), 0)


async def test_a_lane_claimed_for_nothing_is_let_go(build):
    house = build()
    await house.db.write(lanes.bump, LaneKind.IN, "shop:lily", "shop", house.time())
    await house.db.write(_all_done)
    await house.think()
    lane = await house.lane(LaneKind.IN)
    assert (lane.token, lane.ready_at) == (None, None)


def _all_done(session):
    lane = session.get_one(Lane, (LaneKind.IN, "shop:lily"))
    lane.done = lane.last_in
    session.add(lane)
