"""The knowledge base in memory: one snapshot that everybody reads, swapped when it is outdated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from faq import labels, stored
from faq.apprentice import Apprentice
from faq.aside import Scribe
from faq.budget import within
from faq.config import FaqConfig
from faq.edits import Edit, valid
from faq.encoder import CachedEncoder, Encoder
from faq.extras import NO_ENCODER, lacking
from faq.matcher import Band, Decision, Entry
from faq.modes import ModeMatcher, next_change
from faq.normalize import RAW_LIMIT
from faq.pauses import built
from faq.ranker import Models
from faq.tokens import Tokens
from storage.changes import changed_since
from storage.database import Database
from storage.types import utcnow

log = structlog.get_logger(__name__)

THREADS = 2
LEARN_AFTER = 30.0
"""How many seconds a base must have been the same before models are fitted to it."""


class KnowledgeBase:
    """Answers from the live release.

    It is ready with words alone; the sentence encoder is loaded in the background and joins
    with a better snapshot. A message meanwhile gets what the words can prove.
    """

    def __init__(
        self,
        db: Database,
        config: FaqConfig,
        data_dir: Path,
        load_encoder: Callable[[Path], Encoder | None] | None = None,
        clock: Callable[[], datetime] = utcnow,
        learn_after: float = LEARN_AFTER,
    ) -> None:
        self._db = db
        self._given = self._config = config
        self._folder = data_dir / "faq"
        self._tokens = Tokens(self._folder / "jieba")
        self._encoder: CachedEncoder | None = None
        self._clock = clock
        self._matcher: ModeMatcher | None = None
        self._stored: dict[str, Entry] = {}
        self._changes_at: datetime | None = None
        self._by_id: dict[str, Entry] = {}
        self._release = self._limits = -1
        self._problem: str | None = None
        self._refreshing = asyncio.Lock()
        self._deciders = ThreadPoolExecutor(THREADS, "faq")
        self._joining: asyncio.Task[None] | None = None
        self._scribe = Scribe(self._folder)
        self._load_encoder = load_encoder or self._scribe.load
        self._apprentice = Apprentice(config, self._folder)
        self._learn_after = learn_after
        self._learning: asyncio.Task[None] | None = None
        self._models: Models | None = None

    @property
    def ready(self) -> bool:
        """Say whether questions can be answered."""
        return self._matcher is not None

    @property
    def release(self) -> int:
        """The number of the release in memory, 0 before the first."""
        return max(self._release, 0)

    @property
    def problem(self) -> str | None:
        """What keeps answers from being as good as they could be, for the operator."""
        return self._problem

    @property
    def semantic(self) -> bool:
        """Say whether meaning is compared, not only words."""
        return self._matcher is not None and self._matcher.snapshot.meaning is not None

    @property
    def config(self) -> FaqConfig:
        """What answering goes by now, with the thresholds that were applied at the desk."""
        return self._config

    def threshold(self, entry: Entry) -> float:
        """Return from which confidence on an entry answers; 1 where nothing is loaded yet."""
        return 1.0 if self._matcher is None else self._matcher.threshold(entry)

    @property
    def encoder(self) -> Encoder | None:
        """What makes vectors of sentences, None where only words are compared."""
        return self._encoder

    def entry(self, entry_id: str) -> Entry | None:
        """Return one live entry, None if there is none of this id."""
        return self._by_id.get(entry_id)

    def entries(self) -> tuple[Entry, ...]:
        """Return the live entries."""
        return tuple(self._by_id.values())

    @property
    def matcher(self) -> ModeMatcher | None:
        """What answers now; it never changes, but another takes its place."""
        return self._matcher

    async def start(self) -> None:
        """Build the first snapshot, then let the encoder join in the background."""
        for missing in lacking(semantic=False):
            log.warning("segmenter missing", problem=missing)
        await asyncio.to_thread(self._tokens.warm_up)
        await self.refresh()
        if self._config.encoder == "auto" and self._joining is None:
            self._joining = asyncio.create_task(self._join_encoder(), name="faq-encoder")

    async def settled(self) -> None:
        """Wait until the encoder has joined or has been found missing."""
        if self._joining is not None:
            await asyncio.shield(self._joining)

    async def close(self) -> None:
        """End the background work."""
        tasks = [task for task in (self._joining, self._learning) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._scribe.close()
        self._apprentice.close()
        self._deciders.shutdown(wait=False, cancel_futures=True)

    async def refresh(self) -> bool:
        """Reload if another release is live, or other thresholds; say whether it was so.

        Raises:
            storage.database.StorageError: the database cannot be read.
        """
        async with self._refreshing:
            release, limits = await self._db.read(stored.state)
            anew = limits != self._limits or self._is_time_for_another()
            if release == self._release and not anew:
                return False
            if anew or not await self._patch():
                (release, self._limits), told, entries = await self._db.read(stored.everything)
                known = {**self._given.category_thresholds, **told}
                self._config = self._given.model_copy(update={"category_thresholds": known})
                await self._swap(release, entries)
            return True

    async def _patch(self) -> bool:
        """Put a few changed entries beside the index; say whether that was enough."""
        matcher = self._matcher
        if matcher is None or self._release < 1:
            return False
        changes = await self._db.read(changed_since, self._release)
        changed, now = [stored.entry_of(row) for row in changes.entries], self._clock()
        applying = valid(changed, now)
        gone = frozenset(e.id for e in changed) - {entry.id for entry in applying}
        edit = Edit(applying, gone.union(changes.gone))
        if not edit.fits(matcher):
            return False
        self._matcher = await asyncio.to_thread(edit.applied, matcher)
        for key in edit.gone:
            self._by_id.pop(key, None)
        for key in changes.gone:
            self._stored.pop(key, None)
        self._by_id.update((entry.id, entry) for entry in applying)
        self._stored.update((entry.id, entry) for entry in changed)
        moments = filter(None, (self._changes_at, next_change(changed, now)))
        self._changes_at = min(moments, default=None)
        self._release = changes.release
        log.info("knowledge changed", release=self._release, changed=len(changed))
        return True

    def _is_time_for_another(self) -> bool:
        return self._changes_at is not None and self._changes_at <= self._clock()

    async def build(self, entries: Iterable[Entry]) -> ModeMatcher:
        """Return a matcher over those of these entries that are valid now, in a thread."""
        now, tokens, encoder, models = self._clock(), self._tokens, self._encoder, self._models

        def make() -> ModeMatcher:
            return ModeMatcher.build(valid(entries, now), self._config, tokens, encoder, models)

        return await asyncio.to_thread(built, make)

    async def decide(self, text: str) -> Decision:
        """Decide about a customer's text, within the time budget."""
        matcher = self._matcher
        if matcher is None:
            return _nothing("not-ready")
        budget, patience = self._config.budget_ms / 1000, self._config.patience_ms / 1000
        work = partial(matcher.decide, text[:RAW_LIMIT])
        decision = await within(budget, patience, self._deciders, work)
        return _nothing("timeout") if decision is None else self._still_live(decision)

    async def tried(self, text: str, changed: Iterable[Entry], gone: Collection[str]) -> Decision:
        """Decide as if entries were changed or gone: an editor waits, so without a time budget."""
        if self._matcher is None:
            return _nothing("not-ready")
        valid = [entry for entry in changed if entry.rules.is_valid(self._clock())]
        matcher = await asyncio.to_thread(self._matcher.edited, valid, gone)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._deciders, matcher.decide, text[:RAW_LIMIT])

    def _still_live(self, decision: Decision) -> Decision:
        """Withdraw a decision whose entries were changed while it was made."""
        gone = [c for c in decision.candidates if self._by_id.get(c.entry.id) is not c.entry]
        if not gone:
            return decision
        versions = {c.entry.id: c.entry.version_id for c in gone}
        if all(
            (live := self._by_id.get(key)) is not None and live.version_id == version
            for key, version in versions.items()
        ):
            return decision
        return _nothing("outdated")

    async def _join_encoder(self) -> None:
        try:
            encoder = await asyncio.to_thread(self._load_encoder, self._folder)
        except Exception as problem:  # noqa: BLE001 - words alone still answer
            self._problem = f"the sentence encoder cannot be loaded: {type(problem).__name__}"
            log.warning("encoder failed", problem=self._problem)
            return
        if encoder is None:
            self._problem = NO_ENCODER
            log.warning("encoder missing", problem=self._problem)
            return
        cached = CachedEncoder(encoder, self._folder, self._scribe.of(encoder))
        async with self._refreshing:
            self._encoder, known = cached, self._matcher
            if known is None or known.is_edited:
                await self._swap(self._release, tuple(self._stored.values()))
            else:
                self._matcher = await asyncio.to_thread(built, known.with_meaning, cached)
                self._learn_soon()
        self._problem = None
        log.info("encoder joined", encoder=encoder.name)

    async def _swap(self, release: int, entries: tuple[Entry, ...]) -> None:
        now = self._clock()
        matcher = await self.build(entries)
        known, by_id, self._changes_at = await asyncio.to_thread(
            lambda: (_by_id(entries), _by_id(matcher.entries), next_change(entries, now))
        )
        self._stored, self._by_id, self._matcher = known, by_id, matcher
        self._release = release
        log.info("knowledge loaded", release=release, entries=len(by_id))
        self._learn_soon()

    def _learn_soon(self) -> None:
        """Fit the models to the base when it has been the same for a while."""
        if not self._config.learn:
            return
        if self._learning is not None:
            self._learning.cancel()
        self._learning = asyncio.create_task(self._learn(), name="faq-learn")

    async def _learn(self) -> None:
        await asyncio.sleep(self._learn_after)
        matcher = self._matcher
        if matcher is None:
            return
        try:
            models = await self._apprentice.learn(matcher) or matcher.models
            known = await labels.known(self._db, self._folder, self._config)
            learnt = await self._apprentice.learn_labelled(matcher, models, known)
        except Exception as problem:  # noqa: BLE001 - the models that answer now go on answering
            log.warning("learning failed", problem=type(problem).__name__)
            return
        async with self._refreshing:
            self._models = models
            self._matcher = self._matcher and self._matcher.with_models(*learnt or (models, None))
        log.info("knowledge learnt", entries=len(matcher.entries), labelled=len(known))


def _by_id(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {entry.id: entry for entry in entries}


def _nothing(route: str) -> Decision:
    return Decision(Band.HANDOFF, 0.0, (), route, "")
