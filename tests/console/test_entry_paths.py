"""Every entry has a page of its own, whatever its key is."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from fastapi.routing import APIRoute

from console.app import ROUTERS
from console.entry_paths import PAGES, entry_path
from faq.importer import read
from faq.stored import content_of
from storage import knowledge
from storage.knowledge import Content

KEYS = [
    *sorted(PAGES), "gaps/x", "import/0123456789abcdef0123", "new/", "releases/1/rollback",
    "a/b", "/a", "a//b", "a/", ".", "..", "a/../b", "a/./b", "../../me",
    "a?b", "a#b", "a%b", "a%2Fb", "100%", "a b", "a+b", "a&key=b", "a;b", "a\\b", "退款/到账？",
    "a\u2028b", "a\tb", "\U0001f600", "q:1@x", "'\"<b>",
]  # fmt: skip


def test_the_pages_that_no_key_may_stand_for_are_those_of_the_routes():
    paths = {
        route.path.split("/")[2]
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith("/kb/")
    }
    assert paths - {"{key:path}"} == PAGES


def test_a_usual_key_stands_in_the_path():
    assert entry_path("退款/q-1", "saved") == f"/kb/{'%E9%80%80%E6%AC%BE'}/q-1?told=saved"


@pytest.mark.parametrize("key", KEYS)
def test_what_a_browser_makes_of_the_address_still_names_the_key(key):
    path = entry_path(key)
    assert urljoin("http://desk/kb", path) == f"http://desk{path}"


async def test_entries_of_every_key_are_imported_listed_opened_and_changed(kb_desk):
    lines = "".join(f"{_cell(key)},第 {n} 个问题,答案\n" for n, key in enumerate(KEYS))
    imported = read("x.csv", f"id,question,answer\n{lines}".encode())
    assert imported.errors == ()
    contents = {entry.id: content_of(entry) for entry in imported.entries}
    assert list(contents) == KEYS
    await kb_desk.db.write(knowledge.save_drafts, contents, None, kb_desk.time.now)
    editor = await kb_desk.enter("editor")
    links = set()
    for page in (1, 2):
        text = (await editor.get(f"/kb?state=drafted&page={page}")).text
        links |= set(re.findall(r'<td class="primary-cell"><a href="([^"]+)"', text))
    assert len(links) == len(KEYS)
    for number, key in enumerate(KEYS):
        path = entry_path(key)
        assert path in {unescape(link) for link in links}
        page = await editor.get(path)
        assert page.status_code == 200
        assert f"第 {number} 个问题" in page.text
        action = unescape(page.text.split('id="editor"')[1].split('action="')[1].split('"')[0])
        seen = page.text.split('name="seen" value="')[1].split('"')[0]
        given = {"question": f"新 {number}", "answer_zh": "x", "kind": "other", "seen": seen}
        saved = await editor.post(action, data=given)
        assert saved.headers["location"] == entry_path(key, "saved")
        draft = (await kb_desk.db.read(knowledge.get_article, key)).draft
        assert knowledge.content_of(draft) == Content(f"新 {number}", (), {"zh": "x"})


def _cell(key):
    return '"{}"'.format(key.replace('"', '""'))
