import re
from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import (
    Address,
    Card,
    Choice,
    Choices,
    ContactEvent,
    Location,
    Media,
    Selection,
    Text,
    Unsupported,
    Visibility,
)
from console import bubbles
from handlers.desk import conversations as desk
from storage import activity, conversations
from storage.models import Author, Contact, Delivery, DeliveryStatus, Fact, Message, Owner, Status
from tests.console.world import Console, say

PARTIAL = {"hx-request": "true"}


async def add(console: Console, conversation, author, *parts, **extra) -> Message:
    def write(session):
        found = conversations.get(session, conversation.id)
        return conversations.append(session, found, author, parts, console.time.now, **extra)

    return await console.db.write(write)


async def stored(console: Console, conversation):
    return await console.db.read(conversations.get, conversation.id)


async def test_who_speaks_is_seen_before_it_is_read(desk_console: Console):
    conversation = await desk_console.talk(text="退款多久")
    candidate = {"question": "退款多久到账？", "matched": "钱什么时候退", "score": 0.91}
    why = {"band": "answer", "confidence": 0.93, "candidates": [candidate]}
    await add(desk_console, conversation, Author.BOT, Text(text="三天"), why=why)
    await add(desk_console, conversation, Author.SYSTEM, Text(text="请稍候"))
    li = desk_console.agents["li"]
    await desk_console.db.write(desk.take, conversation.id, li, desk_console.time.now)
    await desk_console.db.write(desk.note, conversation.id, li, "注意", desk_console.time.now)
    await desk_console.db.write(desk.reply, conversation.id, li, "您好", desk_console.time.now)
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    kinds = re.findall(r'<article class="bubble (\w+)', page)
    assert kinds == ["in", "bot", "system", "note", "agent"]
    assert "0.91" in page
    assert "钱什么时候退" in page
    assert "Private note by 小李" in page
    assert "小李 took over" in page


@pytest.mark.parametrize(("band", "is_miss"), [("answer", False), ("handoff", True)])
async def test_what_the_bot_did_not_find_is_not_shown_as_what_it_answered_with(
    desk_console: Console, band, is_miss
):
    conversation = await desk_console.talk(text="月亮离地球有多远")
    why = {"band": band, "candidates": [{"question": "尺寸是多少", "score": 0.06}]}
    await add(desk_console, conversation, Author.BOT, Text(text="抱歉"), why=why)
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    assert ("Nothing fits; nearest: 尺寸是多少" in page) == is_miss
    assert ("nothing was sure enough" in page) == is_miss


async def test_every_kind_of_part_is_shown_for_what_it_is(desk_console: Console):
    conversation = await desk_console.talk()
    options = (Choice(value="1", label="有帮助"), Choice(value="2", label="没有帮助"))
    await add(desk_console, conversation, Author.BOT, Choices(prompt="有用吗", options=options))
    for part in (
        Selection(value="1", label="有帮助"),
        Media(kind="image", ref="secret-ref", name="a.jpg", size=2048),
        Media(kind="voice", ref="x", transcript="我要退货"),
        Location(latitude=31.2, longitude=121.5, label="上海"),
        Unsupported(platform_kind="mini_game"),
        ContactEvent(event="followed"),
        ContactEvent(event="served", context="ZhangSan"),
        Card(title="退货<步骤>", url="https://shop.example/r?a=1&b=2", description="三步"),
    ):
        await add(desk_console, conversation, Author.CONTACT, part)
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    for words in ("没有帮助", "a.jpg", "我要退货", "上海", "mini_game", "followed the account"):
        assert words in page, words
    for words in ("own client", "ZhangSan", "退货&lt;步骤&gt;", "三步"):
        assert words in page, words
    assert 'href="https://shop.example/r?a=1&amp;b=2"' in page
    assert "secret-ref" not in page


