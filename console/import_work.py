"""A file is looked at and taken in beside everything else: in a thread, with its progress told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlmodel import Session

from console.services import Services
from faq import columns, imports
from faq.compare import Report, compare
from faq.importer import SAMPLES, Imported, read
from faq.rows import BadFile, open_rows
from storage import imports as table
from storage import staged
from storage.articles import Content
from storage.database import StorageError
from storage.imports import Overtaken
from storage.models import FileImport, ImportState

log = structlog.get_logger(__name__)
R = TypeVar("R")

EVERY = 0.7
"""Seconds between two words about the progress."""
SHOWN, SHOWN_CHARS = 3, 120
"""How much of a column is shown to be recognised."""
READY = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)
"""From where a file can be looked at."""
_tasks: set[asyncio.Task[None]] = set()


class _GivenUp(Exception):
    """This process ends; whoever comes next begins again."""


class Progress:
    """Hears from the thread how far it is, lets others have the processor, and can stop it."""

    def __init__(self) -> None:
        self.done = self.total = self.phase = 0
        self.stopped = False

    def __call__(self, done: int, total: int) -> None:
        """Take note: reading is one half of the work, comparing the other."""
        if self.stopped:
            raise _GivenUp
        self.done, self.total = done + self.phase * total, 2 * total
        time.sleep(0.001)


def look(name: str, content: bytes) -> dict[str, Any]:
    """Return what the columns seem to mean, with samples.

    Raises:
        faq.rows.BadFile: the file cannot be read.
    """
    sheet = open_rows(Path(name).suffix.lower(), content)
    objects = [row for _, row in sheet.rows if isinstance(row, Mapping)]
    if not sheet.rows:
        raise BadFile("the file holds no rows below its first one")
    found = columns.guess(list(sheet.columns), objects[:SAMPLES])
    samples = {title: _samples(title, objects) for title in found}
    return {
        "rows": len(sheet.rows),
        "columns": [
            {"title": title, "field": one.field, "sure": one.sure, "samples": samples[title]}
            for title, one in found.items()
        ],
    }


def _samples(title: str, rows: list[Mapping[str, Any]]) -> list[str]:
    texts = (str(row[title])[:SHOWN_CHARS] for row in rows if row.get(title))
    return [text for _, text in zip(range(SHOWN), texts, strict=False)]


def begin(found: Services, row: FileImport, *, apply: bool, keep_drafts: bool = False) -> None:
    """Begin to look at a claimed file, or to take it in."""
    work = _apply(found, row, keep_drafts=keep_drafts) if apply else _check(found, row)
    task = asyncio.create_task(_guarded(found, row, work), name=f"import-{row.id}")
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def settled() -> None:
    """Wait until no file is being worked on in this process."""
    await asyncio.gather(*_tasks, return_exceptions=True)


async def _guarded(found: Services, row: FileImport, work: Any) -> None:  # noqa: ANN401 - a coroutine
    try:
        await work
    except StorageError:
        log.exception("an import found the database unable", file=row.id)
    except Exception as problem:
        log.exception("an import broke", file=row.id)
        report = {**row.report, "broken": type(problem).__name__}
        await found.db.write(table.finish, row.id, ImportState.FAILED, report, found.clock())


async def _check(found: Services, row: FileImport) -> None:
    _, report, base = await _looked(found, row)
    await _told(found, row, report, base)


async def _told(
    found: Services, row: FileImport, report: Report, base: imports.Base, **more: object
) -> None:
    state = ImportState.FAILED if report.errors else ImportState.CHECKED
    kept = {**_seen(row), **imports.stored(report, base.marks), **more}
    await found.db.write(table.finish, row.id, state, kept, found.clock())


def _seen(row: FileImport) -> dict[str, Any]:
    return {name: row.report[name] for name in ("rows", "columns") if name in row.report}


async def _looked(found: Services, row: FileImport) -> tuple[Imported, Report, imports.Base]:
    progress = Progress()
    content = await asyncio.to_thread(found.folder.path(row.id).read_bytes)
    meanings = {str(title): str(field) for title, field in row.columns.items()}
    imported = await _watched(
        found, row, progress, lambda: read(row.name, content, meanings, progress)
    )
    imported = await found.db.read(imports.filled, imported)
    base = await found.db.read(imports.base)
    progress.phase = 1
    report = await _watched(
        found, row, progress, lambda: compare(imported, base.live, base.drafts, progress)
    )
    return imported, report, base


async def _watched(
    found: Services, row: FileImport, progress: Progress, work: Callable[[], R]
) -> R:
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        while not (await asyncio.wait({thread}, timeout=EVERY))[0]:
            done, total = progress.done, progress.total
            await found.db.write(table.beat, row.id, done, total, found.clock())
    except asyncio.CancelledError:
        progress.stopped = True
        raise
    return thread.result()


async def _apply(found: Services, row: FileImport, *, keep_drafts: bool) -> None:
    imported, report, base = await _looked(found, row)
    if report.errors:
        await _told(found, row, report, base)
        return
    marks = {str(key): str(mark) for key, mark in row.report.get("marks", {}).items()}
    if imports.stored(report, base.marks)["marks"] != marks:
        await _told(found, row, report, base, overtaken=True)
        return
    contents = await asyncio.to_thread(imports.chosen, imported, report, keep_drafts=keep_drafts)
    met = [mark for key, mark in marks.items() if key in contents]
    final = {**_seen(row), **imports.stored(report, {}), "written": len(contents)}
    try:
        await _stage(found, row, contents)
        await found.db.write(table.apply, row.id, met, final, found.clock())
    except Overtaken:
        await unstage(found, row.id)
        await _told(found, row, report, base, overtaken=True)
        return
    for piece in staged.pieces(contents):
        await found.db.write(staged.put_in_place, piece)
    await asyncio.to_thread(found.folder.remove, row.id)


async def _stage(found: Services, row: FileImport, contents: Mapping[str, Content]) -> None:
    """Write the drafts where nobody sees them, so many at a time that nobody waits for long."""
    await unstage(found, row.id)
    number, now, done = staged.stage_of(row.id), found.clock(), 0
    for piece in staged.pieces(contents):
        await found.db.write(
            _stage_some, row.id, (number, done, len(contents)), piece, row.agent_id, now
        )
        done += len(piece)


def _stage_some(
    session: Session,
    import_id: str,
    progress: tuple[int, int, int],
    piece: Mapping[str, Content],
    author: UUID,
    now: datetime,
) -> None:
    number, done, total = progress
    staged.stage(session, number, piece, author, now)
    table.beat(session, import_id, done + len(piece), total, now)


async def unstage(found: Services, import_id: str) -> None:
    """Forget what an import had begun to write, piece by piece."""
    while await found.db.write(staged.drop, staged.stage_of(import_id)):
        pass
