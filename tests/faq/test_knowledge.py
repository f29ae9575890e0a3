import asyncio
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from faq import labels
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.matcher import Band, Entry
from faq.stored import live, save
from storage import knowledge as store
from storage import thresholds
from storage.kept_tests import keep
from storage.models import Role
from storage.people import create_agent
from storage.rules import Rules
from tests.faq.conftest import SETS

RETURNS = Entry("returns", "如何申请退货", ("怎么退货",), {"zh": "旧"}, "service", "退换货")
HOURS = Entry("hours", "营业时间", ("几点开门",), {"zh": "9 点"})
OFF = FaqConfig(encoder="off", budget_ms=5000)


@pytest.fixture
async def base(db, now, tmp_path):
    await db.write(save, [RETURNS, HOURS], now, note="first")
    knowledge = KnowledgeBase(db, OFF, tmp_path)
    await knowledge.start()
    yield knowledge
    await knowledge.close()


async def test_before_it_starts_it_hands_off(db, tmp_path):
    knowledge = KnowledgeBase(db, OFF, tmp_path)
    assert not knowledge.ready
    decision = await knowledge.decide("怎么退货")
    assert (decision.band, decision.route) == (Band.HANDOFF, "not-ready")
    await knowledge.close()


async def test_an_empty_database_is_ready_and_knows_nothing(db, tmp_path):
    knowledge = KnowledgeBase(db, OFF, tmp_path)
    await knowledge.start()
    assert knowledge.ready
    assert (knowledge.release, knowledge.entries()) == (0, ())
    assert (await knowledge.decide("怎么退货")).band is Band.HANDOFF
    await knowledge.close()


async def test_the_live_release_is_answered_from(base):
    decision = await base.decide("怎么退货")
    assert decision.band is Band.ANSWER
    assert decision.candidates[0].entry.answer("zh") == "旧"
    assert decision.candidates[0].entry.version_id
    assert (base.release, len(base.entries())) == (1, 2)
    assert base.entry("hours").question == "营业时间"
    assert base.entry("nothing") is None


async def test_a_new_release_is_noticed_by_refreshing(base, db, now):
    assert not await base.refresh()
    await db.write(save, [Entry("returns", "如何申请退货", answers={"zh": "新"})], now, note="x")
    assert await base.refresh()
    assert (await base.decide("如何申请退货")).candidates[0].entry.answer("zh") == "新"
    assert base.release == 2


async def test_a_draft_changes_nothing(base, db, now):
    await db.write(save, [Entry("new", "包邮吗", answers={"zh": "是"})], now)
    assert not await base.refresh()
    assert base.entry("new") is None


async def test_a_deleted_entry_is_never_answered_again(base, db, now):
    await db.write(store.mark_deleted, "returns", None, now)
    await db.write(store.publish, None, "", now)
    await base.refresh()
    decision = await base.decide("怎么退货")
    assert "returns" not in [candidate.entry.id for candidate in decision.candidates]


async def test_an_entry_deleted_while_deciding_is_not_answered(base, db, now):
    decision = base._matcher.decide("怎么退货")
    await db.write(store.mark_deleted, "returns", None, now)
    await db.write(store.publish, None, "", now)
    await base.refresh()
    assert base._still_live(decision).route == "outdated"


async def test_an_entry_that_a_release_left_alone_is_still_answered(base, db, now):
    decision = base._matcher.decide("怎么退货")
    await db.write(save, [Entry("hours", "营业时间", answers={"zh": "10 点"})], now, note="x")
    await base.refresh()
    assert base._still_live(decision) is decision


async def test_questions_are_answered_while_releases_come(base, db, now):
    async def publish():
        for number in range(5):
            entry = Entry("returns", "如何申请退货", ("怎么退货",), {"zh": str(number)})
            await db.write(save, [entry], now, note="x")
            await base.refresh()

    async def ask():
        return [(await base.decide("怎么退货")).route for _ in range(50)]

    routes, _ = await asyncio.gather(ask(), publish())
    assert set(routes) <= {"exact", "outdated"}
    assert (await base.decide("怎么退货")).candidates[0].entry.answer("zh") == "4"


async def test_refreshing_twice_at_once_loads_once(base, db, now):
    await db.write(save, [Entry("new", "包邮吗", answers={"zh": "是"})], now, note="x")
    assert sorted(await asyncio.gather(base.refresh(), base.refresh())) == [False, True]


async def test_a_slow_decision_is_handed_off_in_time(base):
    gate = threading.Event()

    class Slow:
        def decide(self, text):
            gate.wait(60)

    base._config = FaqConfig(budget_ms=50, patience_ms=50)
    base._matcher = Slow()
    decision = await base.decide("怎么退货")
    gate.set()
    assert (decision.band, decision.route) == (Band.HANDOFF, "timeout")


