"""The knowledge base's pages: drafts, releases, the test box, who may publish."""

from __future__ import annotations

from dataclasses import replace

from console.knowledge_forms import read_content
from console.knowledge_views import differences
from faq.entries import ANSWER_CHARS, CATEGORY_CHARS, MOST_SIMILAR, QUESTION_CHARS
from storage import knowledge
from storage.knowledge import Content
from storage.models import Article, ArticleVersion

REFUND = Content("退款多久到账？", ("钱什么时候退",), {"zh": "三天", "en": "Three days"}, "service")
RETURN = Content("如何申请退货？", (), {"zh": "在订单里申请"}, "service")
FORM = {
    "question": "  可以  开发票吗？ ",
    "similar": "开票\n\n开票\n 要发票 \n可以 开发票吗？",
    "answer_zh": "可以",
    "answer_en": "",
    "kind": "service",
    "category": "发票",
}


async def seen(browser, key):
    """What an entry's form holds to notice other editors."""
    page = (await browser.get(f"/kb/{key}")).text
    return page.split('name="seen" value="')[1].split('"')[0]


async def state(kb_desk, key):
    return await kb_desk.db.read(knowledge.get_article, key)


async def test_the_list_shows_what_is_live_and_what_is_drafted(kb_desk):
    editor = await kb_desk.enter("editor")
    new = Content("可以货到付款吗？", (), {"zh": "不可以"})
    await kb_desk.db.write(knowledge.save_draft, "cod", new, None, kb_desk.time.now)
    page = (await editor.get("/kb")).text
    assert "Release 1 is live with 2 entries." in page
    assert "Draft, not live yet" in page
    assert "退款多久到账" in page


async def test_the_list_is_searched_and_filtered(kb_desk):
    editor = await kb_desk.enter("editor")
    assert "退款多久到账" not in (await editor.get("/kb", params={"q": "退货"})).text
    assert "No entry matches" in (await editor.get("/kb?kind=price")).text


async def test_the_list_is_narrowed_to_what_is_drafted(kb_desk):
    editor = await kb_desk.enter("editor")
    assert "No entry matches" in (await editor.get("/kb?state=drafted")).text
    new = Content("可以货到付款吗？", (), {"zh": "不可以"})
    await kb_desk.db.write(knowledge.save_draft, "cod", new, None, kb_desk.time.now)
    page = (await editor.get("/kb?state=drafted")).text
    assert "可以货到付款吗" in page
    assert "退款多久到账" not in page
    assert '<option value="drafted" selected>' in page