async def test_a_reply_that_waits_for_the_customer_says_so(desk_console: Console):
    conversation = await desk_console.talk(inbox="old_weibo")
    first = await add(desk_console, conversation, Author.AGENT, Text(text="您好"))
    browser, base = await desk_console.enter("li"), f"/inbox/{conversation.id}"
    words = "Goes out with the customer"
    for address in (base, f"{base}/messages?before=99", f"{base}/messages?open={first.id}"):
        assert words in (await browser.get(address, headers=PARTIAL)).text
    another = await desk_console.talk(name="李雷")
    await add(desk_console, another, Author.AGENT, Text(text="您好"))
    assert words not in (await browser.get(f"/inbox/{another.id}")).text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (DeliveryStatus.PENDING, "On its way"),
        (DeliveryStatus.SENT, "Sent"),
        (DeliveryStatus.FAILED, "the window is closed"),
        (DeliveryStatus.UNCERTAIN, "Perhaps sent"),
    ],
)
async def test_each_answer_shows_how_it_left(desk_console: Console, status, words):
    conversation = await desk_console.talk()
    message = await add(desk_console, conversation, Author.BOT, Text(text="三天"))

    def settle(session):
        found = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
        found.status, found.problem = status, "the window is closed"
        session.add(found)

    await desk_console.db.write(settle)
    browser = await desk_console.enter("li")
    assert words in (await browser.get(f"/inbox/{conversation.id}")).text
    pulled = f"/inbox/{conversation.id}/messages?after=99&open={message.id}"
    assert f'data-state="{status.value}"' in (await browser.get(pulled, headers=PARTIAL)).text


async def test_a_long_thread_shows_its_end_and_the_rest_on_demand(desk_console: Console):
    conversation = await desk_console.talk(text="number 0")
    for number in range(1, 120):
        await say(desk_console, conversation, f"number {number}")
    browser = await desk_console.enter("li")
    shown: list[str] = []
    path = f"/inbox/{conversation.id}"
    while path:
        page = (await browser.get(path, headers=PARTIAL)).text
        shown = re.findall(r">(number \d+)<", page.split('id="panel"')[0]) + shown
        assert len(re.findall("<article", page)) <= bubbles.LAST
        more = re.search(r'hx-get="(/inbox/[^"]+before=\d+)"', page)
        path = more[1] if more else ""
    assert shown == [f"number {number}" for number in range(120)]


async def test_pulling_by_cursor_misses_nothing_and_repeats_nothing(desk_console: Console):
    conversation = await desk_console.talk(text="number 0")
    browser = await desk_console.enter("li")
    position, fact, seen = 0, 0, []
    for number in range(1, 12):
        await say(desk_console, conversation, f"number {number}")
        if number % 3 == 0:
            query = f"after={position}&fact={fact}"
            page = (await browser.get(f"/inbox/{conversation.id}/messages?{query}")).text
            position = int(re.search(r'data-position="(\d+)" data-fact', page)[1])
            fact = int(re.search(r'data-fact="(\d+)"', page)[1])
            seen += re.findall(r">(number \d+)<", page)
    assert seen == [f"number {number}" for number in range(10)]


async def test_events_stand_between_the_messages_where_they_happened(desk_console: Console):
    conversation = await desk_console.talk(text="first")
    desk_console.time.go_on(timedelta(minutes=1))

    def hand_off(session):
        activity.log(
            session,
            Fact.CONVERSATION_HANDED_OFF,
            desk_console.time.now,
            conversation_id=conversation.id,
            data={"reason": "asked"},
        )

    await desk_console.db.write(hand_off)
    desk_console.time.go_on(timedelta(days=1))
    await say(desk_console, conversation, "second")
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    thread = page.split('id="bubbles"')[1]
    assert thread.index("first") < thread.index("asked for a person") < thread.index("second")
    assert thread.count('class="day"') == 2


