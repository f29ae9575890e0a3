"""Fits the models to a knowledge base in a process of its own, so that no customer waits for it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from faq import vectors
from faq.aside import NICENESS, Aside
from faq.config import FaqConfig
from faq.encoder import CachedEncoder, Encoder
from faq.hints import Hints
from faq.hybrid import HybridMatcher
from faq.index import Snapshot
from faq.learn import VOTING, Labelled, by_itself, by_labels, hints_of
from faq.matcher import Entry
from faq.ranker import Model, Models, shipped
from faq.tokens import Tokens
from faq.vectors import Vectors, key_of

LEAST_ROWS = 60
"""From fewer questions there is too little to learn."""
LEAST_LABELS = 30
"""From fewer labelled questions nothing is learnt of them."""


class _Remembered:
    """Knows the vectors of the questions that are stored, those it is given, and no others."""

    def __init__(self, name: str, folder: Path, given: Mapping[str, Vectors]) -> None:
        self.name = name
        self._given = given
        self._kept = vectors.read(folder / f"vectors-{name}.npy")
        self._places = self._kept.places()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        if not texts:
            return np.zeros((0, self._kept.table.shape[1]), np.float32)
        return np.stack([self._vector(text) for text in texts])

    def has_word(self, word: str) -> bool:
        """Take every word for one."""
        return True

    def _vector(self, text: str) -> Vectors:
        if text in self._given:
            return self._given[text]
        return np.asarray(self._kept.table[self._places[key_of(text)]], np.float32)


@dataclass(frozen=True, slots=True)
class Lesson:
    """Labelled questions to learn from: the model to begin with, and vectors by compared form."""

    start: dict[str, Any]
    known: Sequence[tuple[str, str | None]]
    vectors: Mapping[str, Vectors] = field(default_factory=dict)


def teach(
    entries: Sequence[Entry],
    config: FaqConfig,
    folder: Path,
    encoder: str | None,
    lesson: Lesson | None = None,
) -> dict[str, Any]:
    """Return the model fitted to these entries as plain data; `encoder` names whose vectors."""
    os.nice(NICENESS)
    remembered = None
    if encoder is not None:
        given = {} if lesson is None else lesson.vectors
        remembered = CachedEncoder(_Remembered(encoder, folder, given), folder)
    matcher = HybridMatcher.build(entries, config, Tokens(folder / "jieba"), remembered)
    if lesson is None:
        return by_itself(matcher.snapshot, matcher.encoder, matcher.model).dump()
    start, known = Model.load(lesson.start), matcher.labelled(lesson.known)
    return by_labels(matcher.snapshot, matcher.encoder, known, start)[0].dump()


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

    def labelled(self, known: Iterable[tuple[str, str | None]]) -> list[Labelled]:
        """Return questions as they are learnt from."""
        ...


def _file(matcher: Learner, folder: Path, start: Model, more: Sequence[str] = ()) -> Path:
    snapshot = matcher.snapshot
    owners = (snapshot.entries[number].id for number in snapshot.entry_of.tolist())
    texts = sorted(f"{owner} {text}" for owner, text in zip(owners, snapshot.texts, strict=True))
    about = "\n".join((json.dumps(start.dump()), *texts, *more))
    named = hashlib.sha1(about.encode("utf-8", "ignore"), usedforsecurity=False).hexdigest()
    return folder / f"{'labelled' if more else 'learnt'}-{named[:20]}.json"


class Apprentice:
    """Learns a base once and remembers in a file what it learnt."""

    def __init__(self, config: FaqConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._aside = Aside()

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

    async def learn_labelled(
        self, matcher: Learner, models: Models, known: Sequence[tuple[str, str | None]]
    ) -> tuple[Models, Hints | None] | None:
        """Return models fitted to labelled questions too, with what votes beside the entries.

        None where the questions are too few.
        """
        labelled = matcher.labelled(known)
        if len(labelled) < LEAST_LABELS:
            return None
        encoder = matcher.encoder
        start = models.lexical if encoder is None else models.semantic
        texts = sorted(f"{key} {text}" for text, key in known)
        file = await asyncio.to_thread(_file, matcher, self._folder, start, texts)
        hints = await asyncio.to_thread(hints_of, matcher.snapshot, encoder, labelled)
        model = await asyncio.to_thread(_read, file)
        if model is None:
            given = {} if hints is None else dict(zip(hints.texts, hints.vectors, strict=True))
            model = Model.load(await self._taught(matcher, Lesson(start.dump(), known, given)))
            await asyncio.to_thread(_write, file, model)
        votes = hints if model.version.endswith(f"+{VOTING}") else None
        return models.with_one(model, semantic=encoder is not None), votes

    async def _taught(self, matcher: Learner, lesson: Lesson | None = None) -> dict[str, Any]:
        entries = [replace(entry, answers={}) for entry in matcher.snapshot.live]
        name = None if matcher.encoder is None else matcher.encoder.name
        running = self._aside.submit(teach, entries, self._config, self._folder, name, lesson)
        try:
            return await asyncio.wrap_future(running)
        finally:
            self.close()

    def close(self) -> None:
        """End the process, if one is at work."""
        self._aside.close()


def _read(file: Path) -> Model | None:
    try:
        return Model.load(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, model: Model) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = file.name.partition("-")[0]
    for old in file.parent.glob(f"{kind}-*.json"):
        old.unlink(missing_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(model.dump()), encoding="utf-8")
    part.replace(file)
