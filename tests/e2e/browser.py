"""A real browser that forgives nothing: policy violations, errors, calls to other places."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Dialog, Page, async_playwright, expect

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first is the same engine without windows, and begins in half the time."""
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


@dataclass
class Watched:
    """A browser, and everything on its pages that should not have been."""

    browser: Browser
    own: str
    wrong: list[str] = field(default_factory=list)

    async def window(self, **options: object) -> Page:
        """Open a window of its own, with its own cookies."""
        settings = {"viewport": DESK, "locale": "zh-CN", **options}
        context: BrowserContext = await self.browser.new_context(**settings)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"script error: {error}"))
        context.on("request", self._request)
        return page

    def _console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def _request(self, request) -> None:
        place = urlsplit(request.url)
        if place.scheme in ("http", "https") and f"{place.scheme}://{place.netloc}" != self.own:
            self.wrong.append(f"foreign request: {place.netloc}")


@asynccontextmanager
async def chromium(own: str) -> AsyncIterator[Watched]:
    """Start Chromium, or say how to get it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium-headless-shell fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS)
        )
        try:
            yield Watched(browser, own)
        finally:
            await browser.close()


def answered(page: Page, *words: Literal["yes", "no"]) -> list[str]:
    """Answer what the page asks, one after the other; return where its questions are put down."""
    asked: list[str] = []
    answers = iter(words)

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if next(answers) == "yes" else dialog.dismiss())

    page.on("dialog", answer)
    return asked
