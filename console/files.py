"""Files as browsers may have them: shown where that is harmless, else only to be saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from channels import pictures
from channels.files import Kind, Takes
from channels.filetypes import UNKNOWN
from channels.message import Media
from storage.folder import Folder, Kept
from storage.models import MediaFile, MediaState

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SOUNDS = frozenset({"audio/ogg", "audio/mpeg", "audio/mp4", "audio/wav", "audio/aac", "audio/flac"})
FILMS = frozenset({"video/mp4", "video/webm"})
SHOWN = PICTURES | SOUNDS | FILMS
"""What a browser shows and never runs; everything else it may only save."""
CUT = "yingda.cut"
"""Stands in the scope of a form that was too long: files are missing, of the last one its end."""
WIDEST, HIGHEST = 320, 280
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}
"""Even if a file were a page it could do nothing; whoever asks again is asked again."""


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a message as a page shows it."""

    id: str
    state: str
    shows: str
    """picture, sound, film, or file: what can only be saved."""
    name: str | None
    size: int | None
    width: int | None = None
    height: int | None = None
    problem: str | None = None

    @property
    def url(self) -> str:
        """Return where the desk gets it."""
        return f"/media/{self.id}"


def view_of(part: Media, file: MediaFile) -> FileView:
    """Return how a file of a message is shown."""
    width, height = _fitted(file.width, file.height)
    name, size = file.name or part.name, file.size or part.size
    return FileView(
        file.id, file.state.value, _shows(file), name, size, width, height, file.problem
    )


def _shows(file: MediaFile) -> str:
    if file.type in PICTURES:
        known = file.width and file.height
        size = (file.width or 0, file.height or 0) if known else None
        return "picture" if pictures.can_be_shown(size) else "file"
    return "sound" if file.type in SOUNDS else "film" if file.type in FILMS else "file"


def _fitted(width: int | None, height: int | None) -> tuple[int | None, int | None]:
    if not width or not height:
        return None, None
    scale = min(1.0, WIDEST / width, HIGHEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def given(request: Request, folder: Folder, file: MediaFile) -> Response:
    """Answer with a stored file, or with a piece of it; the caller has asked who wants it."""
    if file.state is not MediaState.STORED:
        return Response(status_code=404)
    if request.headers.get("if-none-match") == _tag(file):
        return Response(status_code=304, headers={**SAFE, "etag": _tag(file)})
    path = folder.path(file.place)
    if not path.is_file():
        return Response(status_code=404)
    shown = _shows(file) != "file" and "download" not in request.query_params
    return FileResponse(
        path,
        headers={**SAFE, "etag": _tag(file), "last-modified": _date(file)},
        media_type=file.type if shown else UNKNOWN,
        filename=file.name or "file",
        content_disposition_type="inline" if shown else "attachment",
    )


def _tag(file: MediaFile) -> str:
    return f'"{file.sha256}"'


def _date(file: MediaFile) -> str:
    return formatdate(file.created_at.timestamp(), usegmt=True)


async def taken(
    folder: Folder, media_id: str, body: AsyncIterator[bytes], name: str, largest: int
) -> Kept:
    """Write an upload to the folder while it comes in, and return what it is.

    Raises:
        storage.folder.TooLarge: it is larger than `largest`, or than may be kept; what came
            of it is removed, and the rest is not read.
    """
    writing = await asyncio.to_thread(folder.begin, largest)
    try:
        async for chunk in body:
            writing.write(chunk)
        kept = await asyncio.to_thread(writing.look, name)
        await asyncio.to_thread(writing.keep, media_id)
    finally:
        await asyncio.to_thread(writing.drop)
    return kept


def name_of(request: Request) -> str:
    """Return what the sender calls an upload."""
    return request.query_params.get("name", "")[:400]


def accepted(takes: Mapping[Kind, Takes]) -> str:
    """Return what a form's field for files says it takes; nothing: any."""
    if any(each.types is None for each in takes.values()):
        return ""
    return ",".join(sorted({name for each in takes.values() for name in each.types or ()}))
