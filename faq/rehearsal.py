"""The publish gate: drafts are tried on examples, kept tests and real questions beforehand."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from faq.config import FaqConfig
from faq.encoder import Encoder
from faq.knowledge import KnowledgeBase
from faq.matcher import Decision, Matcher
from faq.modes import ModeMatcher
from faq.normalize import normalize
from faq.replay import Change, Failure, Outcome, Replay, Score, check, replay
from faq.script import Script, read_script
from faq.shortcut import FEW, LARGE, Nearby, Recalled, changed_entries
from faq.vectors import Vectors
from storage import rehearsals
from storage.database import Database, StorageError
from storage.models import Rehearsal

log = structlog.get_logger(__name__)

SHOWN = 200
"""How many changed answers are kept to be shown; the figures count all."""
TOLD_EVERY = 0.5
"""Seconds between two words about how far it is."""
AT_ONCE = 64
"""How many questions are encoded together."""
BREATH = 0.0005
"""Seconds that a replay leaves to customers after each question."""


class _Stopped(Exception):
    """The process ends; whoever wants to know begins anew."""


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
        self._known: tuple[object, dict[str, Decision]] = (None, {})
        self._stopping = False

    async def start(self, keys: Collection[str], author_id: UUID | None) -> UUID:
        """Begin to try the drafts of these entries; return where it can be followed."""
        now = self._clock()
        rehearsal, is_new = await self._db.write(rehearsals.begin, keys, author_id, now)
        if is_new:
            task = asyncio.create_task(self._work(rehearsal.id, tuple(rehearsal.keys)))
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

    async def _work(self, rehearsal_id: UUID, keys: Collection[str]) -> None:
        progress = _Progress(self)
        telling = asyncio.create_task(self._tell(rehearsal_id, progress))
        try:
            async with self._turn:
                result = await self._rehearse(keys, progress)
            await self._db.write(rehearsals.finish, rehearsal_id, result, self._clock())
        except _Stopped:
            log.info("rehearsal stopped")
        except Exception as problem:
            log.exception("rehearsal failed")
            kind = type(problem).__name__
            with contextlib.suppress(StorageError):
                await self._db.write(rehearsals.fail, rehearsal_id, kind, self._clock())
        finally:
            telling.cancel()

    async def _rehearse(self, keys: Collection[str], progress: _Progress) -> dict[str, Any]:
        script = await self._db.read(read_script, keys, self._config, self._clock())
        progress.total = 2 * len(script.questions) + len(script.examples)
        before = await self._base.build(script.live)
        progress.check()
        after = await self._base.build(script.drafted)
        changed = changed_entries(script.live, script.drafted)
        cast = Cast(before, after, None, self._memory_of(before))
        if len(script.live) >= LARGE and len(changed) <= FEW:
            cast = replace(cast, changed=await self._base.build(changed))
        encoder = self._base.encoder
        began = time.perf_counter()
        found = await asyncio.to_thread(_play, cast, script, encoder, progress)
        result = as_json(*found, script)
        return {**result, "seconds": round(time.perf_counter() - began, 1)}

    def _memory_of(self, live: ModeMatcher) -> dict[str, Decision]:
        """Return what is known of this live base's decisions, by question."""
        versions = tuple(entry.version_id for entry in live.entries)
        limits = sorted(self._base.config.category_thresholds.items())
        same = versions, live.snapshot.meaning is None, limits
        if same != self._known[0]:
            self._known = same, {}
        return self._known[1]

    async def _tell(self, rehearsal_id: UUID, progress: _Progress) -> None:
        while True:
            now = self._clock()
            with contextlib.suppress(StorageError):
                await self._db.write(
                    rehearsals.go_on, rehearsal_id, progress.done, progress.total, now
                )
            await asyncio.sleep(TOLD_EVERY)

    @property
    def stopping(self) -> bool:
        """Whether the process ends."""
        return self._stopping


class _Progress:
    """How far a rehearsal is, counted by its thread and told by the loop."""

    def __init__(self, owner: Rehearsals) -> None:
        self._owner = owner
        self.done = self.total = 0

    def check(self) -> None:
        """Give up where the process ends."""
        if self._owner.stopping:
            raise _Stopped

    def step(self, _done: int = 0) -> None:
        """Count one more, and let customers be answered in between."""
        self.check()
        self.done += 1
        time.sleep(BREATH)


class _Remembering:
    """Encodes what is asked many at a time, and each only once."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def learn(self, texts: Sequence[str]) -> None:
        """Encode these together."""
        new = [text for text in dict.fromkeys(texts) if text and text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        if len(texts) == 1 and (known := self._known.get(texts[0])) is not None:
            return known.reshape(1, -1)
        return self._encoder.encode(texts)


@dataclass(frozen=True, slots=True)
class Cast:
    """The matchers of a rehearsal; `changed` knows only what is different, in a large base."""

    before: ModeMatcher
    after: ModeMatcher
    changed: ModeMatcher | None
    memory: MutableMapping[str, Decision]

    def with_encoder(self, encoder: Encoder) -> Cast:
        """Return the same, asking another encoder for vectors."""
        changed = self.changed and self.changed.with_encoder(encoder)
        before, after = (each.with_encoder(encoder) for each in (self.before, self.after))
        return Cast(before, after, changed, self.memory)


def _play(
    cast: Cast, script: Script, encoder: Encoder | None, progress: _Progress
) -> tuple[Replay, list[Failure]]:
    if encoder is not None:
        remembering = _Remembering(encoder)
        texts = [each.text for each in script.questions]
        texts += [each.text for each in script.examples]
        for start in range(0, len(texts), AT_ONCE):
            forms = [normalize(text) for text in texts[start : start + AT_ONCE]]
            remembering.learn(forms)
            progress.check()
            progress.done = min(start + AT_ONCE, len(script.questions))
        cast = cast.with_encoder(remembering)
    progress.done = len(script.questions)
    before: Matcher = Recalled(cast.before, cast.memory)
    after: Matcher = cast.after
    if cast.changed is not None:
        keys = {entry.id.strip() for entry in cast.changed.entries}
        after = Nearby(before, cast.after, cast.changed, keys)
    found = replay(before, after, script.questions, progress.step)
    return found, check(before, after, script.examples, progress.step)


def as_json(found: Replay, failures: Sequence[Failure], script: Script) -> dict[str, Any]:
    """Return what a rehearsal found, to be stored and shown."""
    questions = {entry.id: entry.question for entry in script.drafted}
    effects = Counter(change.effect for change in found.changes)
    return {
        "asked": sum(question.times for question in script.questions),
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
