import re
from datetime import timedelta
from uuid import uuid4

import pytest

from storage import conversations, listings
from storage.listings import Filter, View
from storage.models import Owner, Status
from tests.console.world import Console


def names(page: str) -> list[str]:
    beside = page.split('id="thread"', maxsplit=1)[0]
    return re.findall(r'<span class="name">([^<]+)</span>', beside)


async def test_the_queue_shows_who_waits_longest_first(desk_console: Console):
    for number, name in enumerate(["first", "second", "third"]):
        desk_console.time.go_on(timedelta(minutes=number))
        await desk_console.talk(name, owner=Owner.QUEUE)
    await desk_console.talk("with the bot")
    browser = await desk_console.enter("li")
    assert names((await browser.get("/inbox")).text) == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("queue", ["waits"]),
        ("mine", ["mine"]),
        ("bot", ["bot"]),
        ("all", ["mine", "theirs", "waits", "bot"]),
        ("resolved", ["done"]),
        ("nonsense", ["waits"]),
    ],
)
async def test_each_tab_shows_its_own(desk_console: Console, view, expected):
    li, zhao = desk_console.agents["li"], desk_console.agents["zhao"]
    for name, changes in {
        "done": {"status": Status.RESOLVED},
        "bot": {},
        "waits": {"owner": Owner.QUEUE},
        "theirs": {"owner": Owner.AGENT, "assignee_id": zhao.id},
        "mine": {"owner": Owner.AGENT, "assignee_id": li.id},
    }.items():
        desk_console.time.go_on(timedelta(seconds=1))
        await desk_console.talk(name, **changes)
    browser = await desk_console.enter("li")
    assert names((await browser.get(f"/inbox?view={view}")).text) == expected
    counted = (await browser.get("/inbox/counts")).json()
    assert counted == {"queue": 1, "mine": 1, "bot": 1, "all": 4}


async def test_channel_and_words_narrow_the_list(desk_console: Console):
    await desk_console.talk("王小明", "shop_wechat", "退款 100% 到账了吗")
    await desk_console.talk("Alice", "shop_slack", "refund please")
    browser = await desk_console.enter("li")
    for query, expected in {
        "channel=slack": ["Alice"],
        "channel=telegram": [],
        "q=退款": ["王小明"],
        "q=ALICE": ["Alice"],
        "q=100%25": ["王小明"],
        "q=%25": ["王小明"],
        "q=_": [],
    }.items():
        page = (await browser.get(f"/inbox?view=all&{query}")).text
        assert names(page) == expected, query
    assert "Clear the filter" in page


async def test_pages_follow_each_other_without_gaps_or_doubles(desk_console: Console):
    for number in range(7):
        await desk_console.talk(f"n{number}", owner=Owner.QUEUE)
    li = desk_console.agents["li"]
    for view in (View.QUEUE, View.ALL):
        cursor, seen = None, []
        while True:
            page = await desk_console.db.read(listings.rows, Filter(view, li.id), cursor, limit=3)
            seen += [row.contact.name for row in page]
            cursor = listings.next_cursor(view, page, limit=3)
            if cursor is None:
                break
        assert sorted(seen) == [f"n{number}" for number in range(7)]