async def test_the_encoder_joins_in_the_background(db, now, tmp_path, fake_encoder):
    await db.write(save, [RETURNS], now, note="first")
    gate = threading.Event()

    def load(folder):
        gate.wait(60)
        return fake_encoder

    knowledge = KnowledgeBase(db, FaqConfig(), tmp_path, load)
    await knowledge.start()
    assert knowledge.ready
    assert not knowledge.semantic
    assert (await knowledge.decide("怎么退货")).band is Band.ANSWER
    gate.set()
    await knowledge.settled()
    assert knowledge.semantic
    assert knowledge.problem is None
    assert "如何申请退货" in fake_encoder.calls
    await knowledge.close()


async def test_a_missing_encoder_is_said_and_lived_with(db, tmp_path):
    knowledge = KnowledgeBase(db, FaqConfig(), tmp_path, lambda _: None)
    await knowledge.start()
    await knowledge.settled()
    assert "semantic" in knowledge.problem
    assert knowledge.ready
    await knowledge.close()


async def test_a_broken_encoder_is_said_and_lived_with(db, tmp_path):
    def load(folder):
        raise OSError("no weights")

    knowledge = KnowledgeBase(db, FaqConfig(), tmp_path, load)
    await knowledge.start()
    await knowledge.settled()
    assert "OSError" in knowledge.problem
    assert knowledge.ready
    await knowledge.close()


async def test_what_is_live_can_be_exported(base, db):
    assert [entry.id for entry in await db.read(live)] == ["hours", "returns"]


async def test_a_timed_entry_appears_and_disappears_by_itself(db, now, tmp_path):
    hour, clock = timedelta(hours=1), [now]
    rules = Rules(valid_from=now + hour, valid_to=now + 2 * hour)
    await db.write(save, [RETURNS, replace(HOURS, rules=rules)], now, note="sale")
    knowledge = KnowledgeBase(db, OFF, tmp_path, clock=lambda: clock[0])
    await knowledge.start()
    seen = []
    for step in range(4):
        clock[0] = now + step * hour
        changed = await knowledge.refresh()
        decision = await knowledge.decide("几点开门")
        seen.append((changed, knowledge.entry("hours") is not None, decision.band is Band.ANSWER))
    off = (False, False, False)
    assert seen == [off, (True, True, True), (True, False, False), off]
    await knowledge.close()


async def test_a_base_that_stays_the_same_is_learnt(db, now, tmp_path, shop):
    await db.write(save, shop, now, note="first")
    knowledge = KnowledgeBase(db, OFF, tmp_path, learn_after=0)
    await knowledge.start()
    await knowledge._learning
    assert "+self" in (await knowledge.decide("运费怎么算呀")).version
    await knowledge.close()


async def test_labels_change_how_sure_the_service_is(db, now, tmp_path, shop):
    """What an operator wrote down, and the tests that an administrator let the bot learn from."""
    await db.write(save, shop, now, note="first")
    lines = (SETS / "zh_ecom_own" / "queries.dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    labels.write(tmp_path / "faq", [(row["text"], row["faq_id"]) for row in rows[:40]])
    ann = await db.write(create_agent, "Ann", "x", Role.ADMIN, now)
    for row in rows[40:80]:
        await db.write(keep, row["text"], row["faq_id"], ann.id, now)
    await db.write(thresholds.learn, ann.id, now)
    knowledge = KnowledgeBase(db, OFF, tmp_path, learn_after=0)
    await knowledge.start()
    await knowledge._learning
    assert len(await labels.known(db, knowledge._folder, OFF)) > 75
    version = (await knowledge.decide("运费怎么算呀")).version
    assert version.endswith(("+self+own", "+self+sure"))
    await knowledge.close()


async def test_a_base_is_not_learnt_where_that_is_switched_off(db, now, tmp_path, shop):
    await db.write(save, shop, now, note="first")
    config = FaqConfig(encoder="off", learn=False)
    knowledge = KnowledgeBase(db, config, tmp_path, learn_after=0)
    await knowledge.start()
    assert knowledge._learning is None
    await knowledge.close()


async def test_a_few_changes_are_put_beside_the_index_and_many_build_it_anew(base, db, now):
    before = base._matcher.snapshot
    await db.write(save, [Entry("new", "包邮吗", answers={"zh": "是"})], now, note="few")
    await base.refresh()
    assert base._matcher.late_rows == 1
    assert base._matcher.snapshot.grams.terms is before.grams.terms
    many = [Entry(f"m{n}", f"{n}号商品包邮吗", answers={"zh": "是"}) for n in range(200)]
    await db.write(save, many, now, note="many")
    await base.refresh()
    assert base._matcher.late_rows == 0
    assert base.entry("m7").question == "7号商品包邮吗"
