"""Brings files in: fetches what customers sent, keeps it, and removes what nobody may have."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session

from bot.inboxes import Inboxes
from bot.lane_loop import backoff
from channels.errors import ChannelError, Gone, RateLimited, Refused
from channels.files import OURS, Download, File, MediaSource
from channels.filetypes import UNKNOWN
from storage import attachments, fetching, media
from storage.database import Database, StorageError
from storage.folder import Folder, Kept, TooLarge, Writing
from storage.models import MediaFile, MediaState

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""How many files one process fetches at a time."""
TRIES = 12
"""With the longest pauses they last for a day; platforms keep files for three."""
LONGEST_PAUSE = 4 * 3600.0
IDLE_SECONDS = 1.0
TIDY_SECONDS = 3600.0
LEFT_ALONE = 24 * 3600.0
"""How old bytes without a row must be to be removed: nobody is still writing them."""
TOO_LARGE = "larger than media.max_bytes"


class StoredFiles:
    """The house's files as adapters are lent them."""

    def __init__(self, db: Database, folder: Folder) -> None:
        self._db, self._folder = db, folder

    @asynccontextmanager
    async def open(self, ref: str) -> AsyncIterator[File]:
        """Open a file by its `ref`.

        Raises:
            Gone: there is no such file (any more).
        """
        found = await self._db.read(_of_ours, ref.removeprefix(OURS))
        if not ref.startswith(OURS) or found is None or found.state is not MediaState.STORED:
            raise Gone
        try:
            stream = await asyncio.to_thread(self._folder.open, found.place)
        except FileNotFoundError:
            raise Gone from None
        with stream:
            yield File(found.name or "file", found.type or UNKNOWN, found.size or 0, stream)


def _of_ours(session: Session, media_id: str) -> MediaFile | None:
    return media.get(session, media_id) or attachments.get(session, media_id)


