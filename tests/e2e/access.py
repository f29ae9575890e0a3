"""What keeps people out of a page who do not see it, see little of it, or use no mouse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Page

NAMED = frozenset(
    {
        *("button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "switch"),
        *("image", "meter", "progressbar", "spinbutton", "slider", "listbox", "option", "tab"),
    }
)
"""The roles that must have a name."""
MOST_STOPS = 300
AT_ONCE = 25
"""How many times the key is pressed before the page is asked where that led."""
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
PARTS = 8
"""How many stops a field has within it: a moment has its year, month, day, hour ..."""
ASKED = Path(__file__).with_name("access.js").read_text()


async def unnamed(page: Page) -> list[str]:
    """Return what can be used but has no name, as assistive technology is told of the page."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    return [
        node["role"]["value"]
        for node in tree["nodes"]
        if not node["ignored"]
        and node["role"]["value"] in NAMED
        and not str(node.get("name", {}).get("value", "")).strip()
    ]


async def lost_stops(page: Page) -> list[str]:
    """Go through the page by the Tab key; return where one does not see where one is, or stays."""
    wrong: list[str] = []
    seen = within = 0
    async for stop in _stops(page):
        if stop is None or (seen > 1 and not stop["at"]):
            return wrong
        within = within + 1 if stop["at"] < seen else 0
        if within > PARTS:
            return [*wrong, f"stuck at {stop['name']}"]
        if within:
            continue
        seen += 1
        if not stop["marked"]:
            wrong.append(f"no mark at {stop['name']}")
        if not stop["visible"]:
            wrong.append(f"hidden: {stop['name']}")
    return [*wrong, "no end"]


async def _stops(page: Page) -> AsyncIterator[dict[str, Any] | None]:
    """Yield where each press of the Tab key leads, None outside of the page."""
    await page.evaluate(f"{ASKED}.begin()")
    session = await page.context.new_cdp_session(page)
    for _ in range(MOST_STOPS // AT_ONCE):
        presses = (session.send("Input.dispatchKeyEvent", TAB) for _ in range(AT_ONCE))
        await asyncio.gather(*presses)
        for stop in await page.evaluate(f"{ASKED}.way()"):
            yield stop
    await session.detach()


async def barriers(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, but for the way of the Tab key."""
    return [
        *[f"no name: {role}" for role in await unnamed(page)],
        *await page.evaluate(f"{ASKED}.disorder()"),
        *[f"faint {words}" for words in await page.evaluate(f"{ASKED}.faint()")],
    ]
