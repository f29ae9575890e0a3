"""Nothing is cut off: in both languages, on wide screens and narrow ones."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.access import barriers, lost_stops
from tests.e2e.browser import PHONE, chromium
from tests.e2e.conftest import Product
from tests.e2e.test_browser import logs_in
from tests.postgres import on_sqlite

pytestmark = [pytest.mark.browser, on_sqlite]
WIDTHS = (1920, 1440, 1366, 1281, 1150, 1024, 880, 721)
CUT = """() => document.querySelector('.kb-list').offsetWidth
  - document.querySelector('.table-wrap').clientWidth"""
NAME = "() => document.querySelector('.thread-head .who').getBoundingClientRect().width"
BELOW = "() => document.documentElement.scrollHeight - innerHeight"
CLIPPED = """() => [...document.querySelectorAll('.thread-head .state')]
  .filter((e) => e.scrollWidth > e.clientWidth && getComputedStyle(e).textOverflow !== 'ellipsis')
  .map((e) => e.textContent)"""
HEAD = "() => document.querySelector('.kb-list thead').offsetHeight"
ROWS = "() => new Set([...document.querySelectorAll('.seg label')].map((e) => e.offsetTop)).size"
TWO_LINES = 64
WIDER = """() => [...document.querySelectorAll('.field :is(input, select, textarea)')]
  .filter((e) => e.offsetWidth > e.closest('.field').offsetWidth).map((e) => e.name)"""
LEAST = 80
"""So many pixels the customer's name has at the least."""
ROOMS = ("kb", "kb/new", "kb/return_apply", "settings/users", "tickets", "me")


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_the_list_of_entries_and_the_customers_name_are_whole_on_every_screen(
    product: Product, locale: str
):
    lily = product.customer("telegram", "A customer with a long name")
    await lily.says("转人工")
    await lily.hears("人工")
    found = await product.people["admin"].finds("转人工")
    async with chromium(product.url) as watched:
        page = await watched.window(locale=locale)
        await logs_in(page, product, "admin")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(f"{product.url}/kb")
            assert await page.evaluate(CUT) <= 0, f"the list is cut off at {width}"
            assert await page.evaluate(HEAD) <= TWO_LINES, f"heads stand on end at {width}"
            await page.goto(f"{product.url}/inbox/{found}")
            assert await page.evaluate(NAME) >= LEAST, f"no room for a name at {width}"
        assert watched.wrong == []


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_a_phone_shows_whole_words_and_nothing_below_the_page(product: Product, locale: str):
    lily = product.customer("telegram", "A customer with a long name")
    await lily.says("转人工")
    await lily.hears("人工")
    ann = product.people["ann"]
    found = await ann.finds("转人工")
    await ann.does(f"/inbox/{found}/take")
    async with chromium(product.url) as watched:
        page = await watched.window(viewport=PHONE, locale=locale)
        await logs_in(page, product, "admin")
        for room in (*ROOMS, f"inbox/{found}"):
            await page.goto(f"{product.url}/{room}")
            assert await page.evaluate(BELOW) == 0, f"nothing but ground below {room}"
        assert await page.evaluate(CLIPPED) == []
        await page.goto(f"{product.url}/me")
        assert await page.evaluate(ROWS) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_on_the_pages_of_cases_and_settings_keeps_people_out(
    product: Product, theme: str
):
    lily = product.customer("telegram", "lily")
    for words, then in (
        ("我要投诉", "发生"),
        ("杯子漏水", "订单"),
        ("没有", "处理"),
        ("退款", "TS"),
    ):
        await lily.says(words)
        told = await lily.hears(then)
    number = re.search(r"TS[-\d]+", told.text)
    assert number
    rooms = ("tickets", f"tickets/{number[0]}", "approvals", "settings/channels")
    wrong = {}
    async with chromium(product.url) as watched:
        page = await watched.window(color_scheme=theme)
        await logs_in(page, product, "admin")
        for room in (*rooms, "settings/users", "me", "me/password", "inbox"):
            await page.goto(f"{product.url}/{room}")
            await expect(page.locator("h1").first).to_be_visible()
            lost = [] if room == "me" else await lost_stops(page)  # A theme is marked at its label.
            wrong[room] = [*await barriers(page), *lost]
    assert {room: found for room, found in wrong.items() if found} == {}


@pytest.mark.parametrize("width", [1280, 390])
async def test_no_input_is_wider_than_its_place(product: Product, width: int):
    """A day with a time asks for more room than a third of a form has."""
    async with chromium(product.url) as watched:
        page = await watched.window(viewport={"width": width, "height": 900})
        await logs_in(page, product, "admin")
        for room in ("kb/return_apply", "settings/users", "me", "tickets", "kb"):
            await page.goto(f"{product.url}/{room}")
            await page.evaluate(
                "document.querySelectorAll('details').forEach((e) => e.open = true)"
            )
            assert await page.evaluate(WIDER) == [], f"an input sticks out at {room}"
