"""Questions without a good answer, from what customers really wrote to the whole chain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import Text
from handlers.desk import gaps as looking
from handlers.desk.asked import asked
from storage import conversations, erasure, gaps, verdicts
from storage.models import Author, GapState, Lane, Timer
from tests.handlers.conftest import UNSURE


class Knower:
    """The answers that the chain has, as the look wants them."""

    encoder = None

    def __init__(self, answers) -> None:
        self.decide = answers.decide


async def ends(db, now):
    """Return how each question ended, in the order of the talks."""
    return {one.text: one for one in await looking.recent(db, now + timedelta(hours=1))}


async def answer(db, customer, agent, text):
    """Let an agent write into the customer's conversation, ten minutes later."""
    customer.now += timedelta(minutes=10)

    def write(session, now):
        talk = conversations.latest(session, customer.inbox, customer.thread)
        conversations.append(
            session, talk, Author.AGENT, (Text(text=text),), now, agent_id=agent.id
        )

    await db.write(write, customer.now)


async def test_every_question_ends_in_one_of_seven_ways(db, meet, now):
    sure = {"chosen": "怎么退货", "helped": "运费多少", "not": "几点营业", "asked": "有什么颜色"}
    talks = {name: meet(thread=name, contact=name) for name in ("unclicked", *sure)}
    await meet(thread="m", contact="m").say("你们收支票吗")
    await talks["unclicked"].say(UNSURE)
    await talks["unclicked"].say("屏幕碎了怎么办")
    await talks["chosen"].say(f"{UNSURE}？")
    await talks["chosen"].tap("faq:shipping")
    await talks["helped"].say("运费多少")
    await talks["helped"].tap("helped:yes:shipping")
    await talks["not"].say("几点营业")
    await talks["not"].tap("helped:no:hours")
    await talks["asked"].say("有什么颜色")
    await talks["asked"].tap("human")
    found = await ends(db, now)
    assert {text: (one.end, one.verdict) for text, one in found.items()} == {
        "你们收支票吗": ("missed", None),
        UNSURE: ("unclicked", None),
        "屏幕碎了怎么办": ("answered", None),
        f"{UNSURE}？": ("chosen", False),
        "运费多少": ("helped", True),
        "几点营业": ("voted_down", False),
        "有什么颜色": ("handed_over", False),
    }
    assert found[f"{UNSURE}？"].right == "shipping"


async def test_what_the_agent_answered_and_how_long_it_took_is_found(db, meet, hire, now, answers):
    ann = await hire("Ann")
    for number, text in enumerate(["你们收支票吗", "收支票吗你们", "能用支票付吗"]):
        customer = meet(thread=f"t{number}", contact=f"c{number}")
        await customer.say(text)
        await answer(db, customer, ann, "不收支票，可以用银行卡。")
    assert await looking.look(db, Knower(answers), now + timedelta(hours=1)) >= 1
    (gap, *_) = await db.read(gaps.listed, GapState.OPEN, 10)
    assert gap.facts["size"] >= 2
    assert gap.facts["ends"] == {"missed": gap.facts["size"]}
    assert gap.facts["waited"] == pytest.approx(600, abs=5)
    assert sum(gap.facts["days"]) == gap.facts["size"]
    assert gap.facts["replies"] == gap.facts["size"]


async def test_the_dearest_gap_comes_first(db, meet, hire, now, answers):
    ann = await hire("Ann")
    once = meet(thread="slow", contact="slow")
    await once.say("你们收支票吗")
    once.now += timedelta(hours=1)
    await answer(db, once, ann, "不收。")
    for number in range(3):
        await meet(thread=f"t{number}", contact=f"c{number}").say("有没有会员卡")
    await looking.look(db, Knower(answers), now + timedelta(hours=2))
    found = await db.read(gaps.listed, GapState.OPEN, 10)
    assert [gap.facts["size"] for gap in found] == [1, 3]


