"""The import wizard: columns, dry run, conflicts, all or nothing, and what hostile files meet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console import import_work
from faq.importer import read
from storage import imports, knowledge
from storage.articles import Content
from storage.models import ImportState

LIVE = Content("退款多久到账？", ("钱什么时候退",), {"zh": "三天"}, "service")
TABLE = "问题,答案\n如何退货,在订单页申请\n退款多久到账,两天\n"


@pytest.fixture
async def desk(desk_console):
    now = desk_console.time.now
    await desk_console.db.write(knowledge.save_draft, "refund", LIVE, None, now)
    await desk_console.db.write(knowledge.publish, None, "first", now)
    yield desk_console
    await import_work.settled()


async def bring(browser, content, name="faq.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    return await browser.post("/kb/import", files={"file": (name, content)})


async def brought(browser, content, name="faq.csv"):
    answer = await bring(browser, content, name)
    assert answer.status_code == 303, answer.text
    await import_work.settled()
    return answer.headers["location"]


async def page(browser, address):
    return (await browser.get(address)).text


async def drafts(desk):
    return {each.key: each.content for each in await desk.db.read(imports.waiting)}


async def test_a_file_whose_columns_are_known_is_looked_at_at_once_and_taken_in(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, TABLE)
    shown = await page(editor, where)
    assert "What this file does" in shown
    assert "refund" in shown
    assert await drafts(desk) == {}
    await editor.post(where, data={"action": "apply"})
    await import_work.settled()
    assert "2 entries are in the drafts" in await page(editor, where)
    assert sorted(each.question for each in (await drafts(desk)).values()) == [
        "如何退货",
        "退款多久到账",
    ]
    assert not desk.services.folder.path(where.rsplit("/", 1)[1]).exists()


async def test_columns_that_nobody_knows_are_told_by_hand(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, "甲,乙,丙\n1,怎么退货？,在订单页申请售后即可\n".encode("gb18030"))
    shown = await page(editor, where)
    assert shown.count("please look") == 3
    assert "怎么退货？" in shown
    twice = {"action": "check", "column-1": "question", "column-2": "question"}
    refused = await editor.post(where, data=twice)
    assert refused.status_code == 422
    assert "cannot both be question" in refused.text
    told = {"action": "check", "column-0": "", "column-1": "question", "column-2": "answers.zh"}
    await editor.post(where, data=told)
    await import_work.settled()
    assert "new entries" in await page(editor, where)


async def test_one_bad_row_keeps_everything_out(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, TABLE + "没有答案,\n")
    shown = await page(editor, where)
    assert "the answer is missing" in shown
    await editor.post(where, data={"action": "apply"})
    await import_work.settled()
    assert await drafts(desk) == {}


async def test_a_colleagues_draft_is_kept_unless_somebody_says_otherwise(desk):
    editor = await desk.enter("editor")
    mine = Content("改过的", (), {"zh": "手写"})
    boss = desk.agents["boss"].id
    await desk.db.write(knowledge.save_draft, "refund", mine, boss, desk.time.now)
    table = "id,question,answer\nrefund,退款几天,五天\nnew-one,营业时间,九点\n"
    where = await brought(editor, table)
    assert "Drafts that colleagues wrote" in await page(editor, where)
    await editor.post(where, data={"action": "apply", "drafts": "keep"})
    await import_work.settled()
    assert {key: each.question for key, each in (await drafts(desk)).items()} == {
        "new-one": "营业时间",
        "refund": "改过的",
    }
    where = await brought(editor, table)
    await editor.post(where, data={"action": "apply", "drafts": "overwrite"})
    await import_work.settled()
    assert (await drafts(desk))["refund"].question == "退款几天"


async def test_what_was_drafted_since_the_dry_run_is_not_written_over(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, "id,question,answer\nrefund,退款几天,五天\n")
    mine = Content("刚写的", (), {"zh": "手写"})
    boss = desk.agents["boss"].id
    await desk.db.write(knowledge.save_draft, "refund", mine, boss, desk.time.now)
    await editor.post(where, data={"action": "apply"})
    await import_work.settled()
    assert "Meanwhile somebody wrote drafts" in await page(editor, where)
    assert (await drafts(desk))["refund"].question == "刚写的"


async def test_work_that_stopped_half_way_can_be_begun_again(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, TABLE)
    name = where.rsplit("/", 1)[1]
    state, among = ImportState.APPLYING, (ImportState.CHECKED,)
    now = desk.time.now
    assert await desk.db.write(imports.claim, name, state, among, None, now)
    assert not await desk.db.write(imports.claim, name, state, among, None, now)
    assert "Writing the drafts" in await page(editor, where)
    desk.time.go_on(timedelta(minutes=5))
    assert "stopped half-way" in await page(editor, where)
    told = {"action": "check", "column-0": "question", "column-1": "answer"}
    await editor.post(where, data=told)
    await import_work.settled()
    assert "What this file does" in await page(editor, where)


async def test_the_progress_is_a_part_that_asks_again_by_itself(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, TABLE)
    name = where.rsplit("/", 1)[1]
    now = desk.time.now
    await desk.db.write(
        imports.claim, name, ImportState.CHECKING, (ImportState.CHECKED,), None, now
    )
    await desk.db.write(imports.beat, name, 30, 100, now)
    part = (await editor.get(where, headers={"hx-request": "true"})).text
    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    assert "30 %" in part


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"PK\x03\x04 nothing", "faq.xlsx", "save it as XLSX again"),
        (b"x", "faq.exe", ".exe is not known"),
        (b"- &a {question: q}\n- *a\n", "faq.yaml", "aliases are not taken"),
        (b"question,answer\n", "faq.csv", "holds no rows"),
        (b"", "", "Choose a file first"),
    ],
)
async def test_a_hostile_file_is_refused_with_a_reason_and_not_kept(desk, content, name, told):
    editor = await desk.enter("editor")
    answer = await bring(editor, content, name)
    assert answer.status_code == 422
    assert told in answer.text
    assert [path for path in desk.services.folder.root.rglob("*") if path.is_file()] == []


async def test_a_thrown_away_file_is_gone(desk):
    editor = await desk.enter("editor")
    where = await brought(editor, TABLE)
    await editor.post(where, data={"action": "discard"})
    assert (await editor.get(where)).status_code == 404
    assert [path for path in desk.services.folder.root.rglob("*") if path.is_file()] == []


async def test_a_file_that_nobody_came_back_for_goes_with_the_next(desk):
    editor = await desk.enter("editor")
    old = await brought(editor, TABLE)
    desk.time.go_on(timedelta(days=2))
    editor = await desk.enter("editor")
    await brought(editor, TABLE)
    assert (await editor.get(old)).status_code == 404
    assert not desk.services.folder.path(old.rsplit("/", 1)[1]).exists()


@pytest.mark.parametrize("shape", ["csv", "xlsx", "yaml", "jsonl"])
async def test_what_is_downloaded_can_be_brought_back(desk, shape):
    editor = await desk.enter("editor")
    more = Content("=1+1", ("+1",), {"zh": "@x"})
    await desk.db.write(knowledge.save_draft, "formula", more, None, desk.time.now)
    live = await editor.get(f"/kb/export?shape={shape}")
    assert f'filename="faq-20261122.{shape}"' in live.headers["content-disposition"]
    assert [each.id for each in read(f"x.{shape}", live.content).entries] == ["refund"]
    drafts = await editor.get(f"/kb/export?shape={shape}&of=drafts")
    back = {each.id: each.question for each in read(f"x.{shape}", drafts.content).entries}
    assert back == {"formula": "=1+1", "refund": "退款多久到账？"}
    example = await editor.get(f"/kb/export?shape={shape}&of=example")
    assert read(f"x.{shape}", example.content).errors == ()