async def test_a_new_entry_is_a_draft_until_it_is_published(kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/new", data=FORM)
    key = answer.headers["location"].split("/kb/")[1].split("?")[0]
    stored = await state(kb_desk, key)
    assert stored.live is None
    assert stored.draft.question == "可以 开发票吗？"
    assert stored.draft.similar_questions == ["开票", "要发票"]
    assert "The draft is saved" in (await editor.get(answer.headers["location"])).text


async def test_an_entry_without_question_or_answer_is_not_saved(kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/new", data={"similar": "kept words", "kind": "odd"})
    assert answer.status_code == 422
    for name in ("question", "answer_zh", "kind"):
        assert f'id="e-{name}"' in answer.text
    assert "kept words" in answer.text


async def test_saving_changes_nothing_that_customers_see(kb_desk):
    editor = await kb_desk.enter("editor")
    form = {**FORM, "action": "save", "seen": await seen(editor, "refund")}
    await editor.post("/kb/refund", data=form)
    stored = await state(kb_desk, "refund")
    assert stored.live.question == "退款多久到账？"
    assert stored.draft.question == "可以 开发票吗？"


async def test_two_editors_notice_each_other(kb_desk):
    editor, boss = await kb_desk.enter("editor"), await kb_desk.enter("boss")
    before = await seen(editor, "refund")
    await boss.post("/kb/refund", data={**FORM, "seen": before})
    answer = await editor.post("/kb/refund", data={**FORM, "answer_zh": "mine", "seen": before})
    assert answer.status_code == 409
    assert "mine" in answer.text
    assert (await state(kb_desk, "refund")).draft.answers == {"zh": "可以"}


async def test_agents_have_no_knowledge_pages(kb_desk):
    li = await kb_desk.enter("li")
    for path in ("/kb", "/kb/refund", "/kb/new", "/kb/releases"):
        assert (await li.get(path)).status_code == 403


async def test_a_draft_is_thrown_away_and_what_is_live_stays(kb_desk):
    editor = await kb_desk.enter("editor")
    await kb_desk.db.write(knowledge.save_draft, "refund", RETURN, None, kb_desk.time.now)
    answer = await editor.post("/kb/refund", data={"action": "discard"})
    assert answer.headers["location"] == "/kb/refund?told=discarded"
    stored = await state(kb_desk, "refund")
    assert (stored.draft, stored.live.question) == (None, "退款多久到账？")


async def test_a_never_published_entry_is_gone_with_its_draft(kb_desk):
    editor = await kb_desk.enter("editor")
    await kb_desk.db.write(knowledge.save_draft, "new-one", RETURN, None, kb_desk.time.now)
    answer = await editor.post("/kb/new-one", data={"action": "discard"})
    assert answer.headers["location"] == "/kb?told=discarded"
    assert (await editor.get("/kb/new-one")).status_code == 404


async def test_an_entry_leaves_with_the_next_release(kb_desk):
    editor = await kb_desk.enter("editor")
    await editor.post("/kb/refund", data={"action": "remove"})
    assert "Leaves with the next release" in (await editor.get("/kb")).text
    assert (await state(kb_desk, "refund")).draft.deleted


async def test_the_test_box_shows_decision_confidence_and_score_parts(kb_desk):
    editor = await kb_desk.enter("editor")
    page = (await editor.post("/kb/try", data={"sentence": "钱什么时候退"})).text
    assert "Answers" in page
    assert "退款多久到账" in page
    partial = {"hx-request": "true", "hx-request-type": "partial"}
    part = await editor.post("/kb/try", data={"sentence": "退款 什么时候 到"}, headers=partial)
    assert "<html" not in part.text
    assert "<meter" in part.text
    assert "style=" not in part.text


async def test_a_hostile_sentence_is_shown_as_text(kb_desk):
    editor = await kb_desk.enter("editor")
    page = (await editor.post("/kb/try", data={"sentence": "<img src=x onerror=1> 退款"})).text
    assert "<img" not in page


async def test_a_sentence_becomes_a_similar_question_once(kb_desk):
    editor = await kb_desk.enter("editor")
    form = {"action": "similar", "sentence": "钱啥时候到"}
    first = await editor.post("/kb/refund", data=form)
    again = await editor.post("/kb/refund", data=form)
    assert first.headers["location"].endswith("told=similar")
    assert again.headers["location"].endswith("told=known")
    stored = await state(kb_desk, "refund")
    assert stored.draft.similar_questions == ["钱什么时候退", "钱啥时候到"]


async def test_a_sentence_joins_another_entry_without_leaving_the_page(kb_desk):
    editor = await kb_desk.enter("editor")
    form = {"action": "similar", "sentence": "钱啥时候到"}
    told = (await editor.post("/kb/refund", data=form, headers={"hx-request": "true"})).text
    assert "In the draft as a similar question" in told
    assert 'href="/kb/refund"' in told
    again = (await editor.post("/kb/refund", data=form, headers={"hx-request": "true"})).text
    assert "The entry has this question already." in again


async def test_a_new_entry_is_saved_beside_any_number_of_drafts(kb_desk):
    now = kb_desk.time.now

    def many(session):
        made = [Article(key=f"a{number}", kind="service", created_at=now) for number in range(501)]
        session.add_all(made)
        session.flush()
        drafts = (
            ArticleVersion(article_id=one.id, number=1, question=one.key, answers={"zh": "x"})
            for one in made
        )
        session.add_all(drafts)

    await kb_desk.db.write(many)
    editor = await kb_desk.enter("editor")
    form = {"question": "新的问题", "answer_zh": "答案", "kind": "service"}
    answer = await editor.post("/kb/new", data=form)
    assert answer.headers["location"].startswith("/kb/q-")


async def test_an_unknown_entry_is_not_found(kb_desk):
    editor = await kb_desk.enter("editor")
    assert (await editor.get("/kb/none")).status_code == 404
    for action in ("save", "discard", "remove", "similar"):
        form = {**FORM, "action": action, "sentence": "x"}
        assert (await editor.post("/kb/none", data=form)).status_code == 404


def test_too_much_is_refused_field_by_field():
    given = {
        "question": "q" * (QUESTION_CHARS + 1),
        "similar": "\n".join(map(str, range(MOST_SIMILAR + 1))),
        "answer_en": "a" * (ANSWER_CHARS + 1),
        "kind": "price",
    }
    content, wrong = read_content(given)
    assert content is None
    assert set(wrong) == {"question", "similar", "answer_en"}


def test_differences_name_only_what_differs():
    after = replace(REFUND, similar_questions=("新问法",), kind="price")
    found = {each.label: (each.before, each.after) for each in differences(REFUND, after)}
    assert found == {"Kind": ("Service", "Price"), "Similar questions": ("钱什么时候退", "新问法")}


def test_a_new_entry_takes_nothing_away():
    found = differences(Content(""), Content("货到付款？", (), {"zh": "可以"}, "price"))
    assert [each.before for each in found] == ["", "", ""]


async def test_the_longest_that_a_file_may_bring_is_saved_in_the_form_again(kb_desk):
    long = Content(
        "问" * QUESTION_CHARS,
        tuple(f"{n:03}{'答' * (QUESTION_CHARS - 3)}" for n in range(MOST_SIMILAR)),
        {"zh": "好" * ANSWER_CHARS},
        "service",
        "类" * CATEGORY_CHARS,
    )
    await kb_desk.db.write(knowledge.save_draft, "long", long, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb/long")).text
    assert f'maxlength="{QUESTION_CHARS}"' in page
    given = {
        "question": long.question,
        "similar": "\n".join(long.similar_questions),
        "answer_zh": long.answers["zh"],
        "kind": long.kind,
        "category": long.category,
        "seen": await seen(editor, "long"),
    }
    # As a browser sends it, in parts: each field's characters are not escaped.
    parts = {name: (None, text) for name, text in given.items()}
    answer = await editor.post("/kb/long", files=parts)
    assert answer.headers["location"] == "/kb/long?told=saved"
    assert knowledge.content_of((await state(kb_desk, "long")).draft) == long
