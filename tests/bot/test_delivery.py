"""The one way out: every answer of a platform has its end, and the truth is stored."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.delivery import TRIES
from channels.errors import (
    Blocked,
    QuotaUsed,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import Notice, Visibility
from storage import conversations, deliveries, lanes
from storage.activity import since
from storage.database import Unavailable as DatabaseDown
from storage.models import Author, Conversation, Fact, LaneKind
from tests.postgres import on_postgres

LEASE = timedelta(seconds=60)


async def facts(house):
    return [fact.fact for fact in await house.db.read(since, 0)]


async def crash_while_sending(house):
    """Leave what a process leaves that was killed between the two commits around a send."""
    await house.db.write(lanes.claim, LaneKind.OUT, "dead", house.time(), LEASE)
    await house.db.write(deliveries.start, "shop:lily", "dead", house.time(), LEASE)
    await house.db.write(lanes.free_all)


async def test_what_is_said_arrives_once_and_in_order(build):
    house = await build().open()
    await house.says("one", "two", "three")
    await house.send()
    await house.send()
    assert house.texts() == ["one", "two", "three"]
    rows = await house.deliveries()
    assert [row.status.value for row in rows] == ["sent"] * 3
    assert [row.platform_id for row in rows] == ["fake-1", "fake-2", "fake-3"]
    assert {row.sent_at for row in rows} == {house.time()}
    assert (await facts(house)).count(Fact.DELIVERY_SENT) == 3
    assert house.inboxes.get("shop").last_out == house.time()
    assert house.counted("yingda_deliveries_total", inbox="shop", result="sent") == 3


async def test_the_platform_is_given_the_address_and_a_key_of_its_own(build):
    house = await build().open()
    await house.says("one", "two")
    await house.send()
    first, second = house.adapter().sent
    assert (first.address.inbox, first.address.thread, first.address.contact) == (
        "shop",
        "lily",
        "lily",
    )
    assert first.delivery_id != second.delivery_id


WARN = """
CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER warned AFTER UPDATE ON delivery DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.status = 'sending') EXECUTE FUNCTION warn()
"""


@on_postgres
async def test_what_may_be_marked_and_was_not_sent_is_no_doubt(build):
    house = await build().open()
    await house.says("hello")
    await house.db.write(lambda s: s.connection().exec_driver_sql(WARN).close())
    try:
        await house.send()
        assert house.texts() == []
        assert [(row.status.value, row.attempts) for row in await house.deliveries()] == [
            ("pending", 0)
        ]
    finally:
        drop = "DROP FUNCTION warn() CASCADE"
        await house.db.write(lambda s: s.connection().exec_driver_sql(drop).close())
    house.time.pass_by(seconds=2)
    await house.send()
    assert (house.texts(), await house.statuses()) == (["hello"], ["sent"])


@on_postgres
async def test_a_doubt_from_before_stays_one_though_its_marking_is_in_doubt(build):
    house = await build().open()
    await house.says("hello")
    await crash_while_sending(house)
    await house.db.write(lambda s: s.connection().exec_driver_sql(WARN).close())
    try:
        await house.send()
    finally:
        drop = "DROP FUNCTION warn() CASCADE"
        await house.db.write(lambda s: s.connection().exec_driver_sql(drop).close())
    house.time.pass_by(seconds=2)
    await house.send()
    assert (house.texts(), await house.statuses()) == ([], ["uncertain"])


@pytest.mark.parametrize("problem", [Refused(), Blocked(), WindowClosed()])
async def test_what_is_refused_fails_at_once_and_the_next_goes_on(build, problem):
    house = await build().open()
    house.adapter().fail(problem)
    await house.says("never", "still")
    await house.send()
    assert house.texts() == ["still"]
    rows = await house.deliveries()
    assert [(row.status.value, row.problem) for row in rows] == [
        ("failed", str(problem)),
        ("sent", None),
    ]
    assert Fact.DELIVERY_FAILED in await facts(house)


async def test_too_fast_waits_as_long_as_told_and_pauses_the_whole_inbox(build):
    house = await build().open()
    house.adapter().fail(RateLimited(90))
    await house.says("first")
    await house.says("second")
    await house.send()
    assert await house.statuses() == ["pending", "pending"]
    await house.says("other thread", thread="tom")
    house.time.pass_by(seconds=89)
    assert house.inboxes.able() == []
    await house.send()
    assert house.texts() == []
    house.time.pass_by(seconds=1)
    await house.send()
    assert sorted(house.texts()) == ["first", "other thread", "second"]
    assert house.texts().index("first") < house.texts().index("second")


async def test_one_inbox_that_is_too_fast_does_not_hold_the_others(build):
    house = await build(shop={}, other={}).open()
    house.adapter("shop").fail(RateLimited(90))
    await house.says("slow")
    await house.says("quick", inbox="other")
    await house.send()
    await house.says("quicker", inbox="other")
    await house.send()
    assert (house.texts("shop"), house.texts("other")) == ([], ["quick", "quicker"])


@pytest.mark.parametrize("problem", [Unavailable, Unauthorized])
async def test_a_platform_that_is_down_is_asked_less_and_less_often_then_given_up(build, problem):
    house = await build().open()
    house.adapter().fail(*(problem() for _ in range(TRIES)))
    await house.says("hello", "after")
    waits = []
    for tries in range(1, TRIES + 1):
        await house.send()
        first = (await house.deliveries())[0]
        assert first.attempts == tries
        if tries < TRIES:
            assert first.status.value == "pending"
            lane = await house.lane(LaneKind.OUT)
            waits.append((lane.ready_at - house.time()).total_seconds())
            assert house.texts() == []
            house.time.now = lane.ready_at
    assert first.status.value == "failed"
    assert first.problem.startswith("gave up")
    assert all(1 <= wait <= 1200 for wait in waits)
    assert sum(waits) > 20 * 60
    assert waits[-1] > 10 * waits[0]
    house.time.pass_by(seconds=60)
    await house.send()
    assert house.texts() == ["after"]
    assert await house.statuses() == ["failed", "sent"]


async def test_when_a_platform_is_back_nobody_waits_for_the_next_try(build):
    house = await build().open()
    house.adapter().fail(*(Unavailable() for _ in range(4)))
    await house.says("waits", thread="t1")
    for _ in range(4):
        await house.send()
        house.time.now = (await house.lane(LaneKind.OUT, "shop:t1")).ready_at
    house.time.now -= timedelta(seconds=30)
    await house.says("gets through", thread="t2")
    await house.send()
    await house.send()
    assert house.texts() == ["gets through", "waits"]


async def test_before_its_time_a_message_is_not_tried_again(build):
    house = await build().open()
    house.adapter().fail(Unavailable())
    await house.says("hello")
    await house.send()
    await house.send()
    assert house.texts() == []
    house.time.pass_by(minutes=2)
    await house.send()
    assert house.texts() == ["hello"]


async def test_a_lost_answer_is_uncertain_and_never_repeated(build):
    house = await build().open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("maybe", "next")
    await house.send()
    house.time.pass_by(minutes=10)
    await house.send()
    assert house.texts() == ["maybe", "next"]
    assert await house.statuses() == ["uncertain", "sent"]
    assert Fact.DELIVERY_UNCERTAIN in await facts(house)


@pytest.mark.parametrize("settings", [{"idempotent": True}, {"on_uncertain": "resend"}])
async def test_a_lost_answer_is_repeated_where_that_is_wanted(build, settings):
    house = await build(shop=settings).open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("maybe", "next")
    await house.send()
    assert await house.statuses() == ["sending", "pending"]
    house.time.pass_by(minutes=2)
    await house.send()
    assert house.texts() == ["maybe", "maybe", "next"]
    first, second, _ = house.adapter().sent
    assert first.delivery_id == second.delivery_id
    assert await house.statuses() == ["sent", "sent"]


async def test_repeating_a_lost_answer_has_an_end(build):
    house = await build(shop={"idempotent": True}).open()
    house.adapter().fail(*(Uncertain() for _ in range(TRIES)))
    await house.says("maybe")
    for _ in range(TRIES):
        await house.send()
        house.time.pass_by(minutes=20)
    assert await house.statuses() == ["uncertain"]


async def test_an_adapter_that_breaks_leaves_doubt_not_silence(build):
    house = await build().open()
    house.adapter().fail(RuntimeError("a bug of ours"), after_work=True)
    await house.says("maybe", "next")
    await house.send()
    first, second = await house.deliveries()
    assert (first.status.value, second.status.value) == ("uncertain", "sent")
    assert first.problem == "RuntimeError: a bug of ours"


async def test_a_platform_that_never_answers_is_left_in_doubt(build, monkeypatch):
    monkeypatch.setattr("bot.delivery.SEND_SECONDS", 0.0)
    house = await build().open()
    house.adapter().while_sending = asyncio.Event().wait
    await house.says("hello")
    await house.send()
    assert await house.statuses() == ["uncertain"]


async def test_a_kill_while_sending_leaves_doubt_and_sends_nothing_again(build):
    house = await build().open()
    await house.says("maybe", "next")
    await crash_while_sending(house)
    await house.send()
    assert house.texts() == ["next"]
    first, second = await house.deliveries()
    assert (first.status.value, first.problem) == ("uncertain", "stopped while sending")
    assert second.status.value == "sent"


@pytest.mark.parametrize("settings", [{"idempotent": True}, {"on_uncertain": "resend"}])
async def test_a_kill_while_sending_is_repeated_where_that_is_wanted(build, settings):
    house = await build(shop=settings).open()
    await house.says("maybe", "next")
    await crash_while_sending(house)
    await house.send()
    assert house.texts() == ["maybe", "next"]
    assert await house.statuses() == ["sent", "sent"]


async def test_a_failure_noted_before_a_kill_is_no_doubt(build):
    house = await build().open()
    house.adapter().fail(Unavailable())
    await house.says("hello")
    await house.send()
    await house.db.write(lanes.free_all)
    house.time.pass_by(minutes=2)
    await house.send()
    assert house.texts() == ["hello"]
    assert await house.statuses() == ["sent"]


class Full:
    """A disk that has no room for the end of a send, as long as `times` are left."""

    def __init__(self, db, times: int = 10**6) -> None:
        self.times, self._db = times, db
        self._write, self._run = db.write, db.run
        db.write, db.run = self.write, self.run

    def make_room(self) -> None:
        del self._db.write, self._db.run

    async def write(self, fn, *args, **kwargs):
        self._refuse(ends=fn is deliveries.sent)
        return await self._write(fn, *args, **kwargs)

    async def run(self, fn, *args, **kwargs):
        self._refuse(ends=fn.__name__ == "_end")
        return await self._run(fn, *args, **kwargs)

    def _refuse(self, *, ends: bool) -> None:
        if ends and self.times:
            self.times -= 1
            raise DatabaseDown("the disk is full")


async def test_a_send_whose_end_could_not_be_stored_before_the_stop_is_in_doubt(build):
    house = await build().open()
    await house.says("hello")
    full = Full(house.db)

    async def told_to_stop():
        house.sender._stopping = True

    house.adapter().while_sending = told_to_stop
    await house.send()
    full.make_room()
    house.sender._stopping = False
    house.time.pass_by(seconds=2)
    await house.send()
    assert house.texts() == ["hello"]
    assert await house.statuses() == ["uncertain"]


async def test_the_end_of_a_send_is_stored_when_the_disk_has_room_again(build, monkeypatch):
    monkeypatch.setattr("bot.lane_loop.BLIND_SECONDS", 0.0)
    house = await build(shop={"on_uncertain": "resend"}).open()
    await house.says("hello")
    full = Full(house.db, 3)
    await house.send()
    assert full.times == 0
    assert house.texts() == ["hello"]
    assert await house.statuses() == ["sent"]


async def test_one_of_many_who_wait_for_a_slow_platform_is_never_given_up(build):
    house = await build().open()
    await house.says("hello")
    for _ in range(3 * TRIES):
        house.adapter().fail(RateLimited(1))
        await house.send()
        house.time.pass_by(seconds=1)
    await house.send()
    assert house.texts() == ["hello"]
    (delivery,) = await house.deliveries()
    assert (delivery.status.value, delivery.attempts) == ("sent", 1)


async def test_after_a_day_of_too_fast_a_message_is_given_up(build):
    house = await build().open()
    await house.says("hello")
    for hours in (0, 23, 2):
        house.time.pass_by(hours=hours)
        house.adapter().fail(RateLimited(1))
        await house.send()
        assert house.texts() == []
    (delivery,) = await house.deliveries()
    assert delivery.status.value == "failed"
    assert delivery.problem == "gave up: rate limited, retry after 1 s"


async def test_what_was_begun_before_the_pause_waits_for_its_end_too(build):
    house = await build().open()
    await house.says("one", thread="lily")
    await house.says("two", thread="tom")
    house.adapter().fail(RateLimited(90))
    await house.send()
    assert house.texts() == []
    assert [delivery.attempts for delivery in await house.deliveries()] == [0, 0]


def _set(session, **changes):
    conversation = session.exec(select(Conversation)).one()
    for name, value in changes.items():
        setattr(conversation, name, value)
    session.add(conversation)


async def test_after_the_reply_window_nothing_is_asked_of_the_platform(build):
    house = await build().open()
    await house.says("late")
    await house.db.write(_set, reply_until=house.time())
    house.time.pass_by(seconds=1)
    await house.send()
    (row,) = await house.deliveries()
    assert (row.status.value, row.problem) == ("failed", "window_closed")
    assert house.texts() == []


async def test_to_the_last_second_of_the_window_we_may_answer(build):
    house = await build().open()
    await house.says("in time")
    await house.db.write(_set, reply_until=house.time())
    await house.send()
    assert house.texts() == ["in time"]


COUNTED = {"window_minutes": 60, "window_messages": 5}


async def test_when_replies_are_short_what_waits_goes_out_together(build):
    house = await build().open()
    await house.says("one", "two", "three")
    await house.db.write(_set, replies_left=2)
    await house.send()
    assert house.texts() == ["one\ntwo\nthree"]
    assert await house.statuses() == ["sent"] * 3
    assert [delivery.pieces for delivery in await house.deliveries()] == [1, 0, 0]
    assert (await house.conversation()).replies_left == 1


async def test_while_there_are_enough_replies_each_message_is_its_own(build):
    house = await build().open()
    await house.says("one", "two")
    await house.db.write(_set, replies_left=5)
    await house.send()
    assert house.texts() == ["one", "two"]
    assert (await house.conversation()).replies_left == 3


async def test_messages_that_go_out_together_end_together(build):
    house = await build().open()
    house.adapter().fail(Uncertain())
    await house.says("one", "two")
    await house.db.write(_set, replies_left=1)
    await house.send()
    assert await house.statuses() == ["uncertain"] * 2
    house.adapter().fail(Unavailable())
    await house.says("three", "four")
    await house.send()
    assert await house.statuses() == ["uncertain", "uncertain", "pending", "pending"]


async def test_when_all_replies_are_used_nothing_is_asked_of_the_platform(build):
    house = await build().open()
    await house.says("one")
    await house.db.write(_set, replies_left=0)
    await house.send()
    (row,) = await house.deliveries()
    assert (row.status.value, row.problem) == ("failed", "quota_used")
    assert house.texts() == []


async def test_the_last_reply_is_kept_for_a_person(build):
    house = await build(shop=COUNTED).open()
    await house.hears("hello")
    await house.think()
    await house.db.write(_set, replies_left=1)
    await house.send()
    (row,) = await house.deliveries()
    assert (row.status.value, row.problem) == ("failed", "kept_for_person")
    await house.says("a person's word")
    await house.send()
    assert house.texts() == ["a person's word"]
    assert (await house.conversation()).replies_left == 0


@pytest.mark.parametrize(
    ("problem", "reason", "after"),
    [(WindowClosed(), "window_closed", (0, 4)), (QuotaUsed(), "quota_used", (3600, 0))],
)
async def test_the_platforms_own_word_about_the_window_is_believed(build, problem, reason, after):
    house = await build(shop=COUNTED).open()
    await house.hears("hello")
    await house.think()
    await house.db.write(_set, replies_left=4)
    house.adapter().fail(problem)
    await house.send()
    (row,) = await house.deliveries()
    assert (row.status.value, row.problem) == ("failed", reason)
    known = await house.conversation()
    left = (known.reply_until - house.time()).total_seconds()
    assert (left, known.replies_left) == after


async def test_a_message_in_several_pieces_uses_as_many_replies(build):
    house = await build(shop=COUNTED).open()
    house.adapter().pieces = 3
    await house.hears("hello")
    await house.think()
    await house.send()
    assert (await house.conversation()).replies_left == 2


@pytest.mark.parametrize(("left", "then"), [(3, 2), (2, 1), (1, 1)])
async def test_what_perhaps_arrived_counts_but_leaves_a_person_the_last_reply(build, left, then):
    house = await build().open()
    house.adapter().fail(Uncertain(), after_work=True)
    await house.says("maybe")
    await house.db.write(_set, replies_left=left)
    await house.send()
    assert await house.statuses() == ["uncertain"]
    assert (await house.conversation()).replies_left == then


@pytest.mark.parametrize(("taken", "stands"), [(0, "failed"), (2, "uncertain")])
async def test_a_message_that_is_refused_behind_its_first_piece_is_in_doubt(build, taken, stands):
    house = await build().open()
    problem = Refused()
    problem.after = taken
    house.adapter().fail(problem)
    await house.says("long", "next")
    await house.send()
    assert await house.statuses() == [stands, "sent"]
    assert house.counted("yingda_deliveries_total", inbox="shop", result=stands) == 1


async def test_what_is_refused_uses_no_quota(build):
    house = await build().open()
    house.adapter().fail(Refused())
    await house.says("one", "two")
    await house.db.write(_set, replies_left=3)
    await house.send()
    assert (await house.conversation()).replies_left == 2


async def test_a_thread_that_waits_does_not_hold_up_another(build):
    house = await build().open()
    house.adapter().fail(Unavailable())
    await house.says("lily waits", "lily too", thread="lily")
    await house.says("tom", thread="tom")
    await house.send()
    assert house.texts() == ["tom"]
    house.time.pass_by(minutes=2)
    await house.send()
    assert house.texts() == ["tom", "lily waits", "lily too"]


async def test_an_inbox_that_is_down_keeps_its_messages_until_it_is_back(build):
    house = await build(shop={}, other={}).open()
    house.inboxes.get("shop").ready.clear()
    await house.says("later")
    await house.says("now", inbox="other")
    await house.send()
    rows = await house.deliveries()
    assert {row.inbox: (row.status.value, row.attempts) for row in rows} == {
        "shop": ("pending", 0),
        "other": ("sent", 1),
    }
    house.inboxes.get("shop").ready.set()
    await house.send()
    assert house.texts("shop") == ["later"]


async def test_a_passive_inbox_never_sends_by_itself(build):
    house = await build(shop={"mode": "passive"}).open()
    await house.says("parked")
    await house.send()
    assert house.texts() == []
    assert await house.statuses() == ["pending"]


async def test_when_asked_to_stop_it_leaves_the_rest_for_the_next_start(build):
    house = await build().open()
    await house.says("one", "two")

    async def stop():
        await house.sender.stop(0)

    house.adapter().while_sending = stop
    await house.send()
    assert house.texts() == ["one"]
    assert await house.statuses() == ["sent", "pending"]
    assert not await house.db.read(lanes.none_ready, LaneKind.OUT, house.time())


async def test_a_lane_that_went_to_another_worker_is_left_alone(build):
    house = await build().open()
    await house.says("one")
    await house.db.write(lanes.claim, LaneKind.OUT, "theirs", house.time(), LEASE)
    await house.sender._guarded("shop:lily", "ours")
    assert house.texts() == []
    assert (await house.lane(LaneKind.OUT)).token == "theirs"


async def test_a_reply_waits_while_words_of_the_customer_are_not_read(build):
    house = await build(shop=COUNTED).open()
    await house.hears("hello")
    await house.think()
    await house.db.write(_set, replies_left=1)
    await house.hears("more")
    await house.send()
    assert (await house.statuses(), house.texts()) == (["pending"], [])
    await house.think()
    house.time.pass_by(seconds=1)
    await house.send()
    assert house.texts() == ["re: hello", "re: more"]


@pytest.mark.parametrize("way", ["send", "send_together"])
async def test_each_try_names_what_it_answers_where_that_is_asked(build, way):
    house = await build().open()
    adapter = house.adapter()
    adapter.capabilities = replace(adapter.capabilities, answers=True)
    await house.hears("one", key="m-1")
    await house.hears("two", key="m-2")
    adapter.fail(Unavailable())
    await house.think()
    await getattr(house, way)()
    house.time.pass_by(minutes=2)
    await house.hears("three", key="m-3")
    await house.think()
    await getattr(house, way)()
    assert house.texts() == ["re: one", "re: two", "re: three"]
    assert [sent.reply_to for sent in adapter.sent] == ["m-1", "m-2", "m-3"]


async def test_elsewhere_nothing_is_said_of_what_is_answered(build):
    house = await build().open()
    await house.hears("one", key="m-1")
    await house.think()
    await house.send()
    assert house.adapter().sent[0].reply_to is None


@pytest.mark.parametrize("way", ["send", "send_together"])
@pytest.mark.parametrize("visibility", list(Visibility))
async def test_in_a_thread_that_others_read_a_reply_can_quote(build, visibility, way):
    house = await build().open()
    adapter = house.adapter()
    adapter.capabilities = replace(adapter.capabilities, quotes=True)
    await house.hears("one", key="m-1")
    await house.think()
    await house.db.write(_set, visibility=visibility)
    await getattr(house, way)()
    quoted = "m-1" if visibility is Visibility.PUBLIC else None
    assert [sent.reply_to for sent in adapter.sent] == [quoted]


async def test_a_notice_goes_out_though_the_window_is_closed_and_alone(build):
    house = await build().open()
    await house.says("late")
    await house.db.write(_notify)
    await house.says("later")
    await house.db.write(_set, reply_until=house.time(), replies_left=1)
    house.time.pass_by(seconds=1)
    await house.send()
    assert await house.statuses() == ["failed", "sent", "failed"]
    assert house.texts() == ["an answer waits"]


def _notify(session):
    conversation = session.exec(select(Conversation)).one()
    notice = Notice(name="answered", label="an answer waits")
    at = conversation.last_activity_at
    conversations.append(session, conversation, Author.AGENT, (notice,), at)
