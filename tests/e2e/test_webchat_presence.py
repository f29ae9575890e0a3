"""The chat on somebody else's page and the desk, side by side: who is signed in, who types, who has
read, which one in line; and nothing lost while the line is away, or where storage is shut."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect
from sqlmodel import select

from channels.message import Text
from channels.testing.server import serve
from channels.webchat import identity
from storage import conversations, overview
from storage.models import Author, Conversation
from tests.e2e.browser import PHONE, chromium
from tests.e2e.conftest import Product
from tests.e2e.test_browser import logs_in
from tests.e2e.test_webchat_browser import CHAT, shop
from tests.postgres import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"]) if (window !== top)
  Object.defineProperty(window, name, { get() { throw new DOMException("", "SecurityError"); } });
"""


def widget(product: Product, more: str = "") -> str:
    return f'<script src="{product.url}/widget.js" data-inbox="shop_webchat" {more}></script>'


def lily(product: Product, user: str = "user-42") -> str:
    secret = product.simulators["webchat"].settings["identity_secret"]
    return identity.sign(
        {"sub": user, "exp": datetime.now(UTC).timestamp() + 600, "name": "李莉"}, secret
    )


def own(watched) -> list[str]:
    return [line for line in watched.wrong if not line.startswith("foreign request")]


async def opened(page, site):
    await page.goto(site)
    await page.get_by_role("button").click()
    return page.frame_locator("iframe")


async def says(chat, text):
    await chat.locator("#text").fill(text)
    await chat.locator("#text").press("Enter")


async def answering(watched, product, words):
    """Open the desk as Ann and take the conversation that waits."""
    desk = await watched.window()
    await logs_in(desk, product, "ann")
    await desk.goto(f"{product.url}/inbox?view=queue")
    await desk.locator("#rows .line", has_text=words).locator("a").click()
    await desk.locator("#thread-head [aria-keyshortcuts='t']").click()
    await expect(desk.locator("#composer")).to_have_attribute("data-lock", "")
    return desk


async def test_customer_and_agent_see_of_each_other_that_they_type_and_have_read(product: Product):
    signed = widget(product, f'data-identity="{lily(product)}"')
    async with (
        serve(shop(signed)) as site,
        serve(shop(widget(product))) as other,
        chromium(product.url) as watched,
    ):
        first = await opened(await watched.window(), site)
        await says(first, "转人工")
        await expect(first.locator("#standing")).to_have_text("下一位就是您")
        second = await opened(await watched.window(viewport=PHONE, locale="en-US"), other)
        await says(second, "agent")
        await expect(second.locator("#standing")).to_have_text("You are 2nd in line")
        desk = await answering(watched, product, "李莉")
        await expect(second.locator("#standing")).to_have_text("You are next in line")
        await expect(first.locator("#subtitle")).to_have_text("Ann正在为您服务")
        await expect(first.locator("#standing")).to_be_hidden()
        await expect(first.locator(".state.seen")).to_have_text("已读")
        await expect(desk.locator("#panel")).to_contain_text("user-42")

        await desk.locator("#text").press_sequentially("您好")
        await expect(first.locator(".row.agent.typing")).to_be_visible()
        await desk.locator("#send").click()
        await expect(first.locator(".row.agent:not(.typing)")).to_contain_text("您好")
        await expect(first.locator(".row.typing")).to_have_count(0)
        await expect(desk.locator(".bubble.agent .delivery:not([data-unseen])")).to_be_visible()
        await first.locator("#text").press_sequentially("订单")
        await expect(desk.locator("#typing")).to_be_visible()
        await first.locator("#text").press("Enter")
        await expect(desk.locator("#typing")).to_be_hidden()
        assert own(watched) == []


async def test_what_the_customer_has_not_before_their_eyes_is_not_read(product: Product):
    async with serve(shop(widget(product))) as site, chromium(product.url) as watched:
        page = await watched.window()
        chat = await opened(page, site)
        await says(chat, "转人工")
        await expect(chat.locator("#standing")).to_be_visible()
        desk = await answering(watched, product, "转人工")
        await chat.locator("#close").click()
        await desk.locator("#text").fill("还在吗")
        await desk.locator("#send").click()
        await expect(page.locator("button b")).to_have_text("1")
        mark = desk.locator(".bubble.agent .delivery")
        await expect(mark).to_have_attribute("data-state", "sent")
        await expect(mark).to_have_attribute("data-unseen", "3")
        await page.get_by_role("button").click()
        await expect(desk.locator(".bubble.agent .delivery:not([data-unseen])")).to_be_visible()
        assert own(watched) == []