async def test_taking_over_lets_one_answer_and_the_composer_opens(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    page = (await browser.get(f"/inbox/{conversation.id}")).text
    assert 'data-lock="queue"' in page
    taken = await browser.post(f"/inbox/{conversation.id}/take", headers=PARTIAL)
    assert taken.status_code == 200
    assert 'data-lock=""' in taken.text
    assert "<html" not in taken.text
    answer = await browser.post(f"/inbox/{conversation.id}/reply", data={"text": "您好"})
    assert answer.status_code == 303
    assert (await stored(desk_console, conversation)).preview == "您好"


async def test_of_two_who_take_one_is_told_who_was_quicker(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    li, zhao = await desk_console.enter("li"), await desk_console.enter("zhao")
    await zhao.post(f"/inbox/{conversation.id}/take")
    late = await li.post(f"/inbox/{conversation.id}/take", headers=PARTIAL)
    assert late.status_code == 409
    assert "赵敏 has taken this conversation." in late.text
    forced = await li.post(f"/inbox/{conversation.id}/take", data={"force": "true"})
    assert forced.status_code == 409
    boss = await desk_console.enter("boss")
    await boss.post(f"/inbox/{conversation.id}/take", data={"force": "true"})
    assert (await stored(desk_console, conversation)).assignee_id == desk_console.agents["boss"].id


@pytest.mark.parametrize("headers", [{}, PARTIAL])
async def test_a_reply_that_is_refused_keeps_the_text_and_says_why(desk_console, headers):
    conversation = await desk_console.talk()
    browser = await desk_console.enter("li")
    answer = await browser.post(
        f"/inbox/{conversation.id}/reply", data={"text": "长长的一段话"}, headers=headers
    )
    assert answer.status_code == 409
    assert "Take the conversation over before you answer." in answer.text
    assert ("长长的一段话" in answer.text) is not bool(headers)


async def test_an_empty_or_endless_reply_is_refused(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    await browser.post(f"/inbox/{conversation.id}/take")
    for text in ("   ", "x" * 5001):
        answer = await browser.post(
            f"/inbox/{conversation.id}/reply", data={"text": text}, headers=PARTIAL
        )
        assert answer.status_code == 422
        assert "between 1 and 5000" in answer.text


async def test_the_same_send_twice_is_one_message(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    await browser.post(f"/inbox/{conversation.id}/take")
    for _ in range(3):
        sent = await browser.post(
            f"/inbox/{conversation.id}/reply",
            data={"text": "您好", "echo_id": "e1"},
            headers=PARTIAL,
        )
        assert sent.status_code == 204
    page = (await browser.get(f"/inbox/{conversation.id}")).text
    assert page.count('data-echo="e1"') == 1


async def test_a_note_goes_nowhere_and_needs_no_taking_over(desk_console: Console):
    conversation = await desk_console.talk()
    browser = await desk_console.enter("li")
    answer = await browser.post(f"/inbox/{conversation.id}/note", data={"text": "内部消息"})
    assert answer.status_code == 303
    deliveries = await desk_console.db.read(lambda session: list(session.exec(select(Delivery))))
    assert deliveries == []
    assert "内部消息" in (await browser.get(f"/inbox/{conversation.id}")).text
    assert "内部消息" not in (await browser.get("/inbox?view=all")).text


async def test_resolving_and_handing_back_change_the_owner(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    browser = await desk_console.enter("li")
    await browser.post(f"/inbox/{conversation.id}/take")
    await browser.post(f"/inbox/{conversation.id}/hand-back")
    assert (await stored(desk_console, conversation)).owner is Owner.BOT
    await browser.post(f"/inbox/{conversation.id}/resolve")
    assert (await stored(desk_console, conversation)).status is Status.RESOLVED
    page = (await browser.get(f"/inbox/{conversation.id}")).text
    assert 'data-lock="closed"' in page
    again = await browser.post(f"/inbox/{conversation.id}/take", headers=PARTIAL)
    assert again.status_code == 409


async def test_the_panel_suggests_answers_and_tells_the_customers_story(desk_console: Console):
    first = await desk_console.talk(text="上次的问题", status=Status.RESOLVED)
    desk_console.time.go_on(timedelta(days=3))
    second = await desk_console.talk(text="退款多久")
    page = (await (await desk_console.enter("li")).get(f"/inbox/{second.id}")).text
    panel = page.split('id="panel"')[1]
    assert "退款多久到账？" in panel
    assert 'data-insert="审核通过后 1–3 个工作日原路退回。"' in panel
    assert f"/inbox/{first.id}" in panel
    assert "上次的问题" in panel
    assert "微信公众号" in panel


async def test_an_edit_shows_what_was_said_before_and_a_recall_what_it_took_back(
    desk_console: Console,
):
    conversation = await desk_console.talk(text="<b>红色</b>")
    await add(desk_console, conversation, Author.CONTACT, Text(text="蓝色"), replaces=1)
    await add(desk_console, conversation, Author.CONTACT, Text(text="绿色"), replaces=1)
    await add(desk_console, conversation, Author.CONTACT, Text(text="?"), replaces=99)
    recalled = ContactEvent(event="recalled", context="1700.1")
    await add(desk_console, conversation, Author.CONTACT, recalled, replaces=1)
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    shown = [bubble for bubble in page.split("<article")[1:] if "before" in bubble]
    assert ["&lt;b&gt;红色&lt;/b&gt;" in bubble for bubble in shown] == [True, False, False]
    assert ["蓝色" in bubble for bubble in shown] == [True, True, False]
    assert "took a message back · “绿色”" in page
    assert "1700.1" not in page


async def test_the_panel_says_where_a_customer_came_from(desk_console: Console):
    conversation = await desk_console.talk(context="order_<8812>")
    client = await desk_console.enter("li")
    assert "order_&lt;8812&gt;" in (await client.get(f"/inbox/{conversation.id}")).text


POST = {"text": "新品上市 <b>", "author": "云杉生活", "url": "https://m.weibo.cn/status/1"}


async def in_public(desk_console: Console, name: str = "小林", **more):
    """A public thread of somebody, taken by Li."""
    conversation = await desk_console.talk(
        name, "shop_weibo", "发货了吗", visibility=Visibility.PUBLIC, **more
    )
    li, now = desk_console.agents["li"], desk_console.time.now
    await desk_console.db.write(desk.take, conversation.id, li, now)
    return conversation


async def in_private(desk_console: Console, public):
    """The private thread of the person of a public one."""

    def write(session, now):
        contact = session.get_one(Contact, public.contact_id)
        address = Address(inbox="shop_weibo", thread="dm", contact=public.platform_contact)
        private = conversations.open_for(session, address, contact, "zh", now)
        conversations.append(session, private, Author.CONTACT, (Text(text="私下说"),), now)
        return private

    return await desk_console.db.write(write, desk_console.time.now)


async def test_a_public_thread_is_marked_and_shows_its_post(desk_console: Console):
    conversation = await in_public(desk_console, about=POST)
    browser = await desk_console.enter("li")
    page = (await browser.get(f"/inbox/{conversation.id}")).text
    assert "Everybody can read this." in page
    assert "Under a post of 云杉生活:" in page
    assert "新品上市 &lt;b&gt;" in page
    assert 'href="https://m.weibo.cn/status/1"' in page
    assert "Reply in public" in page
    assert "Send in public" in page
    assert "Reply in private" not in page
    assert 'class="owner public"' in (await browser.get("/inbox?view=mine")).text
    private = await in_private(desk_console, conversation)
    assert "Reply in private" in (await browser.get(f"/inbox/{conversation.id}")).text
    page = (await browser.get(f"/inbox/{private.id}")).text
    assert "Everybody can read this." not in page
    assert "At the same time" in page
    assert f'href="/inbox/{conversation.id}"' in page


@pytest.mark.parametrize("headers", [PARTIAL, {}])
async def test_personal_data_is_refused_in_public_with_what_it_is(desk_console, headers):
    conversation = await in_public(desk_console)
    browser = await desk_console.enter("li")
    answer = await browser.post(
        f"/inbox/{conversation.id}/reply",
        data={"text": "请打 13812345678 或写信 li@example.com"},
        headers=headers,
    )
    assert answer.status_code == 409
    assert "a phone number, an e-mail address" in answer.text
    assert ("13812345678" in answer.text) == (not headers)  # the draft is kept without JavaScript
    assert (await stored(desk_console, conversation)).last_position == 1


async def test_an_answer_in_private_is_told_of_in_public(desk_console: Console):
    conversation = await in_public(desk_console)
    browser = await desk_console.enter("li")
    there = f"/inbox/{conversation.id}/private"
    refused = await browser.post(there, data={"text": "hi"}, headers=PARTIAL)
    assert refused.status_code == 409
    assert "cannot be written to in private" in refused.text
    private = await in_private(desk_console, conversation)
    answer = await browser.post(there, data={"text": "13812345678"}, headers=PARTIAL)
    assert answer.status_code == 204
    here = (await browser.get(f"/inbox/{conversation.id}")).text
    assert "已私信您" in here
    assert "13812345678" not in here.split('id="panel"')[0]
    assert "13812345678" in (await browser.get(f"/inbox/{private.id}")).text
