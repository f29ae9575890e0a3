"""The knowledge base's pages for who does not see them, sees little, or uses the keyboard alone."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from console import looks
from storage.zone import ZONE
from tests.e2e.access import barriers, lost_stops
from tests.e2e.browser import DESK, PHONE, chromium
from tests.e2e.conftest import Product
from tests.e2e.test_browser import logs_in
from tests.postgres import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
ROOMS = (
    *("kb", "kb/new", "kb/gaps", "kb/learning", "kb/tests", "kb/publish"),
    *("kb/releases", "kb/releases/gone"),
)
TABLE = "问题,相似,答案\n怎么改地址,换地址,在订单里改。\n退款多久到账,,三天\n".encode()
FAINT = """() => {
  const words = document.querySelector('#main h1');
  words.style.color = '#ddd';
  document.querySelector('#main button').replaceChildren();
  document.querySelector('#main h1').insertAdjacentHTML('afterend', '<h4>Too deep</h4>');
  document.querySelector('#main').insertAdjacentHTML('afterbegin', '<input id="bare">');
  const style = document.querySelector('#main a').style;
  style.outline = 'none';
}"""


async def fills_the_rooms(product: Product) -> tuple[str, str]:
    """Leave something to be seen in every room; return where a trial and a file's columns are."""
    sue = product.people["sue"]
    client, lily = sue.client, product.customer("telegram", "lily")
    for words in ("书架能不能只买一层板", "卖单独的层板吗"):
        await lily.says(words)
        await lily.hears("")
    draft = {"question": "如何申请退货", "answer_zh": "在门店申请。", "kind": "service"}
    await sue.does("/kb/return_apply", action="save", **draft)
    await sue.does("/kb/tests", sentence="退货怎么退", key="return_apply")
    trial = str((await sue.does("/kb/rehearsals", all="yes")).url)
    await product.service.rehearsals.settled()
    due = (product.clock() + timedelta(days=1)).astimezone(ZONE)
    await sue.does(f"{trial}/publish", sure="yes", when="later", at=f"{due:%Y-%m-%dT%H:%M}")
    await sue.does("/kb/gaps")
    await looks.settled()
    headers = {"x-csrf-token": sue.csrf, "origin": product.url}
    file = {"file": ("fragen.csv", TABLE, "text/csv")}
    brought = await client.post("/kb/import", files=file, headers=headers)
    return trial, str(brought.url)


async def opened(page: Page, address: str) -> None:
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


@pytest.mark.parametrize(("theme", "size"), [("light", DESK), ("dark", PHONE)])
async def test_nothing_on_the_pages_of_the_knowledge_base_keeps_people_out(
    product: Product, theme: str, size: dict
):
    trial, brought = await fills_the_rooms(product)
    wrong: dict[str, list[str]] = {}
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=size, color_scheme=theme)
        await logs_in(page, product, "admin")
        for address in (*(f"{product.url}/{room}" for room in ROOMS), trial, brought):
            await opened(page, address)
            wrong[address] = [*await barriers(page), *await lost_stops(page)]
        await page.goto(f"{product.url}/kb/gaps")
        await page.locator(".gap h2 a").first.click()
        await expect(page.locator("#f-answer")).to_be_visible()
        wrong["a gap"] = [*await barriers(page), *await lost_stops(page)]
        await opened(page, f"{product.url}/kb/return_apply")
        await page.fill("#f-sentence", "东西不想要了怎么弄")
        await page.press("#f-sentence", "Enter")
        await expect(page.locator("#trial .verdict").first).to_be_visible()
        wrong["an entry"] = [*await barriers(page), *await lost_stops(page)]
        await opened(page, f"{product.url}/kb?sort=hits")
        await page.locator("input[name=key]").first.check()
        wrong["a choice"] = await barriers(page)
        await page.locator("button[value=audience]").click()
        await expect(page.locator("#f-tags")).to_be_visible()
        wrong["a choice that is confirmed"] = [*await barriers(page), *await lost_stops(page)]
        assert {where: found for where, found in wrong.items() if found} == {}
        assert watched.wrong == []


async def test_what_keeps_people_out_would_be_found(product: Product):
    async with chromium(product.url) as watched:
        page = await watched.window()
        await logs_in(page, product, "admin")
        await opened(page, f"{product.url}/kb/new")
        await page.evaluate(FAINT)
        found = " ".join(await barriers(page))
        for fault in ("no name: button", "no name: textbox", "skips a level", "faint"):
            assert fault in found
        sheet = (
            "*, *:focus, *:focus-visible { outline: none !important; box-shadow: none !important }"
        )
        await page.evaluate(
            "(text) => { const made = new CSSStyleSheet(); made.replaceSync(text); "
            "document.adoptedStyleSheets = [made]; }",
            sheet,
        )
        assert "no mark at" in " ".join(await lost_stops(page))
