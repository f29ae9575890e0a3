"""The customers' chat in Chromium: on another site, half-typed words, lost lines, taps."""

import asyncio

import pytest
from playwright.async_api import expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from channels.testing.server import serve
from tests.e2e.browser import PHONE, chromium
from tests.e2e.conftest import Product
from tests.postgres import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
CHAT = "/chat/shop_webchat"


def shop(html: str) -> Starlette:
    """The site of somebody else, with one page."""
    page = f'<link rel="icon" href="data:,"><h1>Shop</h1>{html}'
    return Starlette(routes=[Route("/", lambda _request: HTMLResponse(page))])


async def test_the_widget_opens_on_another_site_and_knows_its_visitor_again(product: Product):
    html = f'<script src="{product.url}/widget.js" data-inbox="shop_webchat"></script>'
    async with serve(shop(html)) as site, chromium(product.url) as watched:
        page = await watched.window()
        await page.goto(site)
        assert await page.locator("iframe").count() == 0
        await page.get_by_role("button").click()
        chat = page.frame_locator("iframe")
        await chat.locator("#text").fill("退款多久到账")
        await chat.locator("#text").press("Enter")
        await expect(chat.locator(".row.bot").first).to_contain_text("退款")
        token = await page.evaluate("localStorage.getItem('yingda.visitor.shop_webchat')")
        assert token
        await chat.locator("#close").click()
        await expect(page.locator("iframe")).to_be_hidden()
        await page.reload()
        await page.get_by_role("button").click()
        await expect(page.frame_locator("iframe").locator(".row.contact")).to_have_count(1)
        assert not [line for line in watched.wrong if not line.startswith("foreign request")]


async def test_escape_closes_the_chat_and_leads_back_to_the_site(product: Product):
    html = f'<script src="{product.url}/widget.js" data-inbox="shop_webchat"></script>'
    async with serve(shop(html)) as site, chromium(product.url) as watched:
        page = await watched.window()
        await page.goto(site)
        await page.get_by_role("button").click()
        field = page.frame_locator("iframe").locator("#text")
        await field.fill("half a quest")
        session = await page.context.new_cdp_session(page)
        composing = {"text": "退", "selectionStart": 1, "selectionEnd": 1}
        await session.send("Input.imeSetComposition", composing)
        escape = {"key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 229}
        await session.send("Input.dispatchKeyEvent", {"type": "keyDown", **escape})
        await expect(page.locator("iframe")).to_be_visible()
        await session.send("Input.imeSetComposition", composing | {"text": ""})
        await field.press("Escape")
        await expect(page.locator("iframe")).to_be_hidden()
        await expect(page.get_by_role("button")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(field).to_have_value("half a quest")


async def test_a_card_is_a_box_to_tap(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await page.goto(f"{product.url}{CHAT}")
        await page.locator("#text").fill("可以开增值税专用发票吗")
        await page.locator("#text").press("Enter")
        card = page.locator(".row.bot a.shown-card")
        await expect(card).to_contain_text("怎么申请专票三步图解")
        assert await card.get_attribute("href") == "https://example.com/help/invoice"
        assert await card.get_attribute("target") == "_blank"
        assert not watched.wrong


async def test_words_wait_for_a_chat_whose_script_comes_late(product: Product):
    html = f'<iframe src="{product.url}{CHAT}"></iframe>'
    async with serve(shop(html)) as site, chromium(product.url) as watched:
        page = await watched.window()
        held = asyncio.Event()

        async def late(route):
            await held.wait()
            await route.continue_()

        await page.route("**/chat/wire.js*", late)
        await page.goto(site, wait_until="commit")
        chat = page.frame_locator("iframe")
        await expect(chat.locator("#text")).not_to_be_editable()
        await expect(chat.locator(".send")).to_be_disabled()
        held.set()
        await chat.locator("#text").fill("退款多久到账")
        await chat.locator("#text").press("Enter")
        await expect(chat.locator(".row.bot").first).to_contain_text("退款")


async def test_a_site_that_is_not_named_never_gets_the_visitors_token(product: Product):
    html = f'<iframe src="{product.url}{CHAT}"></iframe>'
    async with serve(shop(html)) as site, chromium(product.url) as watched:
        page = await watched.window()
        await page.add_init_script(
            "window.heard = []; addEventListener('message', e => heard.push(e.data))"
        )
        await page.goto(site)
        chat = page.frame_locator("iframe")
        await chat.locator("#text").fill("退款多久到账")
        await chat.locator("#text").press("Enter")
        await expect(chat.locator(".row.bot").first).to_contain_text("退款")
        assert await page.evaluate("heard") == [{"yingda": "hello"}]


async def test_enter_inside_an_input_method_sends_nothing(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await page.goto(product.url + CHAT)
        keys = await page.context.new_cdp_session(page)
        await page.focus("#text")
        await keys.send(
            "Input.imeSetComposition", {"text": "tui", "selectionStart": 3, "selectionEnd": 3}
        )
        await page.keyboard.press("Enter")
        await keys.send("Input.insertText", {"text": "退款多久到账"})
        await expect(page.locator(".row.contact")).to_have_count(0)
        assert watched.wrong == []


async def test_a_message_that_did_not_leave_says_so_and_leaves_once(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await page.goto(product.url + CHAT)
        await page.route("**/messages", lambda route: route.abort())
        await page.fill("#text", "退款多久到账")
        await page.press("#text", "Enter")
        await expect(page.locator(".row.failed")).to_have_count(1)
        await page.unroute("**/messages")
        await page.click(".again")
        await expect(page.locator(".row.bot").first).to_contain_text("退款")
        await expect(page.locator(".row.failed, .row.pending")).to_have_count(0)
        await expect(page.locator(".row.contact")).to_have_count(1)


async def test_a_choice_is_taken_by_a_tap_or_by_its_number(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport={"width": 320, "height": 600})
        await page.goto(product.url + CHAT)
        for taps in (True, False):
            await page.fill("#text", "退款多久到账")
            await page.press("#text", "Enter")
            choice = page.locator(".choice:enabled").first
            await expect(choice).to_be_visible()
            value, label = await choice.get_attribute("data-value"), await choice.inner_text()
            async with page.expect_request(lambda r: r.url.endswith("/messages")) as saying:
                if taps:
                    await choice.click()
                else:
                    await page.fill("#text", "1")
                    await page.press("#text", "Enter")
            sent = (await saying.value).post_data_json
            assert sent["select"] == value
            if taps:
                assert label.endswith(sent["text"])
                await expect(page.locator(".choice:enabled")).to_have_count(0)
                await expect(page.locator(".row").last).to_have_class("row bot")
            else:
                assert sent["text"] == "1"
                await expect(page.locator(".row.contact")).to_have_count(4)
        assert await page.evaluate("document.documentElement.scrollWidth") == 320
        assert watched.wrong == []
