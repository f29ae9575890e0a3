"""Files of ours in a message: which of them a platform takes, and each opened to be sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from channels.errors import Gone, Refused, TooLong
from channels.files import OURS, File, Files, Kind, Takes
from channels.message import Media, Part


def sendable(parts: Sequence[Part], takes: Mapping[Kind, Takes]) -> list[Media]:
    """Return the files of a message that a platform takes, as far as its words tell."""
    return [
        part
        for part in parts
        if isinstance(part, Media) and part.kind in takes and part.ref.startswith(OURS)
    ]


@asynccontextmanager
async def opened(
    files: Files | None, part: Media, takes: Mapping[Kind, Takes]
) -> AsyncIterator[File]:
    """Open a file of ours to send it.

    Raises:
        Gone: there is no such file.
        TooLong: it is larger than the platform takes.
        Refused: the platform does not take it as this kind.
    """
    if files is None:
        raise Gone
    async with files.open(part.ref) as file:
        limit = takes[part.kind]
        if file.size > limit.largest:
            raise TooLong(f"{file.size} bytes are more than the platform takes as {part.kind}")
        if not limit.has_room_for(file.type, file.size):
            raise Refused(f"the platform takes no {file.type} as {part.kind}")
        yield file
