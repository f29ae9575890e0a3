"""Measure the publish gate: how long drafts are tried, and how long a customer waits meanwhile.

python benchmarks/faq/rehearse.py [--entries 10000] [--questions 5000] [--lexical]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session

from benchmarks.faq.speed import grown, rss
from channels.message import Address, Text
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.matcher import Entry
from faq.rehearsal import Rehearsals
from faq.stored import save
from storage import contacts, conversations, rehearsals, schema
from storage.database import Database
from storage.models import Author

NOISE = ("亲，", "请问", "在吗 ", "我想问下 ", "")
WHY = {"band": "suggest", "route": "ranked", "candidates": []}


def asked(entries: Sequence[Entry], number: int) -> list[str]:
    """Return as many different questions, each one of an entry's with a character less."""
    rng = random.Random(2)
    found: set[str] = set()
    while len(found) < number:
        entry = rng.choice(entries)
        text = rng.choice((entry.question, *entry.similar_questions))
        at = rng.randrange(len(text))
        found.add(f"{rng.choice(NOISE)}{text[:at]}{text[at + 1 :]}{rng.randrange(1000)}?")
    return sorted(found)


def store(session: Session, texts: Sequence[str], now: datetime) -> None:
    """Let a customer ask each question and the bot reply."""
    for number, text in enumerate(texts):
        name = f"c{number}"
        contact, _ = contacts.find_or_make(session, "shop", name, None, "zh", now)
        address = Address(inbox="shop", thread=name, contact=name)
        talk = conversations.open_for(session, address, contact, "zh", now)
        conversations.append(session, talk, Author.CONTACT, (Text(text=text),), now)
        conversations.append(session, talk, Author.BOT, (Text(text="…"),), now, why=WHY)
        conversations.save(session, talk)


async def customer(base: KnowledgeBase, until: asyncio.Event) -> list[float]:
    """Ask ten times a second until it is over; return how long each answer took."""
    waits = []
    while not until.is_set():
        began = time.perf_counter()
        await base.decide("请问我的退款什么时候能到账啊")
        waits.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.1)
    return sorted(waits)


async def measure(folder: Path, entries: Sequence[Entry], texts: Sequence[str], mode: str) -> None:
    """Try one changed draft, and print what it cost."""
    url, now = f"sqlite:///{folder}/bench.db", datetime.now(UTC)
    schema.upgrade(url)
    config = FaqConfig(encoder="off" if mode == "lexical" else "auto")
    async with Database(url) as db:
        await db.write(save, entries, now, note="all")
        await db.write(store, texts, now)
        base = KnowledgeBase(db, config, folder)
        await base.start()
        await base.settled()
        draft = Entry("made-200", "怎么退货", ("我要退货",), {"zh": "…"})
        await db.write(save, [draft], now)
        gate, over = Rehearsals(db, base, config, lambda: datetime.now(UTC)), asyncio.Event()
        asking = asyncio.create_task(customer(base, over))
        began, spent = time.perf_counter(), time.process_time()
        tried = await gate.start(["made-200"], None)
        await gate.settled()
        took, cpu = time.perf_counter() - began, time.process_time() - spent
        over.set()
        waits = await asking
        found = await db.read(rehearsals.get, tried)
        assert found is not None
        assert found.result is not None, found.problem
        await gate.close()
        await base.close()
    print(f"{mode}: {len(entries)} entries, {len(texts)} questions: {took:.1f} s, {cpu:.1f} s CPU")
    print(f"changed {found.result['changed']}, coverage {found.result['after']['coverage']}")
    middle, worst = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    print(f"a customer meanwhile: p50 {middle:.0f} ms, p99 {worst:.0f} ms, {len(waits)} asked")
    print(f"memory {rss():.0f} MB, load {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--lexical", action="store_true")
    chosen = parser.parse_args()
    entries = grown(3 * chosen.entries + 1000)[: chosen.entries]
    texts = asked(entries, chosen.questions)
    with TemporaryDirectory() as folder:
        mode = "lexical" if chosen.lexical else "semantic"
        asyncio.run(measure(Path(folder), entries, texts, mode))


if __name__ == "__main__":
    main()
