"""Questions without a good answer at the desk: found, tried on a replay, added, ignored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from channels.message import Text
from console import looks, missed
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.rehearsal import Rehearsals
from handlers.desk import gaps as looking
from storage import activity, conversations, gaps, knowledge
from storage.articles import Content
from storage.models import Author, Fact, GapState

REFUND = Content("退款多久到账？", ("钱什么时候退",), {"zh": "三天"}, "service")
RETURN = Content("如何申请退货？", (), {"zh": "在订单里申请"}, "service")
ASKED = ["你们收支票吗", "能用支票付款吗", "支票可以吗 我的电话13812345678"]


@pytest.fixture
async def desk(desk_console, tmp_path):
    """The console on a real knowledge base, with three customers whom nobody understood."""
    base = KnowledgeBase(desk_console.db, FaqConfig(encoder="off"), tmp_path)
    now = desk_console.time.now
    await desk_console.db.write(knowledge.save_draft, "refund", REFUND, None, now)
    await desk_console.db.write(knowledge.save_draft, "return", RETURN, None, now)
    await desk_console.db.write(knowledge.publish, None, "first", now)
    await base.start()
    stage = Rehearsals(
        desk_console.db, base, FaqConfig(encoder="off"), lambda: desk_console.time.now
    )
    desk_console.services = replace(desk_console.services, knowledge=base, rehearsals=stage)
    desk_console.app.state.services = desk_console.services
    for number, text in enumerate(ASKED):
        await miss(desk_console, f"客户{number}", text)
    yield desk_console
    await looks.settled()
    await stage.close()
    await base.close()


async def miss(desk, name, text):
    """A question that the bot did not understand, and an agent answered."""
    talk = await desk.talk(name=name, text=text)
    agent = desk.agents["li"].id

    def go_on(session, now):
        found = conversations.get(session, talk.id)
        why = {"handler": "answer", "band": "handoff", "confidence": 0.1, "candidates": []}
        say = (Text(text="没听懂"),)
        conversations.append(session, found, Author.BOT, say, now, why=why)
        activity.log(session, Fact.FAQ_MISSED, now, conversation_id=talk.id)
        later = now + timedelta(minutes=3)
        answer = (Text(text="不收支票，可以刷卡。"),)
        conversations.append(session, found, Author.AGENT, answer, later, agent_id=agent)

    await desk.db.write(go_on, desk.time.now)


async def looked(desk, browser):
    await browser.post("/kb/gaps")
    await looks.settled()
    (gap, *_) = await desk.db.read(gaps.listed, GapState.OPEN, 10)
    return gap, (await browser.get(f"/kb/gaps/{gap.id}")).text


async def tried(desk, browser, gap, form):
    """The page that begins a trial, and the part of it that stands there at the end."""
    page = (await browser.post(f"/kb/gaps/{gap.id}", data={**form, "action": "try"})).text
    address = page.split('hx-get="', 1)[1].split('"', 1)[0]
    await desk.services.rehearsals.settled()
    return page, (await browser.get(address)).text


def picks(page):
    return [part.split('"')[0] for part in page.split('name="pick" value="')[1:]]


async def test_what_nobody_understood_stands_in_the_list_with_its_size_and_channel(desk):
    editor = await desk.enter("editor")
    assert "Nobody has looked yet" in (await editor.get("/kb/gaps")).text
    await looked(desk, editor)
    page = (await editor.get("/kb/gaps")).text
    assert "支票" in page
    assert "not understood" in page
    assert "微信公众号" in page
    assert "3 min until an agent answered" in page


async def test_nobodys_number_is_shown_or_offered_for_an_entry(desk):
    editor = await desk.enter("editor")
    for gap in [(await looked(desk, editor))[0], *await desk.db.read(gaps.listed, "open", 10)]:
        page = (await editor.get(f"/kb/gaps/{gap.id}")).text
        assert "13812345678" not in page
    found = await desk.db.read(gaps.listed, GapState.OPEN, 10)
    pages = [(await editor.get(f"/kb/gaps/{gap.id}")).text for gap in found]
    assert [page for page in pages if "•••" in page and "disabled" in page]


async def test_the_effect_is_shown_before_questions_are_kept(desk):
    editor = await desk.enter("editor")
    gap, page = await looked(desk, editor)
    form = {"action": "try", "to": "entry", "entry": "return", "pick": picks(page)[:1]}
    begun, effect = await tried(desk, editor, gap, form)
    assert "What this would change" in begun
    assert "Keep it as a draft" not in begun
    assert "answers “如何申请退货？”" in effect
    assert 'form="keep"' in effect
    again = (await editor.post(f"/kb/gaps/{gap.id}", data=form)).text
    assert "answers “如何申请退货？”" in again
    assert (await desk.db.read(knowledge.get_article, "return")).draft is None
    kept = await editor.post(f"/kb/gaps/{gap.id}", data={**form, "action": "keep"})
    assert kept.headers["location"] == "/kb/gaps?told=attached"
    draft = (await desk.db.read(knowledge.get_article, "return")).draft
    assert len(draft.similar_questions) == 1
    assert "支票" in draft.similar_questions[0]
    assert (await desk.db.read(gaps.get, gap.id)).state is GapState.ATTACHED


async def test_a_new_entry_begins_with_what_agents_answered(desk):
    editor = await desk.enter("editor")
    gap, page = await looked(desk, editor)
    assert "不收支票，可以刷卡。" in page
    form = {"to": "new", "answer": "不收支票，可以刷卡。", "pick": picks(page)[:2]}
    begun, effect = await tried(desk, editor, gap, form)
    assert "A new entry" in begun
    assert "questions tried" in effect
    kept = await editor.post(f"/kb/gaps/{gap.id}", data={**form, "action": "keep"})
    key = kept.headers["location"].split("/kb/")[1].split("?")[0]
    draft = (await desk.db.read(knowledge.get_article, key)).draft
    assert draft.answers == {"zh": "不收支票，可以刷卡。"}
    assert "支票" in draft.question
    assert (await desk.db.read(gaps.get, gap.id)).state is GapState.DRAFTED


@pytest.mark.parametrize(
    "form", [{"to": "entry", "entry": "return"}, {"to": "entry", "key": "nothing"}, {"to": "new"}]
)
async def test_without_an_entry_or_a_question_nothing_is_tried(desk, form):
    editor = await desk.enter("editor")
    gap, page = await looked(desk, editor)
    more = {} if form.get("entry") else {"pick": picks(page)[:1]}
    answer = await editor.post(f"/kb/gaps/{gap.id}", data={"action": "try", **form, **more})
    assert answer.status_code == 422
    assert "Choose an entry and at least one question" in answer.text


async def test_a_trial_that_is_gone_leads_back_to_its_gap(desk):
    editor = await desk.enter("editor")
    gap, _ = await looked(desk, editor)
    answer = await editor.get(f"/kb/gaps/{gap.id}/trials/{UUID(int=1)}")
    assert answer.headers["location"] == f"/kb/gaps/{gap.id}"


async def test_what_is_ignored_can_be_opened_again(desk):
    editor = await desk.enter("editor")
    gap, _ = await looked(desk, editor)
    await editor.post(f"/kb/gaps/{gap.id}", data={"action": "ignore"})
    assert gap.id not in (await editor.get("/kb/gaps")).text
    assert gap.id in (await editor.get("/kb/gaps?state=ignored")).text
    desk.time.go_on(timedelta(minutes=2))
    await editor.post("/kb/gaps")
    await looks.settled()
    assert gap.id not in (await editor.get("/kb/gaps")).text
    await editor.post(f"/kb/gaps/{gap.id}", data={"action": "reopen"})
    assert gap.id in (await editor.get("/kb/gaps")).text


async def test_what_is_never_to_be_shown_again_can_be_opened_again(desk):
    editor = await desk.enter("editor")
    gap, _ = await looked(desk, editor)
    await editor.post(f"/kb/gaps/{gap.id}", data={"action": "block"})
    assert gap.id not in (await editor.get("/kb/gaps")).text
    assert gap.id in (await editor.get("/kb/gaps?state=blocked")).text
    await editor.post(f"/kb/gaps/{gap.id}", data={"action": "reopen"})
    assert gap.id in (await editor.get("/kb/gaps")).text


async def test_a_gap_that_the_last_look_found_no_more_leads_back_to_the_list(desk):
    editor = await desk.enter("editor")
    answer = await editor.get(f"/kb/gaps/{'0' * 16}")
    assert answer.headers["location"] == "/kb/gaps?told=gone"


async def test_who_writes_entries_but_answers_nobody_gets_no_link_into_conversations(desk):
    editor, boss = await desk.enter("editor"), await desk.enter("boss")
    gap, page = await looked(desk, editor)
    assert "/inbox/" not in page
    assert "/inbox/" in (await boss.get(f"/kb/gaps/{gap.id}")).text


async def test_another_entry_is_named_by_its_question(desk):
    editor = await desk.enter("editor")
    gap, page = await looked(desk, editor)
    form = {"action": "try", "to": "entry", "entry": "return", "key": " 退款多久到账？ "}
    form |= {"pick": page.split('name="pick" value="')[1].split('"')[0]}
    tried = (await editor.post(f"/kb/gaps/{gap.id}", data=form)).text
    assert "“退款多久到账？” with these questions" in tried


async def test_a_look_that_finds_nothing_is_told_of_like_any_other(desk):
    desk.time.go_on(looking.WINDOW + timedelta(days=1))
    editor = await desk.enter("editor")
    assert "Nobody has looked yet" in (await editor.get("/kb/gaps")).text
    answer = await editor.post("/kb/gaps")
    await looks.settled()
    page = (await editor.get(answer.headers["location"])).text
    assert "hx-get" not in page
    assert "No question is left open" in page
    assert "Last look:" in page


async def test_a_page_that_waits_for_a_look_asks_again_until_it_was(desk):
    editor = await desk.enter("editor")
    moment = looks.stamp(desk.time.now)
    waiting = f"/kb/gaps?told=looking&asked={moment}"
    assert f'hx-get="{waiting.replace("&", "&amp;")}"' in (await editor.get(waiting)).text
    answer = await editor.post("/kb/gaps")
    await looks.settled()
    assert answer.headers["location"] == waiting
    page = (await editor.get(waiting)).text
    assert "hx-get" not in page
    assert "Looked through just now." in page
    desk.time.go_on(missed.PATIENCE + timedelta(minutes=1))
    late = waiting.replace(str(moment), str(moment + 1))
    assert "hx-get" not in (await editor.get(late)).text


async def test_a_look_of_just_before_is_not_taken_for_the_one_that_was_asked_for(desk):
    editor = await desk.enter("editor")
    first = (await editor.post("/kb/gaps")).headers["location"]
    await looks.settled()
    desk.time.go_on(timedelta(seconds=3))
    again = (await editor.post("/kb/gaps")).headers["location"]
    assert again == first, "who asks again in the same minute gets the same look"
    asked_later = f"/kb/gaps?told=looking&asked={looks.stamp(desk.time.now)}"
    page = (await editor.get(asked_later)).text
    assert "hx-get" in page
    assert "Looked through just now." not in page
