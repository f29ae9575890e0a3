"""An editor's day in Chromium: write with a preview, try the draft, publish it, keep a test."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PHONE, chromium
from tests.e2e.conftest import Product
from tests.e2e.test_browser import WIDER, logs_in, pictures
from tests.postgres import on_sqlite

__all__ = ["pictures"]
pytestmark = [pytest.mark.browser, on_sqlite]


async def test_a_draft_is_written_tried_and_published(product: Product, pictures: Path):
    tom = product.customer("wechat", "tom")
    await tom.says("如何申请退货")
    await tom.hears("退货")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb/return_apply")
        await page.fill("#f-answer_zh", "好" * 700)
        await page.select_option("#preview-channel", "wechat")
        await expect(page.locator("[data-preview-count]")).to_contain_text("2100")
        await page.fill("#f-answer_zh", "请在订单里申请。")
        await expect(page.locator("[data-preview-text]")).to_have_text("请在订单里申请。")
        await page.fill("#f-similar", "运费多少钱\n运费多少钱啊")
        await page.press("#f-similar", "Tab")
        await expect(page.locator("#near .doubles li").first).to_be_visible()
        await page.fill("#f-sentence", "如何申请退货")
        await page.press("#f-sentence", "Enter")
        await page.locator("#trial form[action='/kb/tests'] button").first.click()
        await expect(page.locator("#trial .badge.good").first).to_be_visible()
        await page.screenshot(path=pictures / "kb-entry.png")
        await page.locator("#editor button.primary").click()
        await page.wait_for_url("**told=saved")
        await page.goto(f"{product.url}/kb/publish")
        await page.locator("form[action='/kb/rehearsals'] button.primary").click()
        await expect(page.locator("#changes-title")).to_be_visible()
        await expect(page.locator(".changes").first).to_contain_text("请在订单里申请。")
        await page.screenshot(path=pictures / "kb-gate.png")
        await page.set_viewport_size(PHONE)
        assert await page.evaluate(WIDER) <= 0
        await page.check("input[name=sure]")
        await page.locator("form[action$='/publish'] button[type=submit]").click()
        await page.wait_for_url("**/kb/releases?told=published")
        assert watched.wrong == []
    await tom.says("如何申请退货")
    await tom.hears("请在订单里申请。")
