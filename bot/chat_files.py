"""Files of the web chat: taken from visitors, and given to who speaks in the thread."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.chat_visitors import Turned, visited, visitor_of
from bot.service import Service
from bot.web import service_of
from channels.files import KINDS, OURS, Takes, kind_for
from channels.message import Media
from console.files import given, name_of, taken
from storage import media
from storage.database import StorageError
from storage.folder import Kept, TooLarge
from storage.media import Upload

router = APIRouter(include_in_schema=False)

MOST_LOOSE = 10
"""How many files a visitor may have attached without sending them."""


@router.post("/inboxes/{inbox}/files")
async def attach(request: Request, inbox: str) -> Response:
    """Take a visitor's file: the body is the file itself, `name` what it is called.

    The answer's `file` goes into the `files` of the message that shall carry it.
    """
    service = service_of(request)
    try:
        adapter, visitor = visited(request, inbox), visitor_of(request, inbox)
        if not adapter.attachments:
            return PlainTextResponse("this chat takes no files", 403)
        if await service.db.read(media.loose, inbox, visitor) >= MOST_LOOSE:
            return PlainTextResponse("send what is attached before", 429)
        part = await _kept(service, request, inbox, visitor)
    except Turned as turned:
        return turned.response
    except TooLarge:
        return PlainTextResponse("the file is too large", 413)
    except (StorageError, OSError, ClientDisconnect):
        return PlainTextResponse("try again", 503)
    if part is None:
        return PlainTextResponse("the file is empty", 422)
    shown = {"kind": part.kind, "name": part.name, "size": part.size}
    return JSONResponse(
        {"file": adapter.vouch(visitor, part), **shown}, headers={"cache-control": "no-store"}
    )


async def _kept(service: Service, request: Request, inbox: str, visitor: str) -> Media | None:
    media_id, largest = media.new_media_id(), service.config.media.max_bytes
    kept = await taken(service.folder, media_id, request.stream(), name_of(request), largest)
    if not kept.size:
        service.folder.remove(media_id)
        return None
    part = _part(media_id, kept)
    upload = Upload(media_id, inbox, visitor, part.kind)
    await service.db.write(media.attach, upload, kept, service.clock())
    return part


def _part(media_id: str, kept: Kept) -> Media:
    anything = {kind: Takes(kept.size) for kind in KINDS}
    kind = kind_for(anything, kept.type, kept.size) or "file"
    return Media(kind=kind, ref=OURS + media_id, name=kept.name, size=kept.size)


@router.get("/inboxes/{inbox}/files/{media_id}")
async def give(request: Request, inbox: str, media_id: str) -> Response:
    """Give a file of the visitor's own thread; any other is not there."""
    service = service_of(request)
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    found = await service.db.read(media.of_visitor, media_id, inbox, visitor)
    if found is None:
        return PlainTextResponse("no such file", 404)
    return given(request, service.folder, found)
