"""The desk in a real browser: what only JavaScript can do wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import BrowserContext, Page, Request, async_playwright, expect

from channels.testing.server import serve
from handlers.desk import conversations as desk
from storage.models import Owner
from tests.console.world import PASSWORD, Console, say
from tests.e2e.browser import ARGUMENTS, CHROMIUM, PATIENCE
from tests.postgres import on_sqlite

pytestmark = [
    on_sqlite,
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs Chromium: apt-get install chromium-headless-shell"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@dataclass
class Desk:
    """A served console and a browser in front of it."""

    console: Console
    context: BrowserContext
    url: str

    async def page(self, path: str = "/inbox") -> Page:
        """A tab of somebody who is logged in; whatever the browser complains of is an error."""
        page = await self.context.new_page()
        page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        page.on(
            "console",
            lambda line: self.problems.append(line.text) if "Content Security" in line.text else 0,
        )
        await page.goto(self.url + path)
        return page

    async def enter(self, name: str) -> None:
        """Give the browser the session of somebody who is logged in."""
        person = await self.console.enter(name)
        cookie = {"name": "yingda", "value": person.cookies["yingda"], "url": self.url}
        await self.context.add_cookies([cookie])

    async def enter_by_hand(self, name: str) -> Page:
        """Sign in on the page, and return it with what is shown then."""
        await self.context.clear_cookies()
        page = await self.page("/login")
        await page.fill("#f-name", name)
        await page.fill("#f-password", PASSWORD)
        await page.click("button.primary")
        await page.wait_for_url("**/inbox*")
        return page

    problems: list[str] = None  # type: ignore[assignment]


@asynccontextmanager
async def open_desk(console: Console, name: str, **options) -> AsyncIterator[Desk]:
    async with serve(console.app) as url, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        context = await chromium.new_context(locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        made = Desk(console, context, url)
        made.problems = []
        await made.enter(name)
        yield made
        await console.live.stop()
        await context.close()
        await chromium.close()
        assert made.problems == []


async def test_a_new_customer_appears_by_itself_and_is_text(desk_console: Console):
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page()
        await expect(page.locator("#live-mark.on")).to_be_visible()
        conversation = await desk_console.talk(
            "Eve<i>", text="<img src=x onerror=alert(1)>", owner=Owner.QUEUE
        )
        line = page.locator(f"#line-{conversation.id}")
        await expect(line.locator(".preview")).to_have_text("<img src=x onerror=alert(1)>")
        await expect(page.locator("#rail-waiting")).to_have_text("1")
        await expect(page.locator("#rows-empty")).to_be_hidden()


async def test_taking_answering_and_resolving_by_keys_alone(desk_console: Console):
    conversation = await desk_console.talk("王小明", owner=Owner.QUEUE)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page()
        await page.keyboard.press("j")
        await expect(page.locator("#thread h1")).to_have_text("王小明")
        await page.keyboard.press("t")
        await expect(page.locator("#composer")).to_have_attribute("data-lock", "")
        await page.keyboard.press("r")
        await page.keyboard.type("Hello there")
        await page.keyboard.press("Control+Enter")
        sent = page.locator(".bubble.agent[id]")
        await expect(sent.locator(".words")).to_have_text("Hello there")
        await expect(page.locator(".bubble.sending")).to_have_count(0)
        await say(desk_console, conversation, "and one more thing")
        await expect(page.locator(".bubble.in").last).to_contain_text("one more thing")
        await page.keyboard.press("Escape")
        await page.keyboard.press("e")
        await expect(page.locator("#composer")).to_have_attribute("data-lock", "closed")


async def test_a_colleague_who_is_quicker_locks_the_composer_at_once(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        await expect(page.locator("#live-mark.on")).to_be_visible()
        zhao = desk_console.agents["zhao"]
        now = desk_console.time.now
        await desk_console.db.write(desk.take, conversation.id, zhao, now)
        await expect(page.locator(".lock-banner")).to_contain_text("赵敏")
        await expect(page.locator("#thread-head .state")).to_contain_text("赵敏 answers")


async def test_a_refused_answer_stays_in_the_field(desk_console: Console):
    li = desk_console.agents["li"]
    conversation = await desk_console.talk(owner=Owner.AGENT, assignee_id=li.id)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        await page.fill("#text", "a long and careful answer")
        await page.evaluate("document.querySelector('#composer').dataset.base += 'x'")
        await page.route("**/reply", lambda route: route.fulfill(status=500, body="broken"))
        await page.click("#send")
        await expect(page.locator(".toast")).to_be_visible()
        await expect(page.locator("#text")).to_have_value("a long and careful answer")
        await expect(page.locator(".bubble.sending")).to_have_count(0)


async def test_drafts_never_cross_conversations_or_modes(desk_console: Console):
    li = desk_console.agents["li"]
    owned = {"owner": Owner.AGENT, "assignee_id": li.id}
    first = await desk_console.talk("first", **owned)
    second = await desk_console.talk("second", **owned)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{first.id}?view=mine")
        text = page.locator("#text")
        await text.fill("for the first")
        await page.click(".mode[data-mode=note]")
        await expect(text).to_have_value("")
        await text.fill("a secret about the first")
        await page.click(f"#line-{second.id} a")
        await expect(page.locator("#thread h1")).to_have_text("second")
        await expect(text).to_have_value("")
        await expect(page.locator("#composer")).to_have_attribute("data-mode", "reply")
        await page.click(f"#line-{first.id} a")
        await expect(page.locator("#composer")).to_have_attribute("data-mode", "note")
        await expect(text).to_have_value("a secret about the first")
        await page.click(".mode[data-mode=reply]")
        await expect(text).to_have_value("for the first")


async def test_enter_while_composing_chinese_sends_nothing(desk_console: Console):
    li = desk_console.agents["li"]
    conversation = await desk_console.talk(owner=Owner.AGENT, assignee_id=li.id)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        await page.evaluate("localStorage.setItem('yingda:enter-sends', 'on')")
        await page.reload()
        await page.focus("#text")
        wire = await page.context.new_cdp_session(page)
        composing = {"text": "nihao", "selectionStart": 5, "selectionEnd": 5}
        await wire.send("Input.imeSetComposition", composing)
        for kind in ("keyDown", "keyUp"):
            key = {"type": kind, "key": "Enter", "windowsVirtualKeyCode": 229}
            await wire.send("Input.dispatchKeyEvent", key)
        await wire.send("Input.insertText", {"text": "你好"})
        await expect(page.locator("#text")).to_have_value("你好")
        await expect(page.locator(".bubble.agent")).to_have_count(0)
        await page.wait_for_function("performance.now() > 0")
        await page.locator("#text").press("End")
        await page.evaluate("new Promise((done) => setTimeout(done, 80))")
        await page.keyboard.press("Enter")
        await expect(page.locator(".bubble.agent[id] .words")).to_have_text("你好")


async def test_many_tabs_share_one_stream_and_the_next_one_takes_it_over(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    async with open_desk(desk_console, "li") as opened:
        tabs = [await opened.page() for _ in range(8)]
        for tab in tabs:
            await expect(tab.locator("#rows .line")).to_have_count(1)
        await tabs[0].close()
        await expect(tabs[1].locator("#live-mark.on")).to_be_visible()
        await say(desk_console, conversation, "to all of you")
        for tab in tabs[1:]:
            await expect(tab.locator(".preview")).to_have_text("to all of you")
        assert len(desk_console.live._followers) == 1


async def test_a_lost_stream_is_shown_and_catches_up_by_itself(desk_console: Console):
    conversation = await desk_console.talk(owner=Owner.QUEUE)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        await expect(page.locator("#live-mark.on")).to_be_visible()
        await page.route("**/live*", lambda route: route.fulfill(status=502))
        for follower in desk_console.live._followers:
            follower.ended.set()
        await expect(page.locator("#banner")).to_be_visible()
        await say(desk_console, conversation, "said meanwhile")
        await page.unroute("**/live*")
        await expect(page.locator("#banner")).to_be_hidden()
        await expect(page.locator(".bubble.in").last).to_contain_text("said meanwhile")
        await expect(page.locator(f"#line-{conversation.id} .preview")).to_have_text(
            "said meanwhile"
        )


async def test_two_quick_messages_both_arrive_and_so_does_what_came_while_hidden(
    desk_console: Console,
):
    conversation = await desk_console.talk(text="number 0", owner=Owner.QUEUE)
    async with open_desk(desk_console, "li") as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        asked: set[Request] = set()
        page.on("request", lambda call: "/messages?" in call.url and asked.add(call))
        page.on("requestfinished", lambda call: asked.discard(call))  # noqa: PLW0108 - no built-in
        await expect(page.locator("#live-mark.on")).to_be_visible()
        for number in range(1, 30):
            await say(desk_console, conversation, f"number {number}")
        await expect(page.locator(".bubble.in")).to_have_count(30)
        hide = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => %s })"
        await page.evaluate(hide % "true")
        # What was asked for before may still bring what is said after.
        async with asyncio.timeout(60):
            while asked:
                await page.evaluate("0")
        await say(desk_console, conversation, "while hidden")
        await expect(page.locator(f"#line-{conversation.id} .preview")).to_have_text("while hidden")
        await expect(page.locator(".bubble.in")).to_have_count(30)
        await page.evaluate(hide % "false")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator(".bubble.in")).to_have_count(31)
        shown = await page.locator(".bubble.in .words").all_text_contents()
        assert shown == [f"number {number}" for number in range(30)] + ["while hidden"]


async def test_without_javascript_every_step_is_a_form(desk_console: Console):
    conversation = await desk_console.talk("王小明", owner=Owner.QUEUE)
    async with open_desk(desk_console, "li", java_script_enabled=False) as opened:
        page = await opened.enter_by_hand("li")
        await page.click(f"#line-{conversation.id} a")
        await page.click(".lock-banner button")
        await page.fill("#text", "Hello")
        await page.click("#send")
        await expect(page.locator(".bubble.agent .words")).to_have_text(["Hello"])
        await page.fill("#text", "A note")
        await page.click(".mode[data-mode=note]")
        await expect(page.locator(".bubble.note .words")).to_have_text(["A note"])


async def test_without_javascript_a_thread_begins_at_its_end(desk_console: Console):
    conversation = await desk_console.talk("王小明", owner=Owner.QUEUE)
    for number in range(40):
        await say(desk_console, conversation, f"message {number}")
    async with open_desk(desk_console, "li", java_script_enabled=False) as opened:
        page = await opened.enter_by_hand("li")
        await page.click(f"#line-{conversation.id} a")
        words = page.locator("#bubbles .words")
        await expect(words.last).to_have_text("message 39")
        await expect(words.last).to_be_in_viewport()
        await expect(words.first).not_to_be_in_viewport()


async def test_on_a_phone_list_and_thread_are_separate_screens(desk_console: Console):
    conversation = await desk_console.talk("王小明", owner=Owner.QUEUE)
    phone = {"viewport": {"width": 390, "height": 844}}
    async with open_desk(desk_console, "li", **phone) as opened:
        page = await opened.page()
        await expect(page.locator("#thread")).to_be_hidden()
        await page.click(f"#line-{conversation.id} a")
        await expect(page.locator("#list")).to_be_hidden()
        await expect(page.locator("#thread h1")).to_have_text("王小明")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide == 390
        small = await page.evaluate(
            """[...document.querySelectorAll('#thread .button, #thread .mode')]
            .filter((one) => one.offsetParent)
            .map((one) => [one.textContent.trim(), one.getBoundingClientRect().height])
            .filter(([, height]) => height < 36)"""
        )
        assert small == []
        await page.click(".thread-head .back")
        await expect(page.locator("#list")).to_be_visible()


async def test_on_a_phone_what_opens_over_the_thread_closes_again(desk_console: Console):
    conversation = await desk_console.talk("王小明", owner=Owner.QUEUE)
    li = desk_console.agents["li"]
    await desk_console.db.write(desk.take, conversation.id, li, desk_console.time.now)
    phone = {"viewport": {"width": 390, "height": 844}}
    async with open_desk(desk_console, "li", **phone) as opened:
        page = await opened.page(f"/inbox/{conversation.id}")
        panel, toggle = page.locator("#panel"), page.locator("#panel-toggle")
        await toggle.click()
        await expect(page.locator("#panel-close")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        await expect(toggle).to_be_focused()
        await expect(toggle).to_have_attribute("aria-expanded", "false")
        await toggle.click()
        await panel.locator("[data-insert]").first.click()
        await expect(panel).to_be_hidden()
        await expect(page.locator("#text")).not_to_have_value("")
        menu = page.locator(".more-actions .menu")
        for leave in (page.locator("#messages").click, lambda: page.keyboard.press("Escape")):
            await page.locator(".more-actions summary").click()
            await expect(menu).to_be_visible()
            await leave()
            await expect(menu).to_be_hidden()
