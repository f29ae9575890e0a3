"""Questions whose entry is known: what people confirmed, and what an operator wrote down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from faq.config import FaqConfig
from faq.script import asked_of
from faq.stored import live
from storage import asked, kept_tests, thresholds
from storage.database import Database

Known = tuple[str, str | None]
"""A question and the id of the entry that answers it; None: none does."""
FILE = "labels.jsonl"


async def known(db: Database, folder: Path, config: FaqConfig) -> list[Known]:
    """Return what an operator wrote down, and what people confirmed."""
    written = await asyncio.to_thread(read, folder)
    return joined(written, await db.read(confirmed, config))


def confirmed(session: Session, config: FaqConfig) -> list[Known]:
    """Return what people said until an administrator let the bot learn from it, else nothing.

    Customers whom an answer helped or who chose a question, agents who sent an entry's answer,
    and kept tests, which count before the others.
    """
    until = thresholds.learnt_until(session)
    return [] if until is None else said_until(session, config, until)


def said_until(session: Session, config: FaqConfig, until: datetime) -> list[Known]:
    """Return what people confirmed in the days before a moment, each question once."""
    since = until - timedelta(days=config.replay_days)
    questions = asked.recent(session, since, config.replay_most, until)
    found = {
        one.text: one.confirmed
        for one in asked_of(questions, live(session))
        if one.confirmed is not None
    }
    tests = [test for test in kept_tests.kept(session) if test.must_match and test.at <= until]
    return list({**found, **{test.text: test.article_key for test in tests}}.items())


def read(folder: Path) -> list[Known]:
    """Return what `write` left in a folder, nothing where there is no such file."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
        return [(str(row["text"]), row["faq_id"]) for row in map(json.loads, lines)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write(folder: Path, known: Iterable[Known]) -> Path:
    """Leave labelled questions where the service learns from them; return the file."""
    rows = ({"text": text, "faq_id": key} for text, key in known)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f"{FILE}.part"
    part.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return part.replace(folder / FILE)


def joined(first: Sequence[Known], second: Sequence[Known]) -> list[Known]:
    """Return both, each question once; the second says what counts."""
    return list({**dict(first), **dict(second)}.items())
