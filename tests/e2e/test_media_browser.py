"""Files in Chromium: from a phone to the desk and back, in the website's chat both ways."""

from __future__ import annotations

import asyncio
import struct
import wave
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from channels.testing.samples import SAMPLES
from tests.e2e.browser import PHONE, chromium
from tests.e2e.conftest import PATIENCE, Product
from tests.e2e.test_browser import logs_in, pictures
from tests.postgres import on_sqlite

__all__ = ["pictures"]
pytestmark = [pytest.mark.browser, on_sqlite]


def picture(width: int = 640, height: int = 480) -> bytes:
    """Return a small picture of a sunset."""
    rows = b"".join(
        b"\0"
        + bytes(
            value for x in range(width) for value in (255 - y // 4, 90 + (x + y) // 9, 60 + y // 3)
        )
        for y in range(height)
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def voice() -> bytes:
    """Return a second of silence."""
    written = BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return written.getvalue()


async def opens(page: Page, product: Product, words: str) -> None:
    """Take over, as Ann, the conversation in which somebody said `words`."""
    await logs_in(page, product, "ann")
    found = await product.people["ann"].finds(words, "all")
    await page.goto(f"{product.url}/inbox/{found}?view=all")
    await page.keyboard.press("t")
    await expect(page.locator("#composer")).to_have_attribute("data-lock", "")
    # It takes files only once its script has prepared it, and is shown only then.
    await expect(page.locator("label:has(#attach)")).to_be_visible()


async def test_a_customers_files_are_seen_and_an_agents_arrive(product: Product, pictures: Path):
    lily = product.customer("telegram", "lily")
    await lily.says("杯子碎了，转人工")
    await lily.hears("人工")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await opens(page, product, "杯子碎了")
        sunset, sim = picture(), product.simulators["telegram"]
        await lily.push(sim.attach("lily", "image", sunset))
        shown = page.locator(".bubble.in .picture img")
        await expect(shown).to_have_count(1)
        await page.wait_for_function(
            "() => { const image = document.querySelector('.bubble.in .picture img');"
            " return image && image.complete && image.naturalWidth === 640; }"
        )
        await lily.push(sim.attach("lily", "voice", voice()))
        await expect(page.locator(".bubble.in audio")).to_have_count(1)
        await lily.push(sim.attach("lily", "file", SAMPLES["application/pdf"], "购买凭证.pdf"))
        await expect(page.locator(".bubble.in a.save")).to_contain_text("购买凭证.pdf")
        await page.set_input_files(
            "#attach",
            [
                {"name": "退货标签.png", "mimeType": "image/png", "buffer": picture(300, 200)},
                {"name": "说明.pdf", "mimeType": "x/y", "buffer": SAMPLES["application/pdf"]},
            ],
        )
        await expect(page.locator("#attached .ready")).to_have_count(2)
        await page.fill("#text", "请把标签贴在箱子上。")
        await page.screenshot(
            path=pictures / "files-composer.png", caret="initial", animations="disabled"
        )
        await page.press("#text", "Control+Enter")
        await lily.hears("请把标签贴")
        async with asyncio.timeout(PATIENCE):
            while len([seen for seen in sim.screen if seen.file]) < 2:
                await asyncio.sleep(0.02)
        kinds = [(seen.file.kind, seen.file.name) for seen in sim.screen if seen.file]
        assert kinds == [("image", "退货标签.png"), ("file", "说明.pdf")]
        await expect(page.locator(".bubble.agent .picture img")).to_have_count(1)
        await expect(page.locator("#attached li")).to_have_count(0)
        await expect(page.locator(".bubble.sending")).to_have_count(0)
        await page.screenshot(
            path=pictures / "files-thread.png", caret="initial", animations="disabled"
        )
        await page.emulate_media(color_scheme="dark")
        await page.screenshot(
            path=pictures / "files-thread-dark.png", caret="initial", animations="disabled"
        )
        async with page.expect_download() as saving:
            await page.click(".bubble.in a.save")
        assert (await saving.value).suggested_filename == "购买凭证.pdf"
        await page.click("#composer .mode[data-mode=note]")
        await expect(page.locator(".attach")).to_be_hidden()
        assert watched.wrong == []


async def test_a_file_that_could_not_be_had_is_tried_again_by_hand(
    product: Product, pictures: Path
):
    lily, sim = product.customer("telegram", "lily"), product.simulators["telegram"]
    await lily.says("看照片，转人工")
    await lily.hears("人工")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await opens(page, product, "看照片")
        push = sim.attach("lily", "file", SAMPLES["application/pdf"] + bytes(20 * 2**20), "大.pdf")
        await lily.push(push)
        await expect(page.locator(".bubble.in .media.failed")).to_contain_text("大.pdf")
        await page.screenshot(
            path=pictures / "files-failed.png", caret="initial", animations="disabled"
        )
        sim.forget_files()
        await page.click(".bubble.in form button")
        await expect(page.locator(".bubble.in .media.gone")).to_be_visible()
        assert watched.wrong == []


async def test_what_a_channel_cannot_carry_is_said_before_it_is_sent(
    product: Product, pictures: Path
):
    tom = product.customer("wechat", "oTESTopenid0000000000000001")
    await tom.says("转人工")
    await tom.hears("人工")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await opens(page, product, "转人工")
        pdf = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
        await page.set_input_files("#attach", pdf)
        await expect(page.locator("#attached .failed")).to_be_visible()
        await page.screenshot(
            path=pictures / "files-refused.png", caret="initial", animations="disabled"
        )
        await page.click("#attached .failed button")
        await expect(page.locator("#attached li")).to_have_count(0)
        photo = {"name": "a.png", "mimeType": "image/png", "buffer": picture(100, 80)}
        await page.set_input_files("#attach", photo)
        await expect(page.locator("#attached .ready")).to_have_count(1)
        await page.click("#send")
        async with asyncio.timeout(PATIENCE):
            while not [seen for seen in tom.simulator.screen if seen.file]:
                await asyncio.sleep(0.02)
        assert [line for line in watched.wrong if "415" not in line] == []


async def test_the_websites_chat_carries_files_both_ways(product: Product, pictures: Path):
    async with chromium(product.url) as watched:
        chat = await watched.window(viewport=PHONE)
        await chat.goto(f"{product.url}/chat/shop_webchat")
        await chat.set_input_files(
            "#attach", {"name": "屏幕.png", "mimeType": "image/png", "buffer": picture()}
        )
        await expect(chat.locator("#tray .ready")).to_have_count(1)
        await chat.fill("#text", "屏幕碎了，转人工")
        await chat.screenshot(
            path=pictures / "files-chat-composer.png", caret="initial", animations="disabled"
        )
        await chat.press("#text", "Enter")
        await expect(chat.locator(".row.contact .picture img")).to_have_count(1)
        await expect(chat.locator(".row.contact")).to_have_count(1)
        page = await watched.window()
        await opens(page, product, "屏幕碎了")
        await expect(page.locator(".bubble.in .picture img")).to_have_count(1)
        await page.set_input_files(
            "#attach",
            [
                {"name": "换新.png", "mimeType": "image/png", "buffer": picture(300, 200)},
                {"name": "保修.pdf", "mimeType": "x/y", "buffer": SAMPLES["application/pdf"]},
            ],
        )
        await expect(page.locator("#attached .ready")).to_have_count(2)
        await page.click("#send")
        await expect(chat.locator(".row.agent .picture img")).to_have_count(1)
        await expect(chat.locator(".row.agent .file")).to_contain_text("保修.pdf")
        await chat.screenshot(
            path=pictures / "files-chat.png", caret="initial", animations="disabled"
        )
        async with chat.expect_download() as saving:
            await chat.click(".row.agent .file")
        assert (await saving.value).suggested_filename == "保修.pdf"
        assert watched.wrong == []


async def test_an_answers_files_go_along_but_for_those_that_are_left_off(product: Product):
    sue, lily = product.people["sue"], product.customer("telegram", "lily")
    headers = {"x-csrf-token": sue.csrf, "origin": product.url}
    form = {"question": "怎么贴退货标签", "answer_zh": "贴在箱子上。", "kind": "service"}
    files = [
        ("files", ("标签.png", picture(300, 200), "image/png")),
        ("files", ("说明.pdf", SAMPLES["application/pdf"], "application/pdf")),
    ]
    saved = await sue.client.post("/kb/new", data=form, files=files, headers=headers)
    assert "told=saved" in str(saved.url)
    trial = str((await sue.does("/kb/rehearsals", all="yes")).url)
    await product.service.rehearsals.settled()
    await sue.does(f"{trial}/publish", sure="yes", when="now")
    await lily.says("怎么贴退货标签")
    await lily.hears("贴在箱子上")
    await lily.says("转人工")
    await lily.hears("人工")
    async with chromium(product.url) as watched:
        page = await watched.window()
        await opens(page, product, "怎么贴退货标签")
        lent = page.locator("#suggestions .lent input")
        await expect(lent).to_have_count(2)
        await page.locator("#suggestions .lent label", has_text="说明.pdf").click()
        screen = lily.simulator.screen
        before = len(screen)
        await page.keyboard.press("Alt+1")
        await expect(page.locator("#attached .ready")).to_have_count(1)
        await expect(page.locator("#attached .ready")).to_contain_text("标签.png")
        await expect(page.locator("#text")).to_have_value("贴在箱子上。")
        await page.click("#send")
        async with asyncio.timeout(PATIENCE):
            while not any(seen.file for seen in screen[before:]):
                await asyncio.sleep(0.02)
        assert [seen.file.name for seen in screen[before:] if seen.file] == ["标签.png"]
        await expect(page.locator(".bubble.agent .picture img")).to_have_count(1)
        assert watched.wrong == []
