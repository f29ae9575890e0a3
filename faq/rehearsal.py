"""The publish gate: drafts are tried on examples, kept tests and real questions beforehand."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from faq.cast import Cast, Progress, Stopped, casting, casting_one, play
from faq.config import FaqConfig
from faq.knowledge import KnowledgeBase
from faq.matcher import Entry
from faq.modes import ModeMatcher
from faq.replay import Asked, Change, Failure, Outcome, Replay, Score
from faq.script import Script, read_script
from faq.shortcut import Known
from storage import rehearsals
from storage.database import Database, StorageError
from storage.models import Rehearsal

log = structlog.get_logger(__name__)

SHOWN = 200
"""How many changed answers are kept to be shown; the figures count all."""
TOLD_EVERY = 0.5
"""Seconds between two words about how far it is."""
Questions = Callable[[], Awaitable[Sequence[Asked]]]
_Scene = Callable[[], Awaitable[tuple[Cast, Script]]]


class Rehearsals:
    """Works on rehearsals one after the other, beside whatever else this process does."""

    def __init__(
        self,
        db: Database,
        base: KnowledgeBase,
        config: FaqConfig,
        clock: Callable[[], datetime],
    ) -> None:
        self._db, self._base, self._config, self._clock = db, base, config, clock
        self._running: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._known: tuple[object, dict[str, Known]] = (None, {})
        self._stopping = False

    async def start(self, keys: Collection[str], author_id: UUID | None) -> UUID:
        """Begin to try the drafts of these entries; return where it can be followed."""
        return await self._begin(
            partial(rehearsals.begin, keys=keys, author_id=author_id),
            lambda: self._drafts(keys),
        )

    async def start_one(self, entry: Entry, asked: Questions, author_id: UUID | None) -> UUID:
        """Begin to try one entry that nobody has saved yet; return where it can be followed.

        `asked` gets the questions that it is tried on, when its turn has come.
        """
        return await self._begin(
            partial(rehearsals.begin_one, what=repr(entry), author_id=author_id),
            lambda: self._one(entry, asked),
        )

    async def _begin(self, begin: Callable[..., tuple[Rehearsal, bool]], scene: _Scene) -> UUID:
        rehearsal, is_new = await self._db.write(begin, now=self._clock())
        if is_new:
            task = asyncio.create_task(self._work(rehearsal.id, scene))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return rehearsal.id

    async def settled(self) -> None:
        """Wait until nothing is being tried."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Stop; what is unfinished is seen to be by its age."""
        self._stopping = True
        await self.settled()

    async def _work(self, rehearsal_id: UUID, scene: _Scene) -> None:
        progress = Progress(lambda: self._stopping)
        telling = asyncio.create_task(self._tell(rehearsal_id, progress))
        try:
            async with self._turn:
                result = await self._rehearse(scene, progress)
            await self._db.write(rehearsals.finish, rehearsal_id, result, self._clock())
        except Stopped:
            log.info("rehearsal stopped")
        except Exception as problem:
            log.exception("rehearsal failed")
            kind = type(problem).__name__
            with contextlib.suppress(StorageError):
                await self._db.write(rehearsals.fail, rehearsal_id, kind, self._clock())
        finally:
            telling.cancel()

    async def _rehearse(self, scene: _Scene, progress: Progress) -> dict[str, Any]:
        cast, script = await scene()
        progress.total = len(script.questions) + len(script.examples)
        progress.check()
        began = time.perf_counter()
        memory = self._memory_of(cast.before)
        found = await asyncio.to_thread(play, cast, script, memory, progress)
        result = as_json(*found, script)
        return {**result, "seconds": round(time.perf_counter() - began, 1)}

    async def _drafts(self, keys: Collection[str]) -> tuple[Cast, Script]:
        now = self._clock()
        script = await self._db.read(read_script, keys, self._config, now)
        return await casting(self._base, script.live, script.drafted, now), script

    async def _one(self, entry: Entry, asked: Questions) -> tuple[Cast, Script]:
        script = Script((), (entry,), (), await asked())
        return await casting_one(self._base, entry), script

    def _memory_of(self, live: ModeMatcher) -> dict[str, Known]:
        """Return what is known of this matcher's decisions, by question."""
        if live is not self._known[0]:
            self._known = live, {}
        return self._known[1]

    async def _tell(self, rehearsal_id: UUID, progress: Progress) -> None:
        while True:
            now = self._clock()
            with contextlib.suppress(StorageError):
                await self._db.write(
                    rehearsals.go_on, rehearsal_id, progress.done, progress.total, now
                )
            await asyncio.sleep(TOLD_EVERY)


def as_json(found: Replay, failures: Sequence[Failure], script: Script) -> dict[str, Any]:
    """Return what a rehearsal found, to be stored and shown."""
    questions = {entry.id: entry.question for entry in script.drafted}
    effects = Counter(change.effect for change in found.changes)
    return {
        "asked": sum(question.times for question in script.questions),
        "tried": len(script.questions),
        "before": _score(found.before),
        "after": _score(found.after),
        "changed": len(found.changes),
        "effects": dict(effects),
        "changes": [_change(change) for change in found.changes[:SHOWN]],
        "failures": [_failure(failure, questions) for failure in failures[:SHOWN]],
        "failed": len(failures),
        "new_failures": sum(not failure.already for failure in failures),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "coverage": score.coverage,
        "precision": score.precision,
        "judged": score.judged,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "text": change.asked.text[:500],
        "times": change.asked.times,
        "confirmed": change.asked.confirmed,
        "effect": change.effect,
        "kind": change.kind,
        "before": _outcome(change.before, change.after),
        "after": _outcome(change.after, change.before),
    }


def _outcome(outcome: Outcome, other: Outcome | None = None) -> dict[str, Any]:
    lines = outcome.answer.splitlines()
    if other is not None and other.entry_id == outcome.entry_id:
        same = set(other.answer.splitlines())
        lines = [line for line in lines if line not in same] or lines
    return {
        "band": outcome.band.value,
        "entry": outcome.entry_ids[0] if outcome.entry_ids else None,
        "question": outcome.question,
        "offered": len(outcome.entry_ids),
        "others": list(outcome.entry_ids[1:]),
        "answer": "\n".join(lines)[:300],
    }


def _failure(failure: Failure, questions: Mapping[str, str]) -> dict[str, Any]:
    key = failure.example.entry_id
    return {
        "text": failure.example.text[:500],
        "entry": key,
        "question": questions.get(key or "", key),
        "must_match": failure.example.must_match,
        "already": failure.already,
        "outcome": _outcome(failure.outcome),
    }


def may_be_published(rehearsal: Rehearsal) -> bool:
    """Say whether every example came out as it must."""
    return rehearsal.result is not None and not rehearsal.result["failed"]
