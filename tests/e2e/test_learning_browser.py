"""From the curve of what customers said to what the bot answers next, in Chromium."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlmodel import Session

from channels.message import Address, Text
from faq.matcher import Band
from storage import activity, contacts, conversations
from storage.models import Author, Fact
from tests.e2e.browser import PHONE, answered, chromium
from tests.e2e.conftest import Product, moment
from tests.e2e.test_browser import WIDER, logs_in, pictures
from tests.postgres import on_sqlite

__all__ = ["pictures"]
pytestmark = [pytest.mark.browser, on_sqlite]
UNSURE = "们几点上班行不行"
HELPED, NOT_HELPED = 90, 10
DOUBT, HOURS = "您想了解的是不是", "9:00–22:00"


def judge(session: Session, sure: float) -> None:
    """Let a hundred customers say of their answers whether these helped; the surer ones did."""
    for number in range(HELPED + NOT_HELPED):
        helped, name = number < HELPED, f"judge{number}"
        who, _ = contacts.find_or_make(session, "shop_telegram", name, None, "zh", moment())
        address = Address(inbox="shop_telegram", thread=name, contact=name)
        talk = conversations.open_for(session, address, who, "zh", moment())
        answer, named = (Text(text="9:00"),), [{"id": "business_hours"}]
        confidence = sure if helped else 0.5
        why = {"band": "answer", "confidence": confidence, "candidates": named}
        verdict = {"handler": "helped" if helped else "not_helped"}
        asked = (Text(text="你们几点开门"),)
        conversations.append(session, talk, Author.CONTACT, asked, moment())
        conversations.append(session, talk, Author.BOT, answer, moment(), why=why)
        conversations.append(session, talk, Author.BOT, answer, moment(), why=verdict)
        activity.log(session, Fact.FAQ_ANSWERED, moment(), conversation_id=talk.id)


async def test_a_suggested_threshold_is_seen_applied_gone_by_and_taken_back(
    product: Product, pictures: Path
):
    unsure = await product.service.knowledge.decide(UNSURE)
    assert unsure.band is Band.SUGGEST
    await product.service.db.write(judge, unsure.confidence - 0.02)
    tom = product.customer("wechat", "tom")
    await tom.says(UNSURE)
    await tom.hears(DOUBT)
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb")
        await page.locator("a[href='/kb/learning']").first.click()
        card = page.locator(".learned .card").filter(has_text="门店客服")
        await expect(card.locator("svg polyline.proven")).to_be_visible()
        await expect(card.locator("svg circle.then")).to_be_visible()
        await expect(card.locator("input[name=limit]")).to_be_checked()
        await card.screenshot(path=pictures / "kb-curve.png")
        asked = answered(page, "no", "yes", "yes")
        apply = page.locator("form[action='/kb/learning'] button.primary")
        await apply.click()
        await expect(page.locator("section[aria-labelledby=applied-title]")).to_have_count(0)
        await apply.click()
        await page.wait_for_url("**/kb/learning?told=applied")
        applied = page.locator("section[aria-labelledby=applied-title] tbody tr")
        await expect(applied.first).to_contain_text("门店客服")
        await expect(applied.first.locator(".badge.good")).to_be_visible()
        await expect(card.locator("input[name=limit]")).to_have_count(0)
        await expect(card.locator(".badge.accent")).to_be_visible()
        await tom.says(UNSURE)
        await tom.hears(HOURS)
        await page.screenshot(path=pictures / "kb-learning.png", full_page=True)
        await page.set_viewport_size(PHONE)
        assert await page.evaluate(WIDER) <= 0
        await page.locator("form[action='/kb/learning/0/back'] button").click()
        await page.wait_for_url("**/kb/learning?told=back")
        await tom.says(UNSURE)
        await tom.hears(DOUBT)
        assert len(asked) == 3
        assert watched.wrong == []


async def test_what_customers_missed_is_found_tried_kept_and_answered(
    product: Product, pictures: Path
):
    for number, asked in enumerate(("你们招兼职吗", "你们招兼职吗？", "请问你们招兼职吗")):
        customer = product.customer("telegram", f"jobless{number}")
        await customer.says(asked)
        await customer.hears("")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await page.goto(f"{product.url}/kb")
        await page.locator("a[href='/kb/gaps']").first.click()
        await page.locator("form[action='/kb/gaps'] button").click()
        found = page.locator("li.gap").filter(has_text="兼职")
        await expect(found).to_have_count(1)
        await expect(found.locator(".gap-size .number")).to_have_text("3")
        await page.screenshot(path=pictures / "kb-gaps.png")
        await found.locator("h2 a").click()
        await page.fill("#f-answer", "我们常年招兼职，请发简历到门店。")
        await page.screenshot(path=pictures / "kb-gap.png", full_page=True)
        await page.locator("button[name=to][value=new]").click()
        keep = page.locator("button[form=keep]")
        await expect(keep).to_be_visible()
        await page.screenshot(path=pictures / "kb-gap-tried.png", full_page=True)
        await page.set_viewport_size(PHONE)
        assert await page.evaluate(WIDER) <= 0
        await page.screenshot(path=pictures / "kb-gap-phone.png", full_page=True)
        await keep.click()
        await page.wait_for_url("**told=saved")
        await page.goto(f"{product.url}/kb/gaps")
        await expect(found).to_have_count(0)
        await page.goto(f"{product.url}/kb/gaps?state=drafted")
        await expect(found).to_have_count(1)
        assert watched.wrong == []
