"""Fits the models to a knowledge base in a process of its own, so that no customer waits for it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from faq import vectors
from faq.config import FaqConfig
from faq.encoder import CachedEncoder, Encoder
from faq.hybrid import HybridMatcher
from faq.index import Snapshot
from faq.learn import by_itself
from faq.matcher import Entry
from faq.ranker import Model, Models, shipped
from faq.tokens import Tokens
from faq.vectors import Vectors, key_of

LEAST_ROWS = 60
"""From fewer questions there is too little to learn."""
_NICENESS = 10


class _Remembered:
    """Knows the vectors of the questions that are stored, and no others."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._kept = vectors.read(folder / f"vectors-{name}.npy")
        self._places = self._kept.places()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        if not texts:
            return np.zeros((0, self._kept.table.shape[1]), np.float32)
        rows = [self._places[key_of(text)] for text in texts]
        return np.asarray(self._kept.table[rows], np.float32)


def teach(
    entries: Sequence[Entry], config: FaqConfig, folder: Path, encoder: str | None
) -> dict[str, Any]:
    """Return the model fitted to these entries as plain data; `encoder` names whose vectors."""
    os.nice(_NICENESS)
    remembered = None
    if encoder is not None:
        remembered = CachedEncoder(_Remembered(encoder, folder), folder)
    matcher = HybridMatcher.build(entries, config, Tokens(folder / "jieba"), remembered)
    return by_itself(matcher.snapshot, matcher.encoder, matcher.model).dump()


class Learner(Protocol):
    """A matcher whose base can be learnt."""

    @property
    def snapshot(self) -> Snapshot:
        """Its index."""
        ...

    @property
    def encoder(self) -> Encoder | None:
        """What makes its vectors."""
        ...


def _file(matcher: Learner, folder: Path, start: Model) -> Path:
    snapshot = matcher.snapshot
    owners = (snapshot.entries[number].id for number in snapshot.entry_of.tolist())
    texts = sorted(f"{owner} {text}" for owner, text in zip(owners, snapshot.texts, strict=True))
    about = "\n".join((json.dumps(start.dump()), *texts))
    named = hashlib.sha1(about.encode("utf-8", "ignore"), usedforsecurity=False).hexdigest()
    return folder / f"learnt-{named[:20]}.json"


class Apprentice:
    """Learns a base once and remembers in a file what it learnt."""

    def __init__(self, config: FaqConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._pool: ProcessPoolExecutor | None = None

    async def learn(self, matcher: Learner) -> Models | None:
        """Return models fitted to a matcher's base, None where it is too small."""
        if len(matcher.snapshot.texts) < LEAST_ROWS:
            return None
        semantic = matcher.encoder is not None
        start = shipped().semantic if semantic else shipped().lexical
        file = await asyncio.to_thread(_file, matcher, self._folder, start)
        known = await asyncio.to_thread(_read, file)
        if known is None:
            known = Model.load(await self._taught(matcher))
            await asyncio.to_thread(_write, file, known)
        return shipped().with_one(known, semantic=semantic)

    async def _taught(self, matcher: Learner) -> dict[str, Any]:
        entries = [replace(entry, answers={}) for entry in matcher.snapshot.live]
        name = None if matcher.encoder is None else matcher.encoder.name
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        running = self._pool.submit(teach, entries, self._config, self._folder, name)
        try:
            return await asyncio.wrap_future(running)
        finally:
            self.close()

    def close(self) -> None:
        """End the process, if one is at work."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - it has no `kill` before 3.14
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)


def _read(file: Path) -> Model | None:
    try:
        return Model.load(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, model: Model) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in file.parent.glob("learnt-*.json"):
        old.unlink(missing_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(model.dump()), encoding="utf-8")
    part.replace(file)
