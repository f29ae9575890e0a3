"""A process that does nothing but mind the clock: `python ticking.py URL FOLDER`."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import timers as ticks
from bot.metrics import Metrics
from bot.signals import Signals
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from storage import activity
from storage.database import Database
from storage.models.activity import Fact


def moment() -> datetime:
    return datetime.now(UTC)


def note(session, timer, now) -> None:
    """Put down that it fired, how late, and who did it."""
    late = (moment() - timer.due_at).total_seconds()
    data = {"timer": timer.key, "late": late, "process": os.getpid()}
    activity.log(session, Fact.NOTE_ADDED, now, data=data)


async def main(url: str, folder: Path) -> None:
    ticks.EFFECTS["note"] = note
    async with Database(url) as db:
        knowledge = KnowledgeBase(db, FaqConfig(encoder="off"), folder)
        ticker = ticks.Ticker(db, knowledge, Signals(), moment, Metrics())
        ticker.start()
        print("ticking", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
