"""A file's way into the drafts: what is there, what it would do, and doing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from faq.compare import Drafted, Report
from faq.importer import Imported, with_files
from faq.matcher import Entry
from faq.stored import content_of, entry_of, live
from storage import attachments, imports, releases, staged
from storage.articles import Content, LiveEntry
from storage.database import Database
from storage.imports import Overtaken, Waiting

STAGE = staged.stage_of("the command line")
LISTED = 200
"""How many keys and rows of a kind a stored report names; it counts all."""


@dataclass(frozen=True, slots=True)
class Base:
    """What an import meets: the live entries, the drafts, and the marks of the drafts."""

    live: Sequence[Entry]
    drafts: Mapping[str, Drafted]
    marks: Mapping[str, str]


def base(session: Session) -> Base:
    """Return what an import meets now."""
    waiting = imports.waiting(session)
    return Base(
        live(session),
        {each.key: _drafted(each) for each in waiting},
        {each.key: each.mark for each in waiting},
    )


def _drafted(waiting: Waiting) -> Drafted:
    entry = entry_of(LiveEntry(waiting.key, UUID(int=0), waiting.content))
    return Drafted(
        None if waiting.deleted else entry, waiting.author_id is not None, waiting.author
    )


def filled(session: Session, imported: Imported) -> Imported:
    """Return what a file holds with the files of ours that it refers to."""
    ids = {file.id for entry in imported.entries for file in entry.rules.files}
    return with_files(imported, attachments.found(session, ids)) if ids else imported


def chosen(imported: Imported, report: Report, *, keep_drafts: bool) -> dict[str, Content]:
    """Return what is to be written, by key; `keep_drafts` leaves out those in conflict."""
    kept = {conflict.key for conflict in report.conflicts} if keep_drafts else set()
    wanted = report.touched - kept
    return {
        entry.id: content_of(entry, imported.told.get(entry.id))
        for entry in imported.entries
        if entry.id in wanted
    }


def stored(report: Report, marks: Mapping[str, str]) -> dict[str, Any]:
    """Return a report as it is kept between two pages: everything counted, not everything listed.

    The marks are those of the drafts that the import would write over.
    """
    touched = report.touched
    return {
        "new": len(report.new),
        "changed": len(report.changed),
        "same": len(report.same),
        "keys": {"new": report.new[:LISTED], "changed": report.changed[:LISTED]},
        "errors": [asdict(error) for error in report.errors],
        "clashes": [asdict(clash) for clash in report.clashes],
        "clashing": report.clashing,
        "conflicts": [asdict(conflict) for conflict in report.conflicts[:LISTED]],
        "conflicting": len(report.conflicts),
        "marks": {key: mark for key, mark in marks.items() if key in touched},
    }


async def write(
    db: Database,
    contents: Mapping[str, Content],
    marks: Collection[str],
    now: datetime,
    note: str | None = None,
) -> None:
    """Write drafts piece by piece, seen all at once or never, while others go on writing.

    What a command that was broken off left behind is dropped first. `marks` are those of the
    drafts that these take the place of. With a `note` they are not even drafts: what makes them
    seen makes them live, as a release of that note.

    Raises:
        storage.imports.Overtaken: such a draft was written meanwhile, or another command runs.
    """
    await _clear(db)
    for piece in staged.pieces(contents):
        await db.write(staged.stage, STAGE, piece, None, now)
    try:
        await db.write(_reveal, contents, marks, now, note)
    except Overtaken:
        await _clear(db)
        raise
    for piece in staged.pieces(contents):
        await db.write(staged.put_in_place, piece)


async def _clear(db: Database) -> None:
    while await db.write(staged.drop, STAGE):
        pass


def _reveal(
    session: Session,
    contents: Mapping[str, Content],
    marks: Collection[str],
    now: datetime,
    note: str | None,
) -> None:
    if staged.count(session, STAGE) != len(contents):
        raise Overtaken("another import runs at the same time: nothing was imported")
    imports.reveal(session, STAGE, marks)
    if note is not None:
        releases.publish(session, None, note, now, contents.keys())
