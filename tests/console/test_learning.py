"""Thresholds by category: suggested from verdicts, applied by an admin, taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.message import Text
from faq import labels
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.matcher import Band
from storage import activity, conversations, knowledge, thresholds
from storage.articles import Content
from storage.kept_tests import keep
from storage.models import Author, Fact
from tests.console.world import begin_talk

HOURS = Content("几点营业", ("营业时间",), {"zh": "九点"}, "service", "门店")


@pytest.fixture
async def desk(desk_console, tmp_path):
    """The console on a real knowledge base, with forty answers that helped and two that did not."""
    config = FaqConfig(encoder="off", precision_target=0.9)
    base = KnowledgeBase(desk_console.db, config, tmp_path)
    now = desk_console.time.now
    await desk_console.db.write(knowledge.save_draft, "hours", HOURS, None, now)
    await desk_console.db.write(knowledge.publish, None, "first", now)
    await base.start()
    desk_console.app.state.services = replace(desk_console.services, knowledge=base)
    await desk_console.db.write(judged, range(42), now)
    yield desk_console
    await base.close()


def judged(session, numbers, now):
    """Answers, and what their customers said of them: all but the first two that they helped."""
    for number in numbers:
        name, helped = f"客户{number}", number >= 2
        talk = begin_talk(session, name, "shop_wechat", "你们几点开门", now, {})
        sure = 0.6 if helped else 0.3
        why = {"band": "answer", "confidence": sure, "candidates": [{"id": "hours"}]}
        say = (Text(text="九点"),)
        conversations.append(session, talk, Author.BOT, say, now, why=why)
        verdict = {"handler": "helped" if helped else "not_helped"}
        conversations.append(session, talk, Author.BOT, say, now, why=verdict)
        activity.log(session, Fact.FAQ_ANSWERED, now, conversation_id=talk.id)


async def test_a_verdict_counts_at_once_and_only_its_thread_is_read_again(desk):
    editor = await desk.enter("editor")
    lately = desk.app.state.services.lately
    assert "42" in (await editor.get("/kb/learning")).text
    before = dict(lately._known)
    await desk.db.write(judged, [42], desk.time.now)
    assert len(await lately.ends(desk.db, desk.time.now)) == 43
    again = [key for key, one in lately._known.items() if before.get(key) is not one]
    assert len(again) == 1


def limit_in(page):
    return page.split('name="limit" value="')[1].split('"')[0]


async def test_an_admin_applies_what_the_verdicts_suggest_and_the_matcher_goes_by_it(desk):
    admin = await desk.enter("admin")
    page = (await admin.get("/kb/learning")).text
    assert "Suggested: 60 %" in page
    assert "<polyline" in page
    assert "style=" not in page
    base = desk.app.state.services.knowledge
    entry = base.entry("hours")
    before = base.threshold(entry)
    assert before > 0.6
    answer = await admin.post("/kb/learning", data={"limit": limit_in(page)})
    assert answer.headers["location"] == "/kb/learning?told=applied"
    assert base.threshold(entry) == 0.6
    assert (await base.decide("几点营业啊今天")).band in Band
    page = (await admin.get("/kb/learning")).text
    assert "counts now" in page
    assert "The threshold is where it should be." in page
    await admin.post("/kb/learning/0/back")
    assert base.threshold(entry) == before
    assert "the same as version 0" in (await admin.get("/kb/learning")).text


async def test_another_process_goes_by_it_too(desk, tmp_path):
    other = KnowledgeBase(desk.db, FaqConfig(encoder="off"), tmp_path / "other")
    await other.start()
    admin = await desk.enter("admin")
    await admin.post("/kb/learning", data={"limit": "0.6000 门店"})
    assert await other.refresh()
    assert not await other.refresh()
    assert other.threshold(other.entry("hours")) == 0.6
    await other.close()


async def test_who_writes_entries_sees_it_and_may_not_apply_it(desk):
    editor = await desk.enter("editor")
    page = (await editor.get("/kb/learning")).text
    assert "Suggested: 60 %" in page
    assert "An administrator applies these." in page
    assert 'name="limit"' not in page
    answer = await editor.post("/kb/learning", data={"limit": "0.6000 门店"})
    assert answer.status_code == 403
    assert await desk.db.read(thresholds.version) == 0


@pytest.mark.parametrize("limit", ["", "0.5", "x 门店", "7 门店", "nan 门店", "-1 门店"])
async def test_what_is_no_threshold_changes_nothing(desk, limit):
    admin = await desk.enter("admin")
    answer = await admin.post("/kb/learning", data={"limit": limit})
    assert answer.headers["location"] == "/kb/learning?told=nothing"
    assert await desk.db.read(thresholds.version) == 0


async def test_an_admin_lets_the_bot_learn_from_what_was_confirmed(desk):
    await desk.db.write(keep, "你们几点开门", "hours", None, desk.time.now)
    admin = await desk.enter("admin")
    page = (await admin.get("/kb/learning")).text
    assert "1 question of the last days has a known entry" in page
    assert "Fewer than 30 are too few" in page
    answer = await admin.post("/kb/learning/labels")
    assert answer.headers["location"] == "/kb/learning?told=learnt"
    config = desk.app.state.services.knowledge.config
    assert await desk.db.read(labels.confirmed, config) == [("你们几点开门", "hours")]
    assert "It learns from what was confirmed until" in (await admin.get("/kb/learning")).text
    await admin.post("/kb/learning/0/back")
    assert await desk.db.read(labels.confirmed, config) == []


async def test_an_editor_does_not_let_the_bot_learn(desk):
    editor = await desk.enter("editor")
    assert (await editor.post("/kb/learning/labels")).status_code == 403
    assert await desk.db.read(thresholds.learnt_until) is None
