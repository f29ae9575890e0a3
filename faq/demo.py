"""The demo's knowledge base, so that a newcomer's first question has an answer."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files

from sqlmodel import Session

from faq.importer import read
from storage import knowledge
from storage.database import Database
from storage.knowledge import Content

FILE = "demo.yaml"


async def publish_demo(db: Database, now: datetime) -> bool:
    """Publish the demo's entries if nothing was ever published; say whether it was done."""
    if await db.read(knowledge.current_release):
        return False
    found = read(FILE, (files("faq") / FILE).read_bytes())
    contents = {
        entry.id: Content(
            question=entry.question,
            similar_questions=entry.similar_questions,
            answers=dict(entry.answers),
            kind=entry.kind,
            category=entry.category,
        )
        for entry in found.entries
    }
    return await db.write(_publish, contents, now)


def _publish(session: Session, contents: dict[str, Content], now: datetime) -> bool:
    if knowledge.current_release(session) or knowledge.list_articles(session, limit=1):
        return False
    knowledge.save_drafts(session, contents, None, now)
    knowledge.publish(session, None, "The demo's first release", now)
    return True