class Fetcher:
    """Fetches files in the background, a few at a time; what it does not finish comes again."""

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        folder: Folder,
        clock: Callable[[], datetime],
        *,
        patience: float,
        keep: timedelta | None,
    ) -> None:
        self._db, self._inboxes, self._folder, self._clock = db, inboxes, folder, clock
        self._patience, self._keep = patience, keep
        self._busy: set[asyncio.Task[None]] = set()
        self._end = asyncio.Event()
        self._tidied: float | None = None

    async def run(self) -> None:
        """Fetch until `stop`; nothing that goes wrong ends the loop."""
        ending = asyncio.create_task(self._end.wait())
        try:
            while not self._end.is_set():
                await self._guarded()
                waited = (ending, *self._busy) if len(self._busy) == AT_ONCE else (ending,)
                await asyncio.wait(
                    waited, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            ending.cancel()
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)

    def stop(self) -> None:
        """Let `run` end; a file half fetched is fetched again after its lease."""
        self._end.set()

    async def look(self) -> int:
        """Begin with what is due, as far as there is room; return how much that was."""
        inboxes, now = self._sources(), self._clock()
        room = AT_ONCE - len(self._busy)
        if not room or not await self._db.read(fetching.any_due, inboxes, now):
            return 0
        # Longer than a fetch can take: only what was given up is taken by somebody else.
        lease = timedelta(seconds=2 * self._patience + 60)
        claimed = await self._db.write(fetching.claim, inboxes, now, lease, room)
        for file in claimed:
            task = asyncio.create_task(self._work(file), name=f"file of {file.inbox}")
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._busy)

    async def tidy(self) -> None:
        """Doom what is too old, and remove bytes that no row knows."""
        before = self._clock() - self._keep if self._keep is not None else None
        doomed = await self._db.write(partial(fetching.forget, before=before), self._clock())
        await self._tidy_answers()
        until = time.time() - LEFT_ALONE
        await asyncio.to_thread(self._folder.clear_aside, until)
        lying = await asyncio.to_thread(self._folder.ids, until)
        for start in range(0, len(lying), 500):
            batch = lying[start : start + 500]
            for stray in set(batch) - await self._db.read(fetching.known, batch):
                await asyncio.to_thread(self._folder.remove, stray)
        if doomed:
            log.info("files are forgotten", files=doomed)

    async def _tidy_answers(self) -> None:
        unused = await self._db.read(attachments.unused, self._clock())
        if unused:
            for gone in await self._db.write(attachments.forget, unused, self._clock()):
                await asyncio.to_thread(self._folder.remove, gone)

    async def _guarded(self) -> None:
        try:
            if self._tidied is None or time.monotonic() - self._tidied > TIDY_SECONDS:
                self._tidied = time.monotonic()
                await self.tidy()
            await self.look()
        except (StorageError, OSError) as problem:
            log.warning("files cannot be looked after", problem=problem)

    def _sources(self) -> list[str]:
        return [
            inbox.name
            for inbox in self._inboxes.by_name.values()
            if inbox.ready.is_set() and isinstance(inbox.adapter, MediaSource)
        ]

    async def _work(self, file: MediaFile) -> None:
        try:
            if file.state is MediaState.DOOMED:
                await asyncio.to_thread(self._folder.remove, file.id)
                await self._db.write(fetching.removed, file)
            else:
                await self._fetch(file)
        except StorageError as problem:
            log.warning("a file waits for the database", inbox=file.inbox, problem=problem)

    async def _fetch(self, file: MediaFile) -> None:
        try:
            async with asyncio.timeout(self._patience):
                kept = await self._bring(file)
        except Gone as problem:
            await self._lost(file, MediaState.GONE, f"{problem}")
        except TooLarge:
            await self._lost(file, MediaState.FAILED, TOO_LARGE)
        except Refused as problem:
            await self._lost(file, MediaState.FAILED, f"{problem}")
        except (ChannelError, TimeoutError, OSError) as problem:
            await self._again(file, problem)
        except Exception as problem:
            log.exception("an adapter broke while fetching", inbox=file.inbox)
            await self._again(file, problem)
        else:
            if not await self._db.write(fetching.stored, file, kept, self._clock()):
                await self._unless_known(file)

    async def _bring(self, file: MediaFile) -> Kept:
        inbox = self._inboxes.by_name[file.inbox]
        assert isinstance(inbox.adapter, MediaSource)  # noqa: S101 - others' files are not claimed
        writing = await asyncio.to_thread(self._folder.begin)
        try:
            async with inbox.adapter.fetch(file.ref or "") as found:
                await self._pour(found, writing)
                name = file.name or found.name
            kept = await asyncio.to_thread(writing.look, name)
            await asyncio.to_thread(writing.keep, file.id)
        finally:
            await asyncio.to_thread(writing.drop)
        return kept

    async def _pour(self, found: Download, writing: Writing) -> None:
        async for chunk in found.chunks:
            writing.write(chunk)

    async def _again(self, file: MediaFile, problem: Exception) -> None:
        words = f"{problem}" or type(problem).__name__
        if file.attempts >= TRIES:
            await self._lost(file, MediaState.FAILED, f"gave up: {words}")
            return
        pause = backoff(file.attempts, random.random(), base=4, longest=LONGEST_PAUSE)  # noqa: S311 - jitter
        if isinstance(problem, RateLimited):
            pause = max(pause, timedelta(seconds=problem.retry_after))
        log.info("will fetch a file again", inbox=file.inbox, problem=words)
        await self._db.write(fetching.postpone, file, words, self._clock() + pause)

    async def _lost(self, file: MediaFile, state: MediaState, problem: str) -> None:
        log.warning("a customer's file was not to be had", inbox=file.inbox, problem=problem)
        await self._db.write(fetching.lost, file, state, problem, self._clock())

    async def _unless_known(self, file: MediaFile) -> None:
        if await self._db.read(media.get, file.id) is None:
            await asyncio.to_thread(self._folder.remove, file.id)