async def test_what_looks_personal_is_neither_kept_nor_shown(db, meet, now, answers):
    await meet(thread="a", contact="a").say("身份证11010519491231002X能用吗")
    await meet(thread="b", contact="b").say("请打13812345678找小明，人民路88号")
    await meet(thread="c", contact="c").say("我是小明，手机13812345678收不到短信怎么办")
    await looking.look(db, Knower(answers), now + timedelta(hours=1))
    kept = [gap.model_dump_json() for gap in await db.read(gaps.listed, GapState.OPEN, 10)]
    assert kept
    assert not [text for text in kept if "13812345678" in text or "小明" in text or "短信" in text]


async def test_what_was_decided_holds_for_the_next_look_and_can_be_taken_back(
    db, meet, hire, now, answers
):
    ann = await hire("Ann")
    for number in range(2):
        await meet(thread=f"t{number}", contact=f"c{number}").say("你们收支票吗")
    knower, later = Knower(answers), now + timedelta(hours=1)
    await looking.look(db, knower, later)
    (gap,) = await db.read(gaps.listed, GapState.OPEN, 10)

    async def decide(state, entry=None):
        def change(session):
            gaps.decide(session, gaps.get(session, gap.id), state, entry, ann.id, later)

        await db.write(change)
        await looking.look(db, knower, later)
        return {state: n for state, n in (await db.read(gaps.counts)).items() if n}

    assert await decide(GapState.IGNORED) == {GapState.IGNORED: 1}
    assert await decide(GapState.ATTACHED, "returns") == {GapState.ATTACHED: 1}
    assert await decide(GapState.OPEN) == {GapState.OPEN: 1}


@pytest.mark.parametrize(
    ("state", "left"), [(GapState.IGNORED, GapState.OPEN), (GapState.BLOCKED, GapState.BLOCKED)]
)
async def test_what_is_ignored_returns_with_many_variations_and_what_is_blocked_never_does(
    db, meet, hire, now, answers, state, left
):
    ann = await hire("Ann")
    await meet(thread="a", contact="a").say("你们收支票吗")
    knower, later = Knower(answers), now + timedelta(hours=1)
    await looking.look(db, knower, later)
    (gap,) = await db.read(gaps.listed, GapState.OPEN, 10)
    await db.write(lambda s: gaps.decide(s, gaps.get(s, gap.id), state, None, ann.id, later))
    for number in range(3):
        await meet(thread=f"t{number}", contact=f"c{number}").say("你们收不收支票")
    await looking.look(db, knower, later)
    (again,) = await db.read(gaps.listed, left, 10)
    assert again.facts["size"] == 4


async def test_a_question_that_comes_back_after_it_was_answered_is_open_again(
    db, meet, hire, now, answers
):
    ann = await hire("Ann")
    await meet(thread="a", contact="a").say("你们收支票吗")
    knower = Knower(answers)
    await looking.look(db, knower, now + timedelta(hours=1))
    (gap,) = await db.read(gaps.listed, GapState.OPEN, 10)

    def change(session):
        when = now + timedelta(hours=1)
        gaps.decide(session, gaps.get(session, gap.id), GapState.ATTACHED, "x", ann.id, when)

    await db.write(change)
    for number in range(3):
        customer = meet(thread=f"t{number}", contact=f"c{number}")
        customer.now = now + timedelta(days=1)
        await customer.say("你们收支票吗")
    await looking.look(db, knower, now + timedelta(days=2))
    (again,) = await db.read(gaps.listed, GapState.OPEN, 10)
    assert (again.id, again.facts["size"]) == (gap.id, 4)


def finish_lanes(session):
    for lane in session.exec(select(Lane).order_by(Lane.key)):
        lane.done = lane.last_in


async def test_who_is_forgotten_leaves_no_words_in_a_gap(db, meet, now, answers):
    customer = meet()
    await customer.say("你们收支票吗")
    await looking.look(db, Knower(answers), now + timedelta(hours=1))
    (gap,) = await db.read(gaps.listed, GapState.OPEN, 10)
    talk = await customer.conversation()
    left = (now + timedelta(hours=2)).isoformat()
    timer = Timer(
        key="x", kind="forget", due_at=now, payload={"conversation": str(talk.id), "left_at": left}
    )
    await db.write(finish_lanes)
    await db.write(erasure.forget, timer, now + timedelta(hours=2))
    (thread,) = await db.read(verdicts.threads, [talk.id])
    assert asked(thread) == []
    assert "支票" not in gap.model_dump_json()
