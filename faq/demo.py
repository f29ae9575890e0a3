"""The demo's knowledge base, so that a newcomer's first question has an answer."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files

from sqlmodel import Session

from faq.importer import read
from faq.matcher import Entry
from faq.stored import save
from storage import knowledge
from storage.database import Database

FILE = "demo.yaml"


@cache
def demo_entries() -> tuple[Entry, ...]:
    """Return the entries of the demo shop, 云杉生活 (Spruce Living)."""
    return read(FILE, (files("faq") / FILE).read_bytes()).entries


async def publish_demo(db: Database, now: datetime) -> bool:
    """Publish the demo's entries if nothing was ever published; say whether it was done."""
    if await db.read(knowledge.current_release):
        return False
    return await db.write(_publish, demo_entries(), now)


def _publish(session: Session, entries: tuple[Entry, ...], now: datetime) -> bool:
    if knowledge.current_release(session) or knowledge.list_articles(session, limit=1):
        return False
    save(session, entries, now, note="演示内容 · demo content")
    return True