async def test_somebody_signed_in_has_one_thread_and_leaves_nothing_when_logged_out(
    product: Product,
):
    signed = widget(product, f'data-identity="{lily(product)}"')
    async with serve(shop(signed)) as site, chromium(product.url) as watched:
        phone, desktop = await watched.window(viewport=PHONE), await watched.window()
        await says(await opened(phone, site), "退款多久到账")
        chat = await opened(desktop, site)
        await expect(chat.locator(".row.contact .bubble")).to_have_text(["退款多久到账"])
        assert await desktop.evaluate("localStorage.length") == 0
        await desktop.evaluate("YingdaChat.identify(null)")
        await expect(chat.locator("#text")).to_be_editable()
        await expect(chat.locator("#log")).not_to_have_attribute("aria-busy", "true")
        await expect(chat.locator(".row")).to_have_count(0)
        await desktop.evaluate("proof => YingdaChat.identify(() => proof)", lily(product))
        await expect(chat.locator(".row.contact")).to_have_count(1)
        assert own(watched) == []


async def test_an_identity_that_is_not_believed_makes_an_unsigned_visitor(product: Product):
    signed = widget(product, f'data-identity="{lily(product)}x"')
    async with serve(shop(signed)) as site, chromium(product.url) as watched:
        page = await watched.window()
        chat = await opened(page, site)
        await says(chat, "退款多久到账")
        await expect(chat.locator(".row.bot:not(.typing)").first).to_contain_text("退款")
        assert await page.evaluate("localStorage.getItem('yingda.visitor.shop_webchat')")
        assert any("not believed" in line for line in own(watched))


async def test_the_chat_needs_no_storage_of_a_third_party(product: Product):
    async with serve(shop(widget(product))) as site, chromium(product.url) as watched:
        page = await watched.window()
        await page.add_init_script(NO_STORAGE)
        await says(await opened(page, site), "退款多久到账")
        chat = page.frame_locator("iframe")
        await expect(chat.locator(".row.bot:not(.typing)").first).to_contain_text("退款")
        await page.reload()
        await page.get_by_role("button").click()
        await expect(chat.locator(".row.contact")).to_have_count(1)
        assert await page.context.cookies() == []
        assert own(watched) == []


def _agent_says(session, text, now):
    (talk,) = session.exec(select(Conversation)).all()
    conversations.append(session, talk, Author.AGENT, (Text(text=text),), now)


async def test_nothing_is_missed_or_doubled_while_the_line_was_away(product: Product):
    service = product.service
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await page.goto(product.url + CHAT)
        await says(page, "转人工")
        await expect(page.locator("#standing")).to_be_visible()
        rows = page.locator(".row:not(.typing)")
        await expect(page.locator(".row.bot:not(.typing)").last).to_contain_text("人工")
        before = await rows.count()
        await page.context.set_offline(True)
        await expect(page.locator("#connection")).to_be_visible()
        for number in range(30):
            await service.db.write(_agent_says, f"missed {number}", service.clock())
        for number in range(3):
            await says(page, f"offline {number}")
        await expect(page.locator(".row.pending .state").last).to_have_text("恢复联网后自动发出")
        await page.context.set_offline(False)
        await expect(rows).to_have_count(before + 33)
        await expect(page.locator(".row.pending, .row.failed")).to_have_count(0)
        await expect(page.locator("#connection")).to_be_hidden()
        texts = await page.locator(".row .bubble").all_inner_texts()
        assert [text for text in texts if text.startswith("missed")] == [
            f"missed {number}" for number in range(30)
        ]
        thread = await service.db.read(_spoken)
        assert [text for text in thread if text.startswith("offline")] == [
            f"offline {number}" for number in range(3)
        ]
        async with asyncio.timeout(60):
            await service.db.write(_agent_says, "and live again", service.clock())
            await expect(page.locator(".row.agent").last).to_contain_text("and live again")


async def test_a_line_that_died_in_the_sleep_is_made_anew(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        opened_lines: list[str] = []
        page.on("request", lambda r: opened_lines.append(r.url) if "/stream?" in r.url else None)
        await page.clock.install()
        await page.goto(product.url + CHAT)
        await says(page, "转人工")
        await expect(page.locator("#standing")).to_be_visible()
        assert len(opened_lines) == 1
        # An hour passes and no timer runs, as it is with a closed lid.
        await page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=1))
        await page.evaluate("dispatchEvent(new Event('pageshow'))")
        # The page's clock stands still between these; within 3 s nobody looks by themselves.
        for _ in range(150):
            if len(opened_lines) > 1:
                break
            await page.clock.run_for(20)
        assert len(opened_lines) == 2
        assert watched.wrong == []


def _spoken(session):
    return [
        part.text
        for message in overview.spoken(session, "shop_webchat")
        for part in message.parts
        if part.kind == "text"
    ]
