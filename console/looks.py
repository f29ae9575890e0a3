"""Looks for missed questions when somebody asks for it, beside everything else."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog
from sqlmodel import Session

from console.services import Services
from handlers.desk import gaps
from storage import timers
from storage.database import StorageError
from storage.models import Timer

log = structlog.get_logger(__name__)
_looks: set[asyncio.Task[None]] = set()


async def ask(found: Services) -> datetime:
    """Look now; who asks again in the same minute gets the same look. Return when it was asked."""
    now = found.clock()
    asked, is_new = await found.db.write(_asked, now)
    if is_new:
        task = asyncio.create_task(_look(found, now), name="gaps")
        _looks.add(task)
        task.add_done_callback(_looks.discard)
    return asked


def stamp(moment: datetime) -> int:
    """Return a moment in milliseconds, as an address says it."""
    return int(moment.timestamp() * 1000)


async def settled() -> None:
    """Wait until no look goes on in this process."""
    await asyncio.gather(*_looks, return_exceptions=True)


def _asked(session: Session, now: datetime) -> tuple[datetime, bool]:
    key = f"{gaps.KIND}:asked:{now:%Y-%m-%dT%H:%M}"
    is_new = timers.add(session, key, gaps.KIND, now, {})
    return now if is_new else session.get_one(Timer, key).due_at, is_new


async def _look(found: Services, now: datetime) -> None:
    try:
        number = await gaps.look(found.db, found.knowledge, now)
        log.info("looked for gaps", found=number)
    except StorageError:
        log.exception("the look for gaps found the database unable")
