"""Measure the import wizard as its editor meets it: upload, dry run, drafts, over the desk's pages.

python -m benchmarks.faq.wizard [--rows 50000] [--again]

A customer writes ten times a second meanwhile; `--again` brings the same file, changed, a second
time, so that every row meets a draft.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from fastapi import FastAPI
from sqlmodel import Session

from benchmarks.faq.speed import rss
from channels.message import Address, Text
from console import app as console
from console import import_work
from console.auth import hash_password
from console.live import Live
from console.services import Services
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from storage import contacts, conversations, people, schema
from storage.database import Database
from storage.folder import Folder
from storage.models import Author, Role

PASSWORD = "correct horse battery"
LARGEST = 50 * 1024 * 1024


def table(rows: int, word: str) -> bytes:
    """Return a file of so many entries."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(["编号", "标准问题", "相似问题", "答案", "类别"])
    for number in range(rows):
        question = f"第{number}号商品{word}什么时候发货"
        alike = f"{number}号几天能到|{number}号商品发货了吗"
        write.writerow([f"row-{number}", question, alike, f"付款后{number % 9}天内发出。", "物流"])
    return out.getvalue().encode()


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def _write(session: Session, number: int) -> None:
    name = f"c{number}"
    contact, _ = contacts.find_or_make(session, "shop", name, None, "zh", now())
    address = Address(inbox="shop", thread=name, contact=name)
    talk = conversations.open_for(session, address, contact, "zh", now())
    conversations.append(session, talk, Author.CONTACT, (Text(text="在吗"),), now())
    conversations.save(session, talk)


async def customer(db: Database, waits: list[float]) -> None:
    """Write ten times a second and note how long each message took to be stored."""
    number = 0
    while True:
        began = time.perf_counter()
        await db.write(_write, number)
        waits.append((time.perf_counter() - began) * 1000)
        number += 1
        await asyncio.sleep(0.1)


@contextmanager
def step(name: str, waits: list[float]) -> Iterator[None]:
    """Print what a step cost, and the longest that a customer waited meanwhile."""
    waits.clear()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    took, spent = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name:10} {took:6.1f} s, {spent:6.1f} s CPU; customer <= {max(waits, default=0):.0f} ms"
    )


async def editor(db: Database, app: FastAPI) -> httpx.AsyncClient:
    """Return somebody who is logged in and writes entries."""
    code = hash_password(PASSWORD, time_cost=1, memory_cost=32)
    await db.write(people.create_agent, "editor", code, Role.EDITOR, now())
    desk = "http://desk.test"
    browser = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=desk, headers={"origin": desk}, timeout=600
    )
    await browser.post("/login", data={"name": "editor", "password": PASSWORD})
    page = (await browser.get("/me")).text
    browser.headers["x-csrf-token"] = page.split('name="csrf" value="')[1].split('"')[0]
    return browser


async def progress(browser: httpx.AsyncClient, where: str) -> int:
    """Ask for the page once a second, as it does itself, until the work is over."""
    seen: set[str] = set()
    working = asyncio.create_task(import_work.settled())
    while not working.done():
        await asyncio.wait({working}, timeout=1.0)
        part = (await browser.get(where, headers={"hx-request": "true"})).text
        seen.update(re.findall(r"(\d+) ?%", part))
    return len(seen)


async def bring(browser: httpx.AsyncClient, content: bytes, waits: list[float]) -> None:
    """Go the whole way with one file."""
    with step("upload", waits):
        answer = await browser.post("/kb/import", files={"file": ("faq.csv", content)})
        where = answer.headers["location"]
    with step("dry run", waits):
        shown = await progress(browser, where)
    print(f"           {shown} different percentages were shown")
    with step("apply", waits):
        await browser.post(where, data={"action": "apply", "drafts": "overwrite"})
        await progress(browser, where)
    print(re.findall(r"\d[\d,]* entries|\d[\d,]* 条", (await browser.get(where)).text)[:1])


async def measure(folder: Path, rows: int, *, again: bool) -> None:
    """Bring a file, and print what that cost."""
    url = f"sqlite:///{folder}/bench.db"
    schema.upgrade(url)
    async with Database(url) as db:
        base = KnowledgeBase(db, FaqConfig(encoder="off"), folder)
        await base.start()
        live = Live(db)
        services = Services(
            db=db, knowledge=base, live=live, clock=now, inboxes=tuple,
            folder=Folder(folder / "files", LARGEST), chats=lambda _: None,
        )  # fmt: skip
        app = FastAPI()
        console.install(app, services)
        browser, waits = await editor(db, app), list[float]()
        writing = asyncio.create_task(customer(db, waits))
        await bring(browser, table(rows, ""), waits)
        if again:
            await bring(browser, table(rows, "到底"), waits)
        if writing.done():
            writing.result()
        writing.cancel()
        await base.close()
    print(f"{rows} rows; memory {rss():.0f} MB, load {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--again", action="store_true")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), chosen.rows, again=chosen.again))


if __name__ == "__main__":
    main()
