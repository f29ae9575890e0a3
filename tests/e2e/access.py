"""What keeps people out of a page who do not see it, see little of it, or use no mouse."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

NAMED = frozenset(
    {
        *("button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "switch"),
        *("image", "meter", "progressbar", "spinbutton", "slider", "listbox", "option", "tab"),
    }
)
"""The roles that must have a name."""
MOST_STOPS = 300
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
    await page.evaluate(f"{ASKED}.begin()")
    wrong: list[str] = []
    seen = within = 0
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(f"{ASKED}.stop()")
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


async def barriers(page: Page) -> list[str]:
    """Return what is wrong with the page as it is now, but for the way of the Tab key."""
    return [
        *[f"no name: {role}" for role in await unnamed(page)],
        *await page.evaluate(f"{ASKED}.disorder()"),
        *[f"faint {words}" for words in await page.evaluate(f"{ASKED}.faint()")],
    ]