async def test_the_next_page_is_only_lines(desk_console: Console):
    for number in range(listings.PAGE + 2):
        await desk_console.talk(f"n{number}", owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    page = (await browser.get("/inbox")).text
    more = re.search(r'hx-get="(/inbox\?[^"]+)"', page)
    assert more is not None
    following = await browser.get(more[1].replace("&amp;", "&"), headers={"hx-request": "true"})
    assert len(names(following.text)) == 2
    assert "<html" not in following.text


@pytest.mark.parametrize("cursor", ["x", "2026-01-01", "2026-01-01T00:00:00+00:00,x", ","])
async def test_a_bad_cursor_is_the_first_page(desk_console: Console, cursor):
    await desk_console.talk("first", owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    answer = await browser.get("/inbox", params={"after": cursor})
    assert answer.status_code == 200
    assert names(answer.text) == ["first"]


async def test_a_long_wait_is_marked_by_sign_and_word(desk_console: Console):
    conversation = await desk_console.talk("late", owner=Owner.QUEUE)
    desk_console.time.go_on(timedelta(minutes=75))
    await desk_console.talk("just now", owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    page = (await browser.get("/inbox")).text
    late = page.split(f'id="line-{conversation.id}"')[1].split("</li>")[0]
    assert "1 h 15 min" in late
    assert "#alert" in late


async def test_nobody_waiting_is_said_kindly(desk_console: Console):
    browser = await desk_console.enter("li")
    assert "Nobody is waiting" in (await browser.get("/inbox")).text


async def test_a_nameless_customer_is_never_shown_by_a_platforms_id(desk_console: Console):
    conversation = await desk_console.talk(None, "website", "hello")
    browser = await desk_console.enter("li")
    for path in ("/inbox?view=bot", f"/inbox/{conversation.id}"):
        page = (await browser.get(path)).text
        assert f"Visitor {conversation.contact_id.hex[-4:].upper()}" in page
        assert conversation.platform_contact not in page


async def test_an_unknown_conversation_is_not_found(desk_console: Console):
    browser = await desk_console.enter("li")
    for path in (f"/inbox/{uuid4()}", f"/inbox/{uuid4()}/messages"):
        assert (await browser.get(path)).status_code == 404
    for action in ("take", "reply", "note", "read", "dance"):
        answer = await browser.post(f"/inbox/{uuid4()}/{action}", data={"text": "x"})
        assert answer.status_code == 404


async def test_the_list_stands_beside_the_thread_it_was_opened_from(desk_console: Console):
    conversation = await desk_console.talk("王小明")
    browser = await desk_console.enter("li")
    page = (await browser.get(f"/inbox/{conversation.id}?view=bot&q=王")).text
    assert names(page) == ["王小明"]
    assert 'aria-current="true"' in page


async def test_reading_clears_the_count_of_the_one_who_answers_only(desk_console: Console):
    li = desk_console.agents["li"]
    conversation = await desk_console.talk(owner=Owner.AGENT, assignee_id=li.id)
    zhao = await desk_console.enter("zhao")
    await zhao.post(f"/inbox/{conversation.id}/read")
    assert (await desk_console.db.read(conversations.get, conversation.id)).unread == 1
    browser = await desk_console.enter("li")
    assert (await browser.post(f"/inbox/{conversation.id}/read")).status_code == 204
    assert (await desk_console.db.read(conversations.get, conversation.id)).unread == 0


async def test_a_message_without_words_is_named_in_the_readers_language(desk_console):
    await desk_console.talk(preview="[image]", owner=Owner.QUEUE)
    li = await desk_console.enter("li")
    chinese = await li.get("/inbox", headers={"accept-language": "zh-CN"})
    assert '<span class="preview">图片</span>' in chinese.text
    assert '<span class="preview">Image</span>' in (await li.get("/inbox")).text


async def test_the_queue_begins_with_who_is_in_danger_page_after_page(desk_console):
    now = desk_console.time.now
    for number in range(5):
        await desk_console.talk(
            f"客户{number}",
            owner=Owner.QUEUE,
            waiting_since=now + timedelta(minutes=number),
            urgent=number in (2, 4),
        )
    wanted, cursor, seen = Filter(View.QUEUE, uuid4()), None, []
    for _ in range(5):
        (row,) = await desk_console.db.read(listings.rows, wanted, cursor, 1)
        cursor = listings.next_cursor(View.QUEUE, [row], 1)
        seen.append(row.contact.name)
    assert seen == ["客户2", "客户4", "客户0", "客户1", "客户3"]
    li = await desk_console.enter("li")
    shown = re.findall(r'data-sort="(-?[\d.]+)"', (await li.get("/inbox")).text)
    assert [float(key) for key in shown] == sorted(map(float, shown))


async def test_an_empty_list_says_what_comes_there(desk_console):
    li = await desk_console.enter("li")
    assert "What you or a colleague resolves" in (await li.get("/inbox?view=resolved")).text
    assert "Conversations appear here" in (await li.get("/inbox?view=all")).text
