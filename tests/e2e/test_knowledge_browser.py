"""An editor's day in Chromium: write with a preview, try, publish now or later, go back."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Page, expect

from storage.zone import ZONE
from tests.e2e.browser import PHONE, answered, chromium
from tests.e2e.conftest import PATIENCE, Product
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
        await tries(page, product)
        await expect(page.locator(".changes").first).to_contain_text("请在订单里申请。")
        await page.screenshot(path=pictures / "kb-gate.png")
        await page.set_viewport_size(PHONE)
        assert await page.evaluate(WIDER) <= 0
        await releases(page, "published")
        assert watched.wrong == []
    await tom.says("如何申请退货")
    await tom.hears("请在订单里申请。")


async def releases(page: Page, told: str) -> None:
    """Say yes to what was tried, and wait until it is `told` what came of it."""
    await page.check("input[name=sure]")
    await page.locator("form[action$='/publish'] button[type=submit]").click()
    await page.wait_for_url(f"**/kb/releases?told={told}")


async def writes(page: Page, product: Product, answer: str) -> None:
    """Save another answer of the entry about returns as its draft."""
    await page.goto(f"{product.url}/kb/return_apply")
    await page.fill("#f-answer_zh", answer)
    await page.locator("#editor button.primary").click()
    await page.wait_for_url("**told=saved")


async def tries(page: Page, product: Product) -> None:
    """Try the drafts, and wait for what comes of it."""
    await page.goto(f"{product.url}/kb/publish")
    await page.locator("form[action='/kb/rehearsals'] button.primary").click()
    await expect(page.locator("#changes-title")).to_be_visible()


async def test_a_release_is_planned_seen_and_goes_live_at_its_time(
    product: Product, pictures: Path
):
    tom = product.customer("wechat", "tom")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "sue")
        await writes(page, product, "明天起在门店申请。")
        await tries(page, product)
        day = page.locator("#f-at")
        await expect(day).to_be_hidden()
        await page.check("input[name=when][value=later]")
        await expect(day).to_be_visible()
        due = (product.clock() + timedelta(minutes=20)).astimezone(ZONE)
        await day.fill(f"{due:%Y-%m-%dT%H:%M}")
        await page.fill("#f-note", "门店开张")
        await releases(page, "planned")
        plan = page.locator(".plans li")
        await expect(plan).to_contain_text(f"{due:%H:%M}")
        await expect(plan.locator("a")).to_have_attribute("href", "/kb/return_apply")
        await page.screenshot(path=pictures / "kb-planned.png")
        await plan.locator("a").click()
        await expect(page.locator("#main .alert.info")).to_contain_text(f"{due:%H:%M}")
        await tom.says("如何申请退货")
        assert "明天起" not in (await tom.hears("退货")).text
        product.clock.ahead = timedelta(minutes=21)
        known = product.service.knowledge
        async with asyncio.timeout(PATIENCE):
            while "明天起" not in known.entry("return_apply").answers["zh"]:
                await asyncio.sleep(0.05)
        await page.goto(f"{product.url}/kb/releases")
        await expect(page.locator(".table tbody tr").first).to_contain_text("门店开张")
        await expect(plan.locator(".badge.good")).to_be_visible()
        await page.set_viewport_size(PHONE)
        assert await page.evaluate(WIDER) <= 0
        assert watched.wrong == []
    await tom.says("如何申请退货")
    await tom.hears("明天起在门店申请。")


async def test_one_click_makes_a_former_release_live_again(product: Product, pictures: Path):
    tom = product.customer("wechat", "tom")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "sue")
        await writes(page, product, "写错了的答案。")
        await tries(page, product)
        await releases(page, "published")
        await tom.says("如何申请退货")
        await tom.hears("写错了的答案。")
        asked = answered(page, "no", "yes")
        back = page.locator("form[action='/kb/releases/1/rollback'] button")
        await back.click()
        await expect(page.locator(".table tbody tr")).to_have_count(2)
        await back.click()
        await page.wait_for_url("**/kb/releases?told=back")
        await expect(page.locator(".table tbody tr")).to_have_count(3)
        await expect(page.locator(".table tbody tr").first).to_contain_text("1")
        await page.screenshot(path=pictures / "kb-back.png")
        assert len(asked) == 2
        assert watched.wrong == []
    await tom.says("如何申请退货")
    assert "写错了" not in (await tom.hears("退货")).text


async def test_what_is_not_saved_yet_is_not_lost_by_a_tried_sentence(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb/return_apply")
        await page.fill("#f-answer_zh", "还没保存的答案。")
        await page.fill("#f-sentence", "东西不想要了怎么弄")
        await page.press("#f-sentence", "Enter")
        await page.locator("#trial form[data-similar=return_apply] button").first.click()
        await expect(page.locator("#f-similar")).to_have_value(re.compile("\n东西不想要了怎么弄$"))
        other = page.locator("#trial form[data-similar]:not([data-similar=return_apply])").first
        key = await other.get_attribute("data-similar")
        await other.locator("button").click()
        await expect(page.locator(f"#trial a.small[href='/kb/{key}']")).to_be_visible()
        await expect(page.locator("#f-answer_zh")).to_have_value("还没保存的答案。")
        leaving: list[str] = []

        async def stay(dialog: Dialog) -> None:
            leaving.append(dialog.type)
            await dialog.dismiss()

        page.on("dialog", stay)
        await page.locator(".trail a").click(no_wait_after=True)
        await page.locator("#editor button.primary").click()
        await page.wait_for_url("**told=saved")
        await expect(page.locator("#f-similar")).to_have_value(re.compile("\n东西不想要了怎么弄$"))
        assert leaving == ["beforeunload"]
        assert watched.wrong == []


async def test_a_form_of_files_that_is_too_large_comes_back_with_its_words_without_any_script(
    product: Product, tmp_path: Path
):
    largest = product.service.folder.largest
    for name in ("small.bin", "large.bin"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2_000_000 if name == "small.bin" else largest)
    async with chromium(product.url) as watched:
        page = await watched.window(java_script_enabled=False)
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb/return_apply")
        await page.fill("#f-answer_zh", "还没保存的答案。")
        await page.locator("#f-files").set_input_files(
            [tmp_path / "small.bin", tmp_path / "large.bin"]
        )
        await page.locator("#editor button.primary").click()
        await expect(page.locator(".files .error")).to_be_visible()
        await expect(page.locator("#f-answer_zh")).to_have_value("还没保存的答案。")
        await expect(page.locator(".answer-file .name")).to_have_text(["small.bin"])
        await page.locator("#editor button.primary").click()
        await page.wait_for_url("**told=saved")
        await expect(page.locator("#f-answer_zh")).to_have_value("还没保存的答案。")
        await expect(page.locator(".answer-file .name")).to_have_text(["small.bin"])
    assert [each for each in watched.wrong if "422" not in each] == []


async def test_on_a_phone_one_sees_in_which_room_one_is_and_the_entries_before_their_categories(
    product: Product,
):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await logs_in(page, product, "admin")
        for room in ("kb", "kb/learning", "kb/import"):
            await page.goto(f"{product.url}/{room}")
            box = await page.locator("#main .tabs a[aria-current]").first.bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"], room
        await page.goto(f"{product.url}/kb")
        await expect(page.locator(".tree summary")).to_be_visible()
        await expect(page.locator(".tree a").first).to_be_hidden()
        assert watched.wrong == []


async def test_what_can_be_done_with_many_entries_shows_once_some_are_ticked(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE)
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb")
        move, ticks = page.locator("button[value=move]"), page.locator("input[name=key]")
        await expect(move).to_be_hidden()
        await page.locator("[data-all]").check()
        await expect(ticks.nth(1)).to_be_checked()
        await ticks.nth(0).uncheck()
        await expect(page.locator("[data-all]")).not_to_be_checked()
        await expect(page.locator("[data-number]")).to_contain_text(str(await ticks.count() - 1))
        assert await page.evaluate(WIDER) <= 0
        await move.click()
        await page.fill("#f-to", "售后/退款")
        await page.locator("#main form button.primary").click()
        await page.wait_for_url("**chosen=done**")
        await expect(page.locator(".alert.good")).to_be_visible()
        await expect(page.locator("td.state .badge.warn").first).to_be_visible()
        assert watched.wrong == []
