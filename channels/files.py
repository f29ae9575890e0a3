"""Files on their way in and out: the second page to read, for a channel that carries media.

Towards us: an adapter that is a `MediaSource` opens what a customer sent, by the `ref` of the
`Media` part it made itself; the house fetches it in the background and keeps it. It never does so
in `receive`, `poll` or `listen`. Away from us: an adapter that `SendsMedia` is lent the
house's `Files` and opens what an agent attached, by a `ref` that begins with `media:`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol, runtime_checkable

Kind = Literal["image", "voice", "video", "file"]
KINDS: tuple[Kind, ...] = ("image", "voice", "video", "file")
OURS = "media:"
"""How the `ref` of a file begins that lies with us: an agent's, or a visitor's of the website."""

_NATURAL: Mapping[str, Kind] = {"image": "image", "audio": "voice", "video": "video"}


@dataclass(frozen=True, slots=True)
class Takes:
    """What a platform takes as one kind of file: how large, and of which types (None: any)."""

    largest: int
    types: frozenset[str] | None = None

    def has_room_for(self, media_type: str, size: int) -> bool:
        """Say whether a file may be sent as this kind."""
        return size <= self.largest and (self.types is None or media_type in self.types)


def kind_for(able: Mapping[Kind, Takes], media_type: str, size: int) -> Kind | None:
    """Return as what a file can be sent: as what it is, else as a plain file, else not at all."""
    for kind in (_NATURAL.get(media_type.partition("/")[0], "file"), "file"):
        if kind in able and able[kind].has_room_for(media_type, size):
            return kind
    return None


@dataclass(frozen=True, slots=True)
class Download:
    """A file of a customer, as it comes in; `name` and `type` are claims of the platform."""

    chunks: AsyncIterator[bytes] = field(repr=False)
    name: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file of ours, open at its first byte; `type` was found by looking at its content."""

    name: str
    type: str
    size: int
    stream: BinaryIO = field(repr=False)


@runtime_checkable
class MediaSource(Protocol):
    """A channel from which a file that a customer sent can be fetched."""

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a file by the `ref` of its part; the caller reads as far as it likes.

        Entering and reading raise:
            Gone: the platform does not have it any more.
            Refused: it will never be given, for example because it is too large.
            ChannelError: it may be had later.
        """
        ...


class Files(Protocol):
    """The files that lie with us; lent to adapters that send media."""

    def open(self, ref: str) -> AbstractAsyncContextManager[File]:
        """Open a file by the `ref` of its part.

        Entering raises:
            Gone: there is no such file (any more).
        """
        ...


@runtime_checkable
class SendsMedia(Protocol):
    """A channel that can send files; `Capabilities.files` says which."""

    def lend(self, files: Files) -> None:
        """Keep `files` for later; called once, before the channel is entered."""
        ...
