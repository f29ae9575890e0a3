"""Messages that did not arrive: seen in the thread and in the settings, and decided about once."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import Text
from handlers.desk import conversations as desk
from storage import conversations
from storage.models import Author, Delivery, DeliveryStatus
from tests.console.world import Console


async def undelivered(
    console: Console, status: DeliveryStatus, problem: str | None = None, name: str = "王小明"
):
    """Return a conversation whose last words stand so."""
    conversation = await console.talk(name)

    def write(session):
        found = conversations.get(session, conversation.id)
        words = (Text(text="三天内退款"),)
        message = conversations.append(session, found, Author.BOT, words, console.time.now)
        delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
        delivery.status, delivery.problem = status, problem
        session.add(delivery)
        return delivery

    return conversation, await console.db.write(write)


async def standing(console: Console) -> list[tuple[str, bool]]:
    def read(session):
        found = session.exec(select(Delivery).order_by(Delivery.sequence))
        return [(one.status.value, one.superseded) for one in found]

    return await console.db.read(read)


async def test_the_thread_offers_both_decisions_for_a_message_in_doubt(desk_console: Console):
    conversation, delivery = await undelivered(desk_console, DeliveryStatus.UNCERTAIN)
    browser, base = await desk_console.enter("li"), f"/inbox/{conversation.id}"
    page = (await browser.get(base)).text
    actions = re.findall(r'action="(/inbox/[^"]+/deliveries/[^"]+)"', page)
    assert [url.rpartition("/")[2] for url in actions] == ["arrived", "again"]
    answer = await browser.post(f"{base}/deliveries/{delivery.id}/arrived")
    assert answer.status_code == 303
    assert await standing(desk_console) == [("sent", False)]
    page = (await browser.get(base)).text
    assert "/deliveries/" not in page


async def test_a_failed_message_says_why_and_can_be_sent_again(desk_console: Console):
    conversation, delivery = await undelivered(desk_console, DeliveryStatus.FAILED, "window_closed")
    browser, base = await desk_console.enter("li"), f"/inbox/{conversation.id}"
    assert "once the customer writes again" in (await browser.get(base)).text
    await browser.post(f"{base}/deliveries/{delivery.id}/again")
    assert await standing(desk_console) == [("failed", True), ("pending", False)]
    assert "Not sent" not in (await browser.get(base)).text
    second = await browser.post(f"{base}/deliveries/{delivery.id}/again")
    assert second.status_code == 409
    assert len(await standing(desk_console)) == 2


async def test_only_who_works_at_the_desk_decides_and_only_there(desk_console: Console):
    conversation, delivery = await undelivered(desk_console, DeliveryStatus.FAILED)
    other, _ = await undelivered(desk_console, DeliveryStatus.FAILED, name="陈晓雨")
    url = f"/inbox/{conversation.id}/deliveries/{delivery.id}"
    assert (await (await desk_console.enter("editor")).post(f"{url}/again")).status_code == 403
    browser = await desk_console.enter("li")
    assert (await browser.post(f"{url}/forget")).status_code == 404
    browser.headers["x-csrf-token"] = "stolen"
    assert (await browser.post(f"{url}/again")).status_code == 403
    browser = await desk_console.enter("li")
    elsewhere = f"/inbox/{other.id}/deliveries/{delivery.id}/again"
    assert (await browser.post(elsewhere)).status_code == 404
    assert await standing(desk_console) == [("failed", False), ("failed", False)]


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        ("arrived", [("sent", False)]),
        ("again", [("uncertain", True), ("pending", False)]),
    ],
)
async def test_the_settings_list_what_did_not_arrive(desk_console: Console, decision, after):
    conversation, delivery = await undelivered(desk_console, DeliveryStatus.UNCERTAIN)
    browser = await desk_console.enter("admin")
    page = (await browser.get("/settings/channels")).text
    assert "三天内退款" in page
    assert f'href="/inbox/{conversation.id}"' in page
    answer = await browser.post(f"/settings/deliveries/{delivery.id}/{decision}")
    assert f"told={decision}" in answer.headers["location"]
    assert await standing(desk_console) == after
    again = await browser.post(f"/settings/deliveries/{delivery.id}/{decision}")
    assert "told=decided" in again.headers["location"]
    assert await standing(desk_console) == after
    assert "三天内退款" not in (await browser.get("/settings/channels")).text
    agent = await desk_console.enter("li")
    assert (await agent.post(f"/settings/deliveries/{delivery.id}/again")).status_code == 403


@pytest.mark.parametrize(
    ("until", "left", "shown", "locked"),
    [
        (31.5, 3, "3 left · 31 h", False),
        (0.5, 3, "3 left · 30 min", False),
        (31, None, "31 h", False),
        (31, 0, "no answer until the customer writes", True),
        (-1, 5, "no answer until the customer writes", True),
    ],
)
async def test_the_desk_shows_what_the_platform_still_allows(
    desk_console: Console, until, left, shown, locked
):
    end = desk_console.time.now + timedelta(hours=until)
    conversation = await desk_console.talk(reply_until=end, replies_left=left)
    li, now = desk_console.agents["li"], desk_console.time.now
    await desk_console.db.write(desk.take, conversation.id, li, now)
    browser, base = await desk_console.enter("li"), f"/inbox/{conversation.id}"
    page = (await browser.get(base)).text
    head = re.sub(r"<[^>]+>", "", page.split('class="allowed')[1].split("</p>")[0])
    assert shown in head
    assert ('data-lock="over"' in page) is locked
    answer = await browser.post(f"{base}/reply", data={"text": "hi"})
    assert answer.status_code == (409 if locked else 303)
    said = await desk_console.db.read(conversations.history, conversation.id)
    assert len(said) == (1 if locked else 2)


async def test_where_the_platform_has_no_rule_nothing_is_shown(desk_console: Console):
    conversation = await desk_console.talk()
    page = (await (await desk_console.enter("li")).get(f"/inbox/{conversation.id}")).text
    assert 'class="allowed' not in page
