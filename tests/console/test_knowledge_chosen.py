"""Many entries at once: chosen by ticks, confirmed, drafted all or nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from storage import articles, knowledge
from storage.knowledge import Content
from storage.rules import Rules
from tests.console.conftest import REFUND, RETURN

BOTH = {"key": ["refund", "return"]}


async def state(desk, key):
    return await desk.db.read(knowledge.get_article, key)


async def drafts(desk):
    found = await desk.db.read(knowledge.drafts, None)
    return {key: knowledge.content_of(version) for key, version in found.items()}


async def does(browser, act, **given):
    return await browser.post("/kb/chosen", data={"action": act, "sure": "yes", **given})


async def test_it_is_asked_first_with_how_many_and_nothing_changes_before(kb_desk):
    editor = await kb_desk.enter("editor")
    for act in ("move", "until", "audience", "risk", "remove", "discard", "export"):
        page = await editor.post("/kb/chosen", data={"action": act, **BOTH})
        assert page.status_code == 200
        assert "2 entries are chosen." in page.text
        assert REFUND.question in page.text
    assert await drafts(kb_desk) == {}


async def test_chosen_entries_move_as_drafts_and_what_is_live_stays(kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "move", to=" After sales / Refunds ", **BOTH)
    assert answer.headers["location"] == "/kb?page=1&chosen=done&done=2&left=0&act=move"
    made = await drafts(kb_desk)
    assert {key: content.category for key, content in made.items()} == {
        "refund": "After sales/Refunds",
        "return": "After sales/Refunds",
    }
    assert made["refund"] == replace(REFUND, category="After sales/Refunds")
    assert knowledge.content_of((await state(kb_desk, "refund")).live) == REFUND
    assert "Done with 2 entries." in (await editor.get(answer.headers["location"])).text


async def test_each_draft_names_who_made_it_as_one_alone_would(kb_desk):
    editor = await kb_desk.enter("editor")
    await does(editor, "risk", risk="strict", **BOTH)
    await editor.post("/kb/return", data={"action": "discard"})
    await editor.post("/kb/return", data={"action": "remove"})
    one, other = [(await state(kb_desk, key)).draft for key in ("refund", "return")]
    assert one.author_id == other.author_id is not None


@pytest.mark.parametrize(
    ("act", "given", "rules"),
    [
        ("risk", {"risk": "strict"}, {"risk": "strict"}),
        ("audience", {"tags": "vip， gold", "level": "3"}, {"tags": ("vip", "gold"), "level": 3}),
        ("audience", {}, {"tags": (), "level": 0}),
        ("until", {"valid_to": ""}, {"valid_to": None}),
    ],
)
async def test_one_rule_is_set_and_all_others_stay(kb_desk, act, given, rules):
    now = kb_desk.time.now
    before = Rules(
        mode="exact", tags=("old",), valid_to=now + timedelta(days=3), must_match=("退",)
    )
    for key, content in (("refund", REFUND), ("return", RETURN)):
        ruled = replace(content, rules=before)
        await kb_desk.db.write(knowledge.save_draft, key, ruled, None, now)
    editor = await kb_desk.enter("editor")
    await does(editor, act, **given, **BOTH)
    for content in (await drafts(kb_desk)).values():
        assert content.rules == replace(before, **rules)


async def test_an_end_is_set_in_beijing_time(kb_desk):
    editor = await kb_desk.enter("editor")
    await does(editor, "until", valid_to="2030-01-01T00:00", key="refund")
    end = (await drafts(kb_desk))["refund"].rules.valid_to
    assert end.isoformat() == "2030-01-01T00:00:00+08:00"


async def test_if_one_cannot_be_changed_none_is_and_it_is_named(kb_desk):
    begins = Rules(valid_from=kb_desk.time.now + timedelta(days=3650))
    late = replace(RETURN, rules=begins)
    await kb_desk.db.write(knowledge.save_draft, "return", late, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "until", valid_to="2030-01-01T00:00", **BOTH)
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert RETURN.question in answer.text
    assert await drafts(kb_desk) == {"return": late}


async def test_if_one_is_gone_meanwhile_nothing_is_changed(kb_desk):
    editor = await kb_desk.enter("editor")
    for act in ("move", "remove", "discard"):
        answer = await does(editor, act, to="x", key=["refund", "nobody"])
        assert "Nothing was changed" in (await editor.get(answer.headers["location"])).text
    assert await drafts(kb_desk) == {}


@pytest.mark.parametrize(
    ("act", "given", "field"),
    [
        ("until", {"valid_to": "soon"}, "valid_to"),
        ("risk", {"risk": "wild"}, "risk"),
        ("audience", {"level": "-1"}, "level"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field(kb_desk, act, given, field):
    editor = await kb_desk.enter("editor")
    answer = await does(editor, act, **given, **BOTH)
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    assert await drafts(kb_desk) == {}


async def test_entries_are_taken_out_with_the_next_release_and_drafts_alone_at_once(kb_desk):
    await kb_desk.db.write(knowledge.save_draft, "new", RETURN, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    asked = await editor.post("/kb/chosen", data={"action": "remove", "key": ["refund", "new"]})
    assert "1 of them was never live" in asked.text
    await does(editor, "remove", key=["refund", "new"])
    assert (await state(kb_desk, "refund")).draft.deleted
    assert (await state(kb_desk, "refund")).live is not None
    assert await state(kb_desk, "new") is None


async def test_drafts_are_thrown_away_and_entries_without_one_are_counted_as_left(kb_desk):
    await kb_desk.db.write(knowledge.save_draft, "refund", RETURN, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "discard", **BOTH)
    page = (await editor.get(answer.headers["location"])).text
    assert "Done with 1 entry. 1 stayed as it was" in page
    assert await drafts(kb_desk) == {}


async def test_what_is_so_already_gets_no_draft(kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "risk", risk="normal", **BOTH)
    assert "done=0&left=2" in answer.headers["location"]
    assert await drafts(kb_desk) == {}


async def test_an_entry_that_leaves_is_not_brought_back_by_moving_it(kb_desk):
    editor = await kb_desk.enter("editor")
    await does(editor, "remove", key="refund")
    answer = await does(editor, "move", to="x", **BOTH)
    assert "done=1&left=1" in answer.headers["location"]
    assert (await state(kb_desk, "refund")).draft.deleted


async def test_the_chosen_are_exported_with_their_drafts_and_no_others(kb_desk):
    changed = replace(REFUND, question="退款几天到？")
    await kb_desk.db.write(knowledge.save_draft, "refund", changed, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "export", shape="jsonl", key="refund")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.text.count("\n") == 1
    assert "退款几天到" in answer.text


async def test_all_on_the_page_are_chosen_without_a_script(kb_desk):
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb?sort=-question")).text
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    assert sorted(shown) == ["refund", "return"]
    given = {"all": "yes", "shown": shown, "sort": "-question"}
    answer = await does(editor, "move", to="x", **given)
    assert answer.headers["location"].startswith("/kb?sort=-question&page=1&chosen=done&done=2")


async def test_nothing_chosen_and_too_much_chosen_are_told(kb_desk):
    editor = await kb_desk.enter("editor")
    for given, words in (
        ({"key": []}, "Nothing is chosen yet"),
        ({"key": [f"k{n}" for n in range(501)]}, "At most 500 entries at once."),
    ):
        answer = await does(editor, "move", **given)
        assert words in (await editor.get(answer.headers["location"])).text
    odd = await does(editor, "destroy", **BOTH)
    assert odd.status_code == 303
    assert await drafts(kb_desk) == {}


async def test_five_hundred_are_changed_at_once(kb_desk):
    contents = {f"k{n:03}": Content(f"问题 {n}", (), {"zh": "x"}) for n in range(500)}
    await kb_desk.db.write(knowledge.save_drafts, contents, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    answer = await does(editor, "move", to="x", key=list(contents))
    assert "done=500" in answer.headers["location"]
    counts = await kb_desk.db.read(articles.category_counts)
    assert counts["x"] == 500


async def test_who_may_not_write_entries_changes_none(kb_desk):
    li = await kb_desk.enter("li")
    assert (await does(li, "remove", **BOTH)).status_code == 403
    assert await drafts(kb_desk) == {}


async def test_another_sites_form_changes_nothing(kb_desk):
    editor = await kb_desk.enter("editor")
    del editor.headers["x-csrf-token"]
    assert (await does(editor, "remove", csrf="guessed", **BOTH)).status_code == 403
    assert await drafts(kb_desk) == {}
