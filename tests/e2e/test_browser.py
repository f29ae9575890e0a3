"""The desk and the customers' pages in Chromium; `YINGDA_PICTURES=docs/pictures` keeps pictures."""

import asyncio
import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.browser import PHONE, answered, chromium
from tests.e2e.conftest import PASSWORD, Product
from tests.e2e.scene import Shop
from tests.postgres import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
WIDER = """Math.max(...[document.documentElement, document.getElementById('main')]
    .map((box) => box.scrollWidth - box.clientWidth))"""
"""By how many pixels a page is wider than its window, or its content than its place."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("YINGDA_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def logs_in(page: Page, product: Product | Shop, name: str) -> None:
    """Give a window the session of somebody who is logged in."""
    session = product.people[name].client.cookies["yingda"]
    cookie = {"name": "yingda", "value": session, "url": product.url}
    await page.context.add_cookies([cookie])


async def logs_in_by_hand(page: Page, product: Product, name: str) -> None:
    await page.goto(f"{product.url}/inbox")
    await page.fill("input[name=name]", name)
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url("**/inbox")


async def test_an_agent_takes_over_answers_notes_and_resolves(product: Product, pictures: Path):
    lily, tom = product.customer("telegram", "lily"), product.customer("wechat", "tom")
    mia = product.customer("weibo", "mia")
    await tom.says("退款多久到账")
    await tom.hears("退款")
    await mia.says("我要投诉")
    await mia.hears("发生")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in_by_hand(page, product, "ann")
        await expect(page.locator("#rows .line")).to_have_count(0)
        await lily.says("如何申请退货")
        await lily.hears("退货")
        await lily.says("<img src=x onerror=alert(1)> 转人工")
        await lily.hears("人工")
        row = page.locator("#rows .line").first
        await expect(row).to_be_visible()
        await row.click()
        await expect(page.locator("#thread")).to_contain_text("<img src=x onerror=alert(1)>")
        assert await page.locator("#thread img[src=x]").count() == 0
        await page.keyboard.press("t")
        await expect(page.locator("#composer")).to_have_attribute("data-lock", "")
        await page.fill("#text", "您好 Lily，我是安，马上为您查退货进度。")
        await page.press("#text", "Control+Enter")
        assert "马上为您查" in (await lily.hears("我是安")).text
        await expect(page.locator("#thread")).to_contain_text("马上为您查")
        await expect(page.locator("#text")).to_have_value("")
        await lily.says("好的，订单号是 20261120-88，谢谢！")
        await expect(page.locator("#thread")).to_contain_text("20261120-88")
        await page.click("#composer .mode[data-mode=note]")
        await page.fill("#text", "VIP 客户，上周也退过一次，注意语气。")
        await page.click("#send")
        await expect(page.locator("#thread")).to_contain_text("上周也退过一次")
        await page.screenshot(path=pictures / "desk.png", caret="initial")
        await page.emulate_media(color_scheme="dark")
        await page.screenshot(path=pictures / "desk-dark.png", caret="initial")
        await page.emulate_media(color_scheme="light")
        await page.locator("#thread").get_by_role("button", name="解决").first.click()
        await expect(page.locator("#composer")).to_have_attribute("data-lock", "closed")
        assert "退过一次" not in " ".join(s.text for s in lily.simulator.seen_by("lily"))
        assert watched.wrong == []


async def test_a_visitor_chats_on_the_website_and_on_a_phone(product: Product, pictures: Path):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await page.goto(f"{product.url}/chat/shop_webchat")
        box = page.locator("textarea, input[type=text]").first
        await box.fill("退款多久到账")
        await box.press("Enter")
        await expect(page.locator("body")).to_contain_text("退款：")
        await page.screenshot(path=pictures / "chat.png", caret="initial")
        await page.reload()
        await expect(page.locator("body")).to_contain_text("退款：")
        assert watched.wrong == []


@pytest.mark.parametrize(
    ("theme", "size"),
    [
        ("light", "desk"),
        ("dark", "phone"),
        pytest.param("dark", "desk", marks=pytest.mark.long),
        pytest.param("light", "phone", marks=pytest.mark.long),
    ],
)
async def test_every_room_opens_without_a_complaint_of_the_browser(
    product: Product, pictures: Path, theme: str, size: str
):
    lily = product.customer("slack")
    await lily.says("转人工")
    await lily.hears("人工")
    rooms = ("inbox", "tickets", "approvals", "kb", "kb/return_apply", "kb/releases", "me")
    more = (
        "settings/channels",
        "settings/users",
        "tickets?view=all",
        "me/password",
        "kb/publish",
        "kb/tests",
    )
    async with chromium(product.url) as watched:
        options = {"color_scheme": theme} | ({"viewport": PHONE} if size == "phone" else {})
        page = await watched.window(**options)
        await logs_in(page, product, "admin")
        for room in rooms + more:
            answer = await page.goto(f"{product.url}/{room}")
            assert answer is not None
            assert answer.status == 200, room
            await expect(page.locator("h1").first).to_be_visible()
            wide = await page.evaluate(WIDER)
            assert wide <= 0, f"{room} is {wide} px too wide on a {size}"
            name = room.replace("/", "-").replace("?", "-")
            await page.screenshot(path=pictures / f"{name}-{size}-{theme}.png", caret="initial")
        assert watched.wrong == []


async def test_a_colleague_is_not_logged_out_by_one_slip_of_the_hand(product: Product):
    ann = product.people["ann"]
    async with chromium(product.url) as watched:
        page = await watched.window(locale="en-US")
        await logs_in(page, product, "admin")
        asked = answered(page, "no", "yes")
        await page.goto(f"{product.url}/settings/users")
        button = page.locator("tr", has_text="ann").get_by_role("button", name="New password")
        await button.click()
        assert "/inbox" in await ann.looks_at("/inbox")
        await button.click()
        await expect(page.locator(".fresh .secret")).to_be_visible()
        assert "Give Ann a new first password?" in asked[0]
        answer = await ann.client.get("/inbox")
        assert str(answer.url).startswith(f"{product.url}/login")
        assert watched.wrong == []


async def test_a_script_that_comes_late_hears_that_the_line_is_made(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")

        async def late(route: Route) -> None:
            await asyncio.sleep(1)
            await route.continue_()

        await page.route(re.compile(r"/desk\.js"), late)
        await page.goto(f"{product.url}/inbox")
        await expect(page.locator("#live-mark.on")).to_be_visible()


async def test_a_second_tab_learns_from_the_first_that_the_line_is_made(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/inbox")
        await expect(page.locator("#live-mark.on")).to_be_visible()
        other = await page.context.new_page()
        await other.goto(f"{product.url}/inbox")
        await expect(other.locator("#live-mark.on")).to_be_visible()
