"""Files of WeChat's and WeCom's: what customers sent, for three days, and what is uploaded to send.

`media/get` answers with the file, with JSON that says why not (also under HTTP 200), or, of a
video, with JSON that says where it lies.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from channels.errors import Gone, Refused, TooLong, Unavailable
from channels.files import OURS, Download, File, Files, Kind, Takes
from channels.message import Media, Part

LARGEST_REFUSAL = 64 * 1024
_TOLD = (None, "application/json", "text/plain", "text/json")
"""How the platforms declare what is no file."""


def is_told(found: Download) -> bool:
    """Say whether an answer is no file but words about one."""
    return found.type in _TOLD


async def read_told(found: Download) -> Mapping[str, Any]:
    """Return what was said instead of a file.

    Raises:
        Unavailable: nothing sensible.
    """
    body = b""
    async for chunk in found.chunks:
        body += chunk
        if len(body) > LARGEST_REFUSAL:
            raise Unavailable("neither a file nor a reason")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Unavailable("neither a file nor a reason")
    return told


def sendable(parts: tuple[Part, ...], takes: Mapping[Kind, Takes]) -> list[Media]:
    """Return the files of a message that can be uploaded."""
    return [
        part
        for part in parts
        if isinstance(part, Media) and part.kind in takes and part.ref.startswith(OURS)
    ]


@asynccontextmanager
async def opened(
    files: Files | None, part: Media, takes: Mapping[Kind, Takes]
) -> AsyncIterator[File]:
    """Open a file to upload it.

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
