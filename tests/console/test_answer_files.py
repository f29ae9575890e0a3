"""Files that go with answers: taken, kept with the draft, shown in history and releases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from bot.limit import BodyLimit
from channels.files import OURS, Takes
from channels.message import Media
from console import import_work
from console.knowledge_diff import differences
from handlers.desk import conversations
from storage import knowledge, media
from storage.knowledge import Content
from storage.models import Delivery
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


async def test_a_file_in_a_form_is_told_how_it_is_sent(able, kb_desk):
    editor = await kb_desk.enter("editor")
    token = editor.headers.pop("x-csrf-token")
    answer = await editor.post("/kb/files", data={"csrf": token, "file": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (
        415,
        "send the file itself, and the token as x-csrf-token",
    )


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
    page = await imported(editor, table.replace(number[1:], "z" * 31).encode())
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


async def test_files_are_added_and_dropped_by_a_form_without_any_script(able, kb_desk):
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb/new")).text
    assert 'enctype="multipart/form-data"' in page
    last = page.split("</noscript>")[0].split("<noscript>")[-1]
    assert '<input id="f-files" type="file" name="files" multiple' in last
    assert 'name="must_not_match"' in page.split(last)[0]
    files = [("files", ("标签.png", PNG, "image/png")), ("files", ("说明.txt", b"hi", "text/html"))]
    answer = await editor.post("/kb/new", data=FORM, files=files)
    key = answer.headers["location"].split("/kb/")[1].split("?")[0]
    picture, paper = (await drafted(kb_desk, key)).rules.files
    assert (picture.name, picture.type, picture.size) == ("标签.png", "image/png", len(PNG))
    assert (paper.name, paper.size) == ("说明.txt", 2)
    assert (await editor.get(f"/kb/files/{picture.id}")).content == PNG
    page = (await editor.get(f"/kb/{key}")).text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    kept = {f"file_{picture.id}": "zh", f"file_{paper.id}": "", f"drop_{paper.id}": "yes"}
    await editor.post(f"/kb/{key}", data={**FORM, "action": "save", "seen": seen, **kept})
    assert (await drafted(kb_desk, key)).rules.files == (replace(picture, language="zh"),)


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "The file is empty."), (bytes(2_000_001), "larger than")]
)
async def test_a_file_that_cannot_be_kept_keeps_the_words_of_the_form(kb_desk, content, words):
    folder = replace(kb_desk.services.folder, largest=2_000_000)
    kb_desk.services = replace(kb_desk.services, folder=folder)
    kb_desk.app.state.services = kb_desk.services
    editor = await kb_desk.enter("editor")
    files = [("files", ("a.png", content, "image/png")), ("files", ("b.png", PNG, "image/png"))]
    answer = await editor.post("/kb/new", data=FORM, files=files)
    assert answer.status_code == 422
    assert words in answer.text
    assert FORM["question"] in answer.text
    assert 'data-file="b.png"' in answer.text
    assert 'data-file="a.png"' not in answer.text


@pytest.fixture
async def limited(able, kb_desk):
    """The desk behind the limit for bodies: 100 kB, and 2 MB where files are taken."""
    kb_desk.app = BodyLimit(kb_desk.app, 100_000, 2_000_000)
    return kb_desk


async def test_a_form_with_large_files_is_taken_without_any_script(limited):
    editor = await limited.enter("editor")
    files = [("files", (name, PNG + bytes(900_000), "image/png")) for name in ("a.png", "b.png")]
    answer = await editor.post("/kb/new", data=FORM, files=files)
    assert answer.status_code == 303
    key = answer.headers["location"].split("/kb/")[1].split("?")[0]
    assert [file.name for file in (await drafted(limited, key)).rules.files] == ["a.png", "b.png"]


@pytest.mark.parametrize("address", ["/kb/new", "/kb/refund"])
async def test_a_form_with_too_much_comes_back_with_every_word(limited, address):
    await saved_as(limited, "refund")
    editor = await limited.enter("editor")
    files = [
        ("files", ("a.png", PNG + bytes(900_000), "image/png")),
        ("files", ("b.png", PNG + bytes(900_000), "image/png")),
        ("files", ("c.png", PNG + bytes(900_000), "image/png")),
        ("files", ("d.png", PNG, "image/png")),
    ]
    said = {**FORM, "action": "save", "must_match": "标签怎么贴"}
    answer = await editor.post(address, data=said, files=files)
    assert answer.status_code == 422
    assert "one at a time" in answer.text
    assert all(words in answer.text for words in ("怎么贴标签？", "看图", "标签怎么贴"))
    told = [name for name in "abcd" if f'data-file="{name}.png"' in answer.text]
    assert told == ["a", "b"]


async def saved_as(desk, key):
    content = Content("退款多久到账？", (), {"zh": "三天。"}, "refund")
    await desk.db.write(knowledge.save_draft, key, content, None, desk.time.now)


async def published(desk, number):
    """Make an entry live whose file this is."""
    file = Attachment(number, "标签.png", "image/png", len(PNG))
    content = Content("怎么贴标签？", (), {"zh": "看图"}, "service", rules=Rules(files=(file,)))
    now = desk.time.now
    await desk.db.write(knowledge.save_draft, "label", content, None, now)
    await desk.db.write(knowledge.publish, None, "with a file", now)
    await desk.services.knowledge.refresh()


async def asked(desk, inbox="shop_telegram"):
    talk = await desk.talk(inbox=inbox, text="怎么贴标签")
    await desk.db.write(conversations.take, talk.id, desk.agents["li"], desk.time.now)
    return talk


async def lent(browser, talk, number, entry="label"):
    form = {"entry": entry, "file": number}
    return await browser.post(f"/inbox/{talk.id}/files/of-answer", data=form)


async def test_an_agent_sends_the_files_of_a_suggested_answer_along(able, kb_desk):
    number = await brought(await kb_desk.enter("editor"))
    await published(kb_desk, number)
    talk, li = await asked(kb_desk), await kb_desk.enter("li")
    seen = (await li.get(f"/inbox/{talk.id}/suggestions")).text
    assert f'data-lend="{number}"' in seen
    assert "checked" in seen
    told = (await lent(li, talk, number)).json()
    assert (told["kind"], told["name"], told["size"]) == ("image", "标签.png", len(PNG))
    assert (await li.get(f"/media/{told['id']}")).content == PNG
    reply = {"text": "看图", "file": [told["id"]], "echo_id": "e1"}
    headers = {"hx-request": "true"}
    answer = await li.post(f"/inbox/{talk.id}/reply", data=reply, headers=headers)
    assert answer.status_code == 204
    (sent,) = await kb_desk.db.read(lambda s: list(s.exec(select(Delivery))))
    (picture,) = (part for part in sent.parts if isinstance(part, Media))
    assert picture == Media(kind="image", ref=f"{OURS}{told['id']}", name="标签.png", size=len(PNG))
    stored = await kb_desk.db.read(media.get, told["id"])
    assert (stored.message_id, stored.place) == (sent.message_id, number)


async def test_only_files_of_live_answers_are_lent_where_the_channel_takes_them(able, kb_desk):
    editor, li = await kb_desk.enter("editor"), await kb_desk.enter("li")
    number, other = await brought(editor), await brought(editor)
    await published(kb_desk, number)
    talk = await asked(kb_desk)
    assert (await lent(li, talk, other)).status_code == 404
    assert (await lent(li, talk, number, "refund")).status_code == 404
    assert (await lent(li, talk, number, "none")).status_code == 404
    assert (await lent(await kb_desk.enter("zhao"), talk, number)).status_code == 409
    elsewhere = await asked(kb_desk, "shop_wechat")
    seen = (await li.get(f"/inbox/{elsewhere.id}/suggestions")).text
    assert "this channel takes no such file" in seen
    assert (await lent(li, elsewhere, number)).status_code == 415
