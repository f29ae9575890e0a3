"""Drafts are tried on examples, kept tests and real questions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.message import Address, Text
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.rehearsal import Rehearsals, may_be_published
from faq.replay import Asked
from faq.script import asked_of
from storage import contacts, conversations, kept_tests, knowledge, rehearsals
from storage.asked import Question
from storage.knowledge import Content
from storage.models import Author
from storage.rules import Rules

REFUND = Content("退款多久到账", (), {"zh": "三天"})
RETURN = Content("怎么申请退货", (), {"zh": "在订单里"})
OFF = FaqConfig(encoder="off")


@pytest.fixture
async def stage(db, now, tmp_path):
    """Two live entries, and somebody who tries drafts of them."""
    await db.write(knowledge.save_drafts, {"refund": REFUND, "return": RETURN}, None, now)
    await db.write(knowledge.publish, None, "", now)
    base = KnowledgeBase(db, OFF, tmp_path)
    await base.start()
    made = Rehearsals(db, base, OFF, lambda: now)
    yield made
    await made.close()
    await base.close()


async def tried(stage, db, *keys):
    found = await stage.start(keys, None)
    await stage.settled()
    return await db.read(rehearsals.get, found)


async def ask(db, now, text, band, *entries):
    why = {"band": band, "route": "ranked", "candidates": [{"id": each} for each in entries]}

    def speak(session):
        contact, _ = contacts.find_or_make(session, "shop", text, None, "zh", now)
        address = Address(inbox="shop", thread=text, contact=text)
        found = conversations.open_for(session, address, contact, "zh", now)
        conversations.append(session, found, Author.CONTACT, (Text(text=text),), now)
        conversations.append(session, found, Author.BOT, (Text(text="…"),), now, why=why)
        conversations.save(session, found)

    await db.write(speak)


async def test_a_harmless_draft_passes_and_its_effect_is_counted(stage, db, now):
    await ask(db, now, "钱啥时候到我这", "handoff")
    await ask(db, now, "退款多久到账", "answer", "refund")
    draft = replace(REFUND, similar_questions=("钱啥时候到我这",))
    await db.write(knowledge.save_draft, "refund", draft, None, now)
    found = await tried(stage, db, "refund")
    assert may_be_published(found)
    assert (found.result["before"]["coverage"], found.result["after"]["coverage"]) == (0.5, 1.0)
    (change,) = found.result["changes"]
    assert (change["text"], change["before"]["band"]) == ("钱啥时候到我这", "suggest")
    assert change["after"]["answer"] == "三天"


async def test_an_example_of_the_draft_itself_must_come_out(stage, db, now):
    wrong = replace(REFUND, rules=Rules(must_match=("量子计算",), must_not_match=("退款多久到账",)))
    await db.write(knowledge.save_draft, "refund", wrong, None, now)
    found = await tried(stage, db, "refund")
    assert not may_be_published(found)
    assert {each["question"] for each in found.result["failures"]} == {"退款多久到账"}
    assert {(each["text"], each["must_match"]) for each in found.result["failures"]} == {
        ("量子计算", True),
        ("退款多久到账", False),
    }


async def test_a_kept_test_fails_where_a_draft_breaks_it(stage, db, now):
    await db.write(kept_tests.keep, "怎么申请退货", "return", None, now)
    await db.write(kept_tests.keep, "今天天气", None, None, now)
    await db.write(kept_tests.keep, "没有了", "long-gone", None, now)
    thief = replace(REFUND, similar_questions=("怎么申请退货",))
    await db.write(knowledge.save_draft, "refund", thief, None, now)
    found = await tried(stage, db, "refund")
    assert [each["text"] for each in found.result["failures"]] == ["怎么申请退货"]
    assert found.result["new_failures"] == 1


async def test_an_entry_that_leaves_is_missed_by_who_asks_for_it(stage, db, now):
    await ask(db, now, "怎么申请退货", "answer", "return")
    await db.write(knowledge.mark_deleted, "return", None, now)
    found = await tried(stage, db, "return")
    assert found.result["changes"][0]["before"]["entry"] == "return"
    assert found.result["changes"][0]["after"]["entry"] != "return"


async def test_the_same_is_not_tried_twice_at_once_but_anew_afterwards(stage, db, now):
    await db.write(knowledge.save_draft, "refund", REFUND, None, now)
    async with stage._turn:
        first = await stage.start(["refund"], None)
        assert await stage.start(["refund"], None) == first
    await db.write(kept_tests.keep, "钱呢", None, None, now)
    other = await stage.start(["refund"], None)
    await stage.settled()
    assert len({first, other, await stage.start(["refund"], None)}) == 3


async def test_a_large_draft_gets_an_index_of_its_own_and_comes_out_alike(
    stage, db, now, monkeypatch
):
    await ask(db, now, "怎么申请退货", "answer", "return")
    await ask(db, now, "你们店里卖不卖自行车", "handoff")
    thief = replace(REFUND, similar_questions=("怎么申请退货",))
    await db.write(knowledge.save_draft, "refund", thief, None, now)
    spared = await tried(stage, db, "refund")
    monkeypatch.setattr("faq.edits.MOST_LATE", 1)
    whole = await tried(stage, db, "refund")
    same = ("asked", "before", "after", "effects")
    assert [spared.result[name] for name in same] == [whole.result[name] for name in same]
    assert [each["kind"] for each in spared.result["changes"]] == ["lost"]


async def test_a_stop_leaves_a_trial_without_result(stage, db, now):
    await db.write(knowledge.save_draft, "refund", REFUND, None, now)
    found = await stage.start(["refund"], None)
    await stage.close()
    assert (await db.read(rehearsals.get, found)).result is None


async def test_what_breaks_is_told_by_its_kind_only(stage, db, now, monkeypatch):
    await db.write(knowledge.save_draft, "refund", REFUND, None, now)
    stage._base = None
    found = await tried(stage, db, "refund")
    assert (found.problem, found.result) == ("AttributeError", None)


def test_questions_count_by_what_they_say_and_agents_confirm_by_sending_the_answer(stage):
    entries = [entry for entry in stage._base.entries() if entry.id == "refund"]
    questions = [
        Question("退款？"),
        Question("退款", answered_by_agent=" 三天 "),
        Question("退货", answered_by_agent="不知道"),
        Question("!!"),
    ]
    assert asked_of(questions, entries) == [Asked("退款？", 2, "refund"), Asked("退货", 1, None)]
