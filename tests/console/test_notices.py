"""What can still be sent when the platform lets us answer no more, and by whom."""

from datetime import timedelta

from sqlmodel import select

from channels.message import Notice
from storage.models import Delivery, Owner
from tests.console.world import Console

LABEL = "您的问题有了答复"


async def taken(console: Console, inbox: str = "shop_wechat", **changes):
    li = console.agents["li"]
    return await console.talk(inbox=inbox, owner=Owner.AGENT, assignee_id=li.id, **changes)


def parts_sent(session):
    return [row.parts for row in session.exec(select(Delivery).order_by(Delivery.sequence))]


async def test_a_notice_is_offered_where_nothing_else_can_be_sent(desk_console: Console):
    before = desk_console.time.now - timedelta(minutes=1)
    late = await taken(desk_console, reply_until=before)
    browser = await desk_console.enter("li")
    assert f">{LABEL}</button>" in (await browser.get(f"/inbox/{late.id}")).text
    answer = await browser.post(f"/inbox/{late.id}/notify", data={"notice": "answered"})
    assert answer.status_code == 303
    assert await desk_console.db.read(parts_sent) == [(Notice(name="answered", label=LABEL),)]
    assert LABEL in (await browser.get(f"/inbox/{late.id}")).text


async def test_a_notice_is_not_offered_where_one_can_answer(desk_console: Console):
    soon = desk_console.time.now + timedelta(hours=1)
    talk = await taken(desk_console, reply_until=soon)
    browser = await desk_console.enter("li")
    assert LABEL not in (await browser.get(f"/inbox/{talk.id}")).text
    answer = await browser.post(f"/inbox/{talk.id}/notify", data={"notice": "answered"})
    assert answer.status_code == 409
    assert "The customer can be answered" in answer.text
    assert await desk_console.db.read(parts_sent) == []


async def test_a_notice_that_the_inbox_does_not_know_is_not_found(desk_console: Console):
    before = desk_console.time.now - timedelta(minutes=1)
    late = await taken(desk_console, reply_until=before)
    other = await taken(desk_console, "shop_weibo", name="李雷", reply_until=before)
    browser = await desk_console.enter("li")
    for conversation, name in ((late, "another"), (other, "answered")):
        answer = await browser.post(f"/inbox/{conversation.id}/notify", data={"notice": name})
        assert answer.status_code == 404
    assert LABEL not in (await browser.get(f"/inbox/{other.id}")).text
