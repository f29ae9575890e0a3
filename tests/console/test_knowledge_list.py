"""The list of entries: what they did for customers, sorted, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from storage import activity, knowledge
from storage.knowledge import Content
from storage.models import Fact

TALKS = [UUID(int=number) for number in range(1, 5)]
COLUMNS = re.compile(r'<th class="[^"]*" aria-sort="(\w+)"><a class="sorter" href="([^"]+)"')


def rows(page):
    """The keys of the listed entries, as they stand in the table."""
    return re.findall(r'<td class="primary-cell"><a href="/kb/([^"?]+)"', page)


@pytest.fixture
async def asked(kb_desk):
    """Three conversations: `refund` answered in all and lost one, `return` was suggested twice."""
    now = kb_desk.time.now - timedelta(days=2)

    def happen(session):
        for talk in TALKS[:3]:
            data = {"entry": "refund"}
            activity.log(session, Fact.FAQ_ANSWERED, now, conversation_id=talk, data=data)
        activity.log(session, Fact.CONVERSATION_HANDED_OFF, now, conversation_id=TALKS[0])
        for talk in TALKS[:2]:
            data = {"entries": ["return"]}
            activity.log(session, Fact.FAQ_SUGGESTED, now, conversation_id=talk, data=data)
        data = {"entry": "return"}
        activity.log(session, Fact.FAQ_ANSWERED, now, conversation_id=TALKS[1], data=data)

    await kb_desk.db.write(happen)
    return kb_desk


async def test_an_entry_shows_what_it_did_in_the_last_days(asked):
    page = (await (await asked.enter("editor")).get("/kb?q=refund")).text
    row = re.sub(r"<[^>]+>|\s+", " ", page[page.index("<tbody>") : page.index("</tbody>")])
    assert re.search(r" 3 .*– .* 33 % +1/3 ", row)
    page = (await (await asked.enter("editor")).get("/kb?q=return")).text
    row = re.sub(r"<[^>]+>|\s+", " ", page[page.index("<tbody>") : page.index("</tbody>")])
    assert re.search(r" 1 .* 50 % +1/2 .* 0 % +0/1 ", row)


async def test_what_is_older_than_the_window_does_not_count(asked):
    asked.time.now += timedelta(days=29)
    page = (await (await asked.enter("editor")).get("/kb?q=refund")).text
    assert "1/3" not in page


async def test_who_wrote_what_is_shown_stands_beside_it(asked):
    editor = await asked.enter("editor")
    assert "Import" in (await editor.get("/kb?q=refund")).text
    await editor.post("/kb/refund", data={"action": "remove"})
    cell = (await editor.get("/kb?q=refund")).text.split('class="changed"')[1].split("</td>")[0]
    assert "Import" not in cell
    assert "editor" in cell.lower()


async def test_a_columns_head_sorts_and_turns_round_and_keeps_the_filter(asked):
    editor = await asked.enter("editor")
    first = (await editor.get("/kb?state=&kind=")).text
    assert [way for way, _ in COLUMNS.findall(first)] == ["none"] * 4
    links = [link.replace("&amp;", "&") for _, link in COLUMNS.findall(first)]
    assert links == ["/kb?sort=question", "/kb?sort=hits", "/kb?sort=handed", "/kb?sort=updated"]
    most = (await editor.get("/kb?sort=hits")).text
    assert rows(most) == ["refund", "return"]
    ways = COLUMNS.findall(most)
    assert ways[1] == ("descending", "/kb?sort=-hits")
    assert rows((await editor.get(ways[1][1])).text) == ["return", "refund"]
    narrowed = (await editor.get("/kb?kind=service&sort=-hits")).text
    assert COLUMNS.findall(narrowed)[1] == ("ascending", "/kb?kind=service&amp;sort=hits")


async def test_an_order_that_nobody_knows_is_the_usual_one(asked):
    editor = await asked.enter("editor")
    for odd in ("sort=secret", "sort=--hits", "page=minus", "page=999999999999"):
        assert (await editor.get(f"/kb?{odd}")).status_code == 200


async def test_pages_keep_the_order_and_hold_each_entry_once(asked):
    contents = {f"k{n:03}": Content(f"问题 {n}", (), {"zh": "x"}) for n in range(60)}
    await asked.db.write(knowledge.save_drafts, contents, None, asked.time.now)
    editor = await asked.enter("editor")
    first = (await editor.get("/kb?sort=hits")).text
    onwards = re.search(r'href="(/kb\?[^"]*page=2)"', first)[1].replace("&amp;", "&")
    assert onwards == "/kb?sort=hits&page=2"
    seen = rows(first) + rows((await editor.get(onwards)).text)
    assert seen == ["refund", "return", *sorted(contents)]
