"""The README's pictures, of an ordinary day; `make pictures` keeps them in docs/pictures."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import DESK, chromium
from tests.e2e.scene import Shop, fill, shop
from tests.e2e.test_browser import logs_in

pytestmark = pytest.mark.browser
SITE = {"width": 420, "height": 760}
PAGE = {"width": 1200, "height": 760}
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "chat.png"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("YINGDA_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as there:
        yield there


async def keep(page: Page, path: Path, *, whole: bool = False) -> None:
    await expect(page.locator("body")).to_be_visible()
    await page.screenshot(path=path, caret="initial", animations="disabled", full_page=whole)


async def test_an_ordinary_day_looks_as_the_readme_shows_it(day: Shop, pictures: Path):
    known = await fill(day)
    async with chromium(day.url) as watched:
        page = await watched.window(viewport=DESK)
        await logs_in(page, day, "anran")
        await page.goto(f"{day.url}/inbox/{known['talk']}?view=all")
        await expect(page.locator("#live-mark.on")).to_be_visible()
        await expect(page.locator("#bubbles")).to_contain_text("让您久等了")
        await keep(page, pictures / "desk.png")
        await page.emulate_media(color_scheme="dark")
        await keep(page, pictures / "desk-dark.png")
        demo = await watched.window(viewport=DESK)
        await demo.goto(f"{day.url}/demo")
        await speaks_on_every_phone(demo)
        await keep(demo, pictures / "demo.png", whole=True)
        chat = await watched.window(viewport=SITE)
        await chat.goto(f"{day.url}/chat/demo_web")
        await is_helped_on_the_website(day, chat)
        await keep(chat, pictures / "chat.png")
        boss = await watched.window(viewport=DESK)
        await logs_in(boss, day, "linxue")
        await boss.goto(f"{day.url}/tickets/{known['case']}")
        await keep(boss, pictures / "ticket.png")
        await boss.goto(f"{day.url}/kb/refund_time")
        await boss.fill("#f-sentence", "请问退款几天能收到啊")
        await boss.press("#f-sentence", "Enter")
        await expect(boss.locator("#trial .verdict")).to_be_visible()
        await keep(boss, pictures / "kb.png")
        await publishes_with_a_picture(boss, day.url, pictures)
        assert watched.wrong == []


async def publishes_with_a_picture(page: Page, url: str, pictures: Path) -> None:
    await page.set_viewport_size(PAGE)
    said = await page.input_value("#f-answer_zh")
    await page.fill("#f-answer_zh", f"{said.strip()}\n节假日顺延。")
    label = {"name": "退款流程图.png", "mimeType": "image/png", "buffer": PICTURE.read_bytes()}
    await page.set_input_files("[data-files-input]", label)
    await expect(page.locator("[data-file]")).to_have_count(1)
    await page.select_option("#preview-channel", "telegram")
    await page.locator("[data-files]").scroll_into_view_if_needed()
    await page.locator("[data-preview-count]").scroll_into_view_if_needed()
    await keep(page, pictures / "kb-files.png")
    await page.locator("#editor .form-foot button").click()
    await page.wait_for_url("**told=saved")
    await page.fill("#f-sentence", "退款多久到账")
    await page.press("#f-sentence", "Enter")
    await expect(page.locator("#trial .outcome-of")).to_have_count(2)
    await page.goto(f"{url}/kb/publish")
    await page.locator("form[action='/kb/rehearsals'] button.primary").click()
    await expect(page.locator("#changes-title")).to_be_visible()
    await keep(page, pictures / "kb-publish.png")


async def speaks_on_every_phone(page: Page) -> None:
    said = {
        "demo_wechat": ("如何申请退货", "退货"),
        "demo_weibo": ("我要投诉", "发生"),
        "demo_telegram": ("退款多久到账", "工作日"),
        "demo_slack": ("How do I return an item?", "return"),
        "demo_douyin": ("退款多久到账", "工作日"),
        "demo_email": ("如何申请退货", "退货"),
    }
    for inbox, (text, answer) in said.items():
        phone = page.locator(f".phone[data-inbox={inbox}]")
        await phone.locator("[name=text]").fill(text)
        await phone.locator("button[type=submit]").click()
        await expect(phone.locator(".message.us .bubble").last).to_contain_text(answer)
    site = page.frame_locator(".web iframe")
    await site.locator("#text").fill("转人工")
    await site.locator("#text").press("Enter")
    await expect(site.locator(".row.bot").last).to_contain_text("正在为您转接")
    await page.locator(".phone[data-inbox=demo_wechat] h2").click()
    await expect(page.locator(".typing")).to_have_count(0)


async def is_helped_on_the_website(day: Shop, page: Page) -> None:
    await page.fill("#text", "书桌可以定制尺寸吗")
    await page.press("#text", "Enter")
    await expect(page.locator(".row.bot:not(.typing)").last).to_contain_text("您想了解")
    await page.fill("#text", "想要 1.35 米宽的，帮我转人工")
    await page.press("#text", "Enter")
    await expect(page.locator(".row.bot").last).to_contain_text("正在为您转接")
    reply = "您好！1.35 米可以做，工期 18 天，比标准款加 120 元。要我先为您画一张尺寸图吗？"
    await day.talks_to("zhouwei", "1.35 米宽", ("take", {}), ("reply", {"text": reply}))
    await expect(page.locator(".row.agent .speaker")).to_have_text("周维")
    await page.fill("#text", "好的，麻烦画一张，谢谢")
    await page.press("#text", "Enter")
    await expect(page.locator(".row.contact").last).to_contain_text("麻烦画一张")
    await expect(page.locator(".row.pending, .row.typing")).to_have_count(0)
