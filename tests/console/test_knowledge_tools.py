"""The editor's tools: tests that are kept, near duplicates, categories, revisions, rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from console import knowledge_tools
from console.knowledge_forms import category_of, read_content
from console.knowledge_views import tree_of
from storage import kept_tests, knowledge
from storage.knowledge import Content
from storage.rules import Rules

FORM = {"question": "可以开发票吗", "answer_zh": "可以", "kind": "service"}
PARTIAL = {"hx-request": "true", "hx-request-type": "partial"}


async def draft(desk, key, content):
    await desk.db.write(knowledge.save_draft, key, content, None, desk.time.now)


async def drafted(desk, key):
    return knowledge.content_of((await desk.db.read(knowledge.get_article, key)).draft)


async def test_a_tried_sentence_is_kept_as_a_test_without_leaving_the_page(kb_desk):
    editor = await kb_desk.enter("editor")
    page = (await editor.post("/kb/try", data={"sentence": "退款多久到账"}, headers=PARTIAL)).text
    assert "Keep as test" in page
    form = {"sentence": " 退款多久到账 ", "key": "refund"}
    part = (await editor.post("/kb/tests", data=form, headers=PARTIAL)).text
    assert "<html" not in part
    assert "Kept as test" in part
    (kept,) = await kb_desk.db.read(kept_tests.kept)
    assert (kept.text, kept.article_key) == ("退款多久到账", "refund")
    assert "退款多久到账" in (await editor.get("/kb/tests")).text
    await editor.post(f"/kb/tests/{kept.id}/drop")
    assert await kb_desk.db.read(kept_tests.kept) == []


@pytest.mark.parametrize("form", [{"sentence": " "}, {"sentence": "x", "key": "none"}])
async def test_nothing_is_kept_of_nothing(kb_desk, form):
    editor = await kb_desk.enter("editor")
    assert (await editor.post("/kb/tests", data=form)).status_code == 303
    assert (await editor.post(f"/kb/tests/{UUID(int=1)}/drop")).status_code == 303
    assert await kb_desk.db.read(kept_tests.kept) == []


async def test_the_test_box_shows_the_answer_of_a_channel_and_language(kb_desk):
    said = {"zh": "长答案", "zh@weibo": "短答案", "en": "the answer"}
    await draft(kb_desk, "refund", Content("退款多久到账？", (), said))
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await kb_desk.services.knowledge.refresh()
    editor = await kb_desk.enter("editor")
    for channel, language, text in (
        ("weibo", "zh", "短答案"),
        ("slack", "zh", "长答案"),
        ("<b>", "en", "the answer"),
    ):
        form = {"sentence": "退款多久到账", "channel": channel, "language": language}
        assert text in (await editor.post("/kb/try", data=form)).text


async def test_an_entry_for_some_is_not_answered_to_all_in_the_test_box(kb_desk):
    rules = Rules(tags=("vip",))
    await draft(kb_desk, "refund", Content("退款多久到账？", (), {"zh": "快"}, rules=rules))
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await kb_desk.services.knowledge.refresh()
    editor = await kb_desk.enter("editor")
    page = (await editor.post("/kb/try", data={"sentence": "退款多久到账"})).text
    assert "only for some customers" in page


async def test_on_its_own_page_an_entry_for_some_is_tried_as_by_a_customer_it_is_for(kb_desk):
    rules = Rules(tags=("vip", "gold"), level=3)
    await draft(kb_desk, "lounge", Content("贵宾室在哪里", (), {"zh": "三楼"}, rules=rules))
    editor = await kb_desk.enter("editor")
    asked = {"sentence": "贵宾室在哪里", "against": "drafts", "entry": "lounge"}
    page = (await editor.post("/kb/try", data=asked, headers=PARTIAL)).text
    assert "三楼" in page.split("Live now")[0]
    assert "Asked as a customer whom this entry is for" in page
    page = (await editor.post("/kb/try", data={**asked, "entry": ""}, headers=PARTIAL)).text
    assert "三楼" not in page
    assert "Asked as a customer whom this entry is for" not in page
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await kb_desk.services.knowledge.refresh()
    live = {"sentence": "贵宾室在哪里", "entry": "lounge"}
    assert "三楼" in (await editor.post("/kb/try", data=live, headers=PARTIAL)).text


async def test_what_another_entry_says_is_told_while_one_writes(kb_desk):
    editor = await kb_desk.enter("editor")
    form = {"question": "新问题", "similar": "如何申请退货\n退款多久到账", "key": "refund"}
    part = (await editor.post("/kb/near", data=form)).text
    assert 'href="/kb/return"' in part
    assert 'href="/kb/refund"' not in part
    await draft(kb_desk, "draft", Content("怎么成为会员呢"))
    part = (await editor.post("/kb/near", data={"question": "怎么成为会员呢?"})).text
    assert 'href="/kb/draft"' in part
    assert (await editor.post("/kb/near", data={"question": "其他"})).text.strip() == ""


async def test_categories_are_a_tree_that_filters(kb_desk):
    for key, path in (("a", "售后/退款"), ("b", "售后/退款/跨境"), ("c", "售后"), ("d", "售_")):
        await draft(kb_desk, key, Content(f"问题 {key}", (), {"zh": "x"}, category=path))
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb", params={"category": "售后/退款"})).text
    assert "问题 a" in page
    assert "问题 b" in page
    assert "问题 c" not in page
    assert 'aria-current="page"><span>退款</span><span class="number muted">2</span>' in page
    page = (await editor.get("/kb", params={"category": "售_"})).text
    assert "问题 c" not in page


async def test_a_category_moves_with_those_below_it_as_drafts(kb_desk):
    await draft(kb_desk, "a", Content("问题 a", (), {"zh": "x"}, category="售后"))
    rules = Rules(level=2)
    below = Content("问题 b", (), {"zh": "x"}, category="售后/退款", rules=rules)
    await draft(kb_desk, "b", below)
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/categories", data={"old": "售后", "new": " 服务 / 售后 "})
    assert answer.headers["location"].endswith("told=moved")
    assert (await drafted(kb_desk, "a")).category == "服务/售后"
    assert await drafted(kb_desk, "b") == replace(below, category="服务/售后/退款")
    await editor.post("/kb/categories", data={"old": "服务/售后", "new": ""})
    assert (await drafted(kb_desk, "b")).category == "退款"


@pytest.mark.parametrize("new", ["售后", "售后/深"])
async def test_a_category_does_not_move_into_itself(kb_desk, new):
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/categories", data={"old": "售后", "new": new})
    assert answer.headers["location"].endswith("told=nowhere")


async def test_a_former_revision_becomes_the_draft(kb_desk):
    await draft(kb_desk, "refund", Content("退款？", (), {"zh": "新"}))
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb/refund")).text
    assert "<del>三天</del>" in page
    answer = await editor.post("/kb/refund", data={"action": "restore", "revision": "1"})
    assert answer.headers["location"].endswith("told=restored")
    assert (await drafted(kb_desk, "refund")).answers["zh"] == "三天"
    answer = await editor.post("/kb/refund", data={"action": "restore", "revision": "x"})
    assert answer.headers["location"].endswith("told=known")


async def test_rules_and_words_of_a_channel_are_saved_and_shown_again(kb_desk):
    editor = await kb_desk.enter("editor")
    form = {
        **FORM,
        "answer_zh@weibo": "行",
        "answer_fr": "oui",
        "mode": "contains",
        "risk": "strict",
        "valid_from": "2026-11-11T00:00",
        "valid_to": "2026-11-12T00:00",
        "tags": "vip， staff",
        "level": "2",
        "related_1": " 如何申请退货？ ",
        "related_2": "refund",
        "must_match": "发票\n发票",
        "must_not_match": "退票",
    }
    answer = await editor.post("/kb/new", data=form)
    key = answer.headers["location"].split("/kb/")[1].split("?")[0]
    content = await drafted(kb_desk, key)
    assert content.answers == {"zh": "可以", "zh@weibo": "行", "fr": "oui"}
    assert content.rules == Rules(
        mode="contains",
        risk="strict",
        valid_from=datetime(2026, 11, 10, 16, tzinfo=UTC),
        valid_to=datetime(2026, 11, 11, 16, tzinfo=UTC),
        tags=("vip", "staff"),
        level=2,
        related=("return", "refund"),
        must_match=("发票",),
        must_not_match=("退票",),
    )
    page = (await editor.get(f"/kb/{key}")).text
    for value in ("2026-11-11T00:00", "如何申请退货？", "vip, staff", "退票", "oui"):
        assert value in page


def test_rules_that_cannot_be_are_refused_field_by_field():
    given = {
        **FORM,
        "mode": "regex",
        "valid_from": "soon",
        "level": "1e3",
        "related_1": "nobody asks this",
        "must_match": "\n".join(map(str, range(51))),
    }
    content, wrong = read_content(given, {})
    assert content is None
    assert set(wrong) == {"mode", "valid_from", "level", "related_1", "must_match"}
    ends = {**FORM, "valid_from": "2026-01-02T00:00", "valid_to": "2026-01-01T00:00"}
    assert set(read_content(ends)[1]) == {"valid_to"}


def test_a_moment_at_the_ends_of_the_calendar_is_refused():
    """No zone can be reckoned with there: one such entry would stop all of them."""
    ends = {**FORM, "valid_from": "0001-01-01T00:00", "valid_to": "9999-12-31T23:59"}
    assert set(read_content(ends)[1]) == {"valid_from", "valid_to"}


def test_an_answer_for_one_channel_alone_is_not_enough():
    given = {"question": "行吗", "answer_zh@weibo": "行", "kind": "other"}
    assert set(read_content(given)[1]) == {"answer_zh"}


@pytest.mark.parametrize("question", ["", "😀😀", "?!", "[微笑]", "\u200b"])
def test_a_question_without_a_word_is_none(question):
    given = {"question": question, "answer_zh": "行", "kind": "other"}
    assert set(read_content(given)[1]) == {"question"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("a / b", "a/b"),
        ("/a//b/", "a/b"),
        ("", ""),
        ("一／二", "一/二"),
        ("x/" * 20, "/".join("x" * 8)),
    ],
)
def test_a_path_has_one_form(given, path):
    assert category_of(given) == path


def test_a_branch_counts_what_is_below_it():
    tree = tree_of({"": 3, "a": 1, "a/b": 2, "a/b/c": 4, "ab": 5})
    assert [(each.path, each.count) for each in tree] == [("a", 7), ("ab", 5)]
    (below,) = tree[0].below
    assert (below.path, below.name, below.count) == ("a/b", "b", 6)
    assert [each.path for each in below.below] == ["a/b/c"]


async def test_a_draft_is_tried_beside_what_is_live_and_customers_notice_nothing(kb_desk):
    content = Content("可以货到付款吗？", (), {"zh": "可以，收货时付款。"})
    await draft(kb_desk, "cod", content)
    await draft(kb_desk, "refund", Content("退款多久到账？", (), {"zh": "五天"}))
    editor = await kb_desk.enter("editor")
    asked = {"sentence": "可以货到付款吗", "against": "drafts"}
    page = (await editor.post("/kb/try", data=asked, headers=PARTIAL)).text
    drafted_part, live_part = page.split("Live now")
    assert "With 2 drafts" in drafted_part
    assert "收货时付款" in drafted_part
    assert "收货时付款" not in live_part
    # On an entry's own page only its draft counts.
    own = {**asked, "sentence": "退款多久到账", "entry": "refund"}
    page = (await editor.post("/kb/try", data=own, headers=PARTIAL)).text
    drafted_part, live_part = page.split("Live now")
    assert "With this entry" in drafted_part
    assert ("五天" in drafted_part, "三天" in live_part) == (True, True)
    page = (await editor.post("/kb/try", data={**own, "sentence": asked["sentence"]})).text
    assert "收货时付款" not in page
    live = await kb_desk.services.knowledge.decide("可以货到付款吗")
    assert "cod" not in [each.entry.id for each in live.candidates]


async def test_a_removed_entry_is_missed_by_the_drafts_alone(kb_desk):
    await kb_desk.db.write(knowledge.mark_deleted, "refund", None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    asked = {"sentence": "退款多久到账", "against": "drafts", "entry": "refund"}
    page = (await editor.post("/kb/try", data=asked, headers=PARTIAL)).text
    drafted_part, live_part = page.split("Live now")
    assert "三天" not in drafted_part
    assert "三天" in live_part


async def test_too_many_drafts_are_left_to_the_publish_gate(kb_desk, monkeypatch):
    monkeypatch.setattr(knowledge_tools, "MOST_TRIED", 0)
    await draft(kb_desk, "refund", Content("退款多久到账？", (), {"zh": "五天"}))
    editor = await kb_desk.enter("editor")
    asked = {"sentence": "退款多久到账", "against": "drafts"}
    page = (await editor.post("/kb/try", data=asked, headers=PARTIAL)).text
    assert "1 drafts are too many" in page
    assert "三天" in page
