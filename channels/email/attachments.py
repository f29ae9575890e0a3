"""Files that come with mail, and files of ours that go with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from channels.email import body
from channels.email.parse import parse
from channels.email.wire import CHUNK, MIB
from channels.errors import Gone, TooLong
from channels.files import OURS, Download, Files
from channels.message import Media, Part

LARGEST = 10 * MIB
"""Bytes of all files of one mail: packed they are a third more, and must be gone in seconds."""
REF = re.compile(r"(\d{1,10}):(\d{1,10}):(\d{1,3})")
"""UIDVALIDITY, UID, and which leaf of the mail."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of ours, read."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What goes along as files, and the other parts."""

    files: tuple[Attachment, ...]
    others: tuple[Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the files are called."""
        return tuple(file.name for file in self.files)


async def load(parts: Sequence[Part], files: Files | None) -> Loaded:
    """Read the files of ours among `parts`; what we do not have is left to be named.

    Raises:
        Gone: a file is not there any more.
        TooLong: together they are larger than a mail should be.
    """
    found: list[Attachment] = []
    others: list[Part] = []
    room = LARGEST
    for part in parts:
        if files is None or not isinstance(part, Media) or not part.ref.startswith(OURS):
            others.append(part)
            continue
        async with files.open(part.ref) as file:
            room -= file.size
            if room < 0:
                raise TooLong(f"the files are larger than {LARGEST // MIB} MiB together")
            content = await asyncio.to_thread(file.stream.read)
            found.append(Attachment(part.name or file.name, file.type, content))
    return Loaded(tuple(found), tuple(others))


def find(raw: bytes, number: int) -> Download:
    """Return the `number`th leaf of a mail.

    Raises:
        Gone: there is no such leaf.
    """
    for leaf in body.leaves(parse(raw)):
        if leaf.number == number:
            content = body.content_of(leaf.part)
            return Download(_chunks(content), body.name_of(leaf.part), leaf.part.get_content_type())
    raise Gone


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]
