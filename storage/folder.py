"""The folder of the bytes: written aside, made durable, then put in their place under one name."""

from __future__ import annotations

import math
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from channels import pictures
from channels.filetypes import file_name, type_of

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
ASIDE = "aside"
"""Where files lie that are not complete."""


class TooLarge(Exception):
    """More than may be kept of one file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found out about a file while it was written."""

    name: str
    type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by their random ids, two levels deep; several processes may share it."""

    root: Path
    largest: int

    def path(self, media_id: str) -> Path:
        """Return where a file lies.

        Raises:
            ValueError: this is no id of ours.
        """
        if not _ID.fullmatch(media_id):
            raise ValueError("no id of a file")
        digest = sha256(media_id.encode()).hexdigest()
        return self.root / digest[:2] / digest[2:4] / media_id

    def begin(self, largest: int | None = None) -> Writing:
        """Begin to write a file, of at most `largest` bytes where that is less than we keep."""
        aside = self.root / ASIDE
        aside.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = aside / token_hex(16)
        most = self.largest if largest is None else min(largest, self.largest)
        return Writing(self, path, path.open("xb"), most)

    def open(self, media_id: str) -> BinaryIO:
        """Open a file.

        Raises:
            FileNotFoundError: it is not there.
        """
        return self.path(media_id).open("rb")

    def remove(self, media_id: str) -> None:
        """Remove a file, if it is there."""
        self.path(media_id).unlink(missing_ok=True)

    def ids(self, until: float) -> list[str]:
        """Return the ids of all files that were put here before `until` (Unix time)."""
        return [path.name for path in self.root.glob("??/??/*") if _written(path) < until]

    def clear_aside(self, until: float) -> int:
        """Remove what was begun before `until` and never ended; return how many that were."""
        old = [path for path in self.root.glob(f"{ASIDE}/*") if _written(path) < until]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


class Writing:
    """A file while it is written; end it with `keep` or `drop`."""

    def __init__(self, folder: Folder, path: Path, stream: BinaryIO, largest: int) -> None:
        self._folder, self._path, self._stream, self._largest = folder, path, stream, largest
        self._hash = sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add some bytes.

        Raises:
            TooLarge: they are more than may be kept.
        """
        self.size += len(chunk)
        if self.size > self._largest:
            raise TooLarge
        self._hash.update(chunk)
        self._stream.write(chunk)

    def look(self, claimed: str | None) -> Kept:
        """Return what was written, by its content; of what is claimed only a clean name is kept."""
        self._stream.flush()
        with self._path.open("rb") as written:
            head = written.read(pictures.HEAD)
        media_type = type_of(head)
        width, height = pictures.size_of(media_type, head) or (None, None)
        name = file_name(claimed, media_type)
        return Kept(name, media_type, self.size, self._hash.hexdigest(), width, height)

    def keep(self, media_id: str) -> None:
        """Make it durable under its id: when this returns, a power failure takes nothing."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        place = self._folder.path(media_id)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.rename(place)
        for level in (place.parent, place.parent.parent, self._folder.root):
            _sync(level)

    def drop(self) -> None:
        """Forget what was written; after `keep` it does nothing."""
        with suppress(OSError):
            self._stream.close()
        self._path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
