"""Files that go with answers: taken, kept with the draft, shown in history and releases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.files import Takes
from console import import_work
from console.knowledge_diff import differences
from storage import knowledge
from storage.knowledge import Content
from storage.rules import Attachment, Rules
from tests.console import world

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(5_000)
FORM = {"question": "怎么贴标签？", "answer_zh": "看图", "kind": "service"}


@pytest.fixture
def able(monkeypatch):
    """Telegram carries pictures; the others nothing."""
    takes = {"image": Takes(1_000_000, frozenset({"image/png"}))}
    told = [
        replace(each, takes=takes) if each.inbox == "shop_telegram" else each
        for each in world.INBOXES
    ]
    monkeypatch.setattr(world, "INBOXES", tuple(told))


async def brought(editor, content=PNG, name="标签.png"):
    answer = await editor.post("/kb/files", params={"name": name}, content=content)
    return answer.text.split('href="/kb/files/')[1].split('"')[0]


async def drafted(desk, key):
    state = await desk.db.read(knowledge.get_article, key)
    return knowledge.content_of(state.draft)


async def saved(editor, **more):
    answer = await editor.post("/kb/new", data={**FORM, **more})
    return answer.headers["location"].split("/kb/")[1].split("?")[0]


async def test_a_file_is_taken_shown_and_kept_with_the_draft(able, kb_desk):
    editor = await kb_desk.enter("editor")
    number = await brought(editor)
    answer = await editor.get(f"/kb/files/{number}")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    key = await saved(editor, **{f"file_{number}": "zh", f"fileon_{number}": "telegram"})
    file = Attachment(number, "标签.png", "image/png", len(PNG), "zh", "telegram")
    assert (await drafted(kb_desk, key)).rules.files == (file,)
    page = (await editor.get(f"/kb/{key}")).text
    assert f'name="file_{number}"' in page
    assert "as a picture" in page
    assert "only named: this channel takes no such file" in page
    history = page.split("What it changed")[1]
    assert "标签.png · 5 kB · zh · telegram" in history
    assert "标签.png" in (await editor.get("/kb/publish")).text


async def test_what_was_attached_stays_in_a_form_that_has_to_be_mended(able, kb_desk):
    editor = await kb_desk.enter("editor")
    number = await brought(editor)
    answer = await editor.post("/kb/new", data={"question": "", f"file_{number}": "en"})
    assert answer.status_code == 422
    row = answer.text.split(f'name="file_{number}"')[1].split("</select>")[0]
    assert 'value="en" selected' in row


async def test_a_former_revision_comes_back_with_its_files(able, kb_desk):
    editor = await kb_desk.enter("editor")
    number = await brought(editor)
    key = await saved(editor, **{f"file_{number}": ""})
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await editor.post(f"/kb/{key}", data={**FORM, "seen": ""})
    assert (await drafted(kb_desk, key)).rules.files == ()
    page = (await editor.get(f"/kb/{key}")).text
    assert "<del>标签.png · 5 kB</del>" in page
    await editor.post(f"/kb/{key}", data={"action": "restore", "revision": "1"})
    assert [file.id for file in (await drafted(kb_desk, key)).rules.files] == [number]


async def test_a_picture_that_is_replaced_by_one_of_its_name_is_a_difference(able, kb_desk):
    old, new = (Attachment(c * 32, "a.png", "image/png", 5_000) for c in "ab")
    before = Content("q", rules=Rules(files=(old,)))
    found = differences(before, replace(before, rules=Rules(files=(new,))))
    assert [(each.before, each.after) for each in found] == [
        ("a.png · 5 kB · aaaaaa", "a.png · 5 kB · bbbbbb")
    ]


async def test_files_that_cannot_be_are_refused_with_a_reason(able, kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/files", params={"name": "x"}, content=b"")
    assert (answer.status_code, answer.json()["problem"]) == (415, "The file is empty.")
    huge = bytes(kb_desk.services.folder.largest + 1)
    answer = await editor.post("/kb/files", params={"name": "x"}, content=huge)
    assert answer.status_code == 413
    gone = await editor.post("/kb/new", data={**FORM, f"file_{'x' * 32}": ""})
    assert gone.status_code == 422
    assert "Attach it again" in gone.text
    many = [await brought(editor, PNG + bytes([n])) for n in range(11)]
    answer = await editor.post("/kb/new", data={**FORM, **{f"file_{n}": "" for n in many}})
    assert "At most 10 files." in answer.text


async def test_agents_neither_bring_nor_see_files_of_answers(able, kb_desk):
    number = await brought(await kb_desk.enter("editor"))
    li = await kb_desk.enter("li")
    assert (await li.get(f"/kb/files/{number}")).status_code == 403
    assert (await li.post("/kb/files", content=PNG)).status_code == 403


async def test_files_leave_and_come_back_by_reference(able, kb_desk):
    editor = await kb_desk.enter("editor")
    number = await brought(editor)
    key = await saved(editor, **{f"file_{number}": "zh", f"fileon_{number}": "weibo"})
    table = (await editor.get("/kb/export?shape=csv&of=drafts")).text
    assert f"{number} zh@weibo" in table
    await kb_desk.db.write(knowledge.delete_draft, key)
    await imported(editor, table.encode())
    (file,) = (await drafted(kb_desk, key)).rules.files
    assert (file.id, file.name, file.channel) == (number, "标签.png", "weibo")
    page = await imported(editor, table.replace(number, "z" * 32).encode())
    assert "there is no file" in page


async def imported(editor, table):
    answer = await editor.post("/kb/import", files={"file": ("faq.csv", table)})
    address = answer.headers["location"].split("?")[0]
    await import_work.settled()
    page = await editor.get(address)
    if 'value="apply"' in page.text:
        await editor.post(address, data={"action": "apply"})
        await import_work.settled()
    return page.text
