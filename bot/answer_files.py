"""Files of live answers under an address of their own, for channels that cannot carry them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.web import service_of
from console.files import given
from storage import attachments
from storage.database import StorageError

router = APIRouter(include_in_schema=False)


@router.get("/attachments/{media_id}")
async def give(request: Request, media_id: str) -> Response:
    """Give a file whose id only its answer tells, as long as an answer with it is live."""
    service = service_of(request)
    try:
        found = await service.db.read(attachments.get, media_id)
    except StorageError:
        return PlainTextResponse("try again", 503)
    live = (each for entry in service.knowledge.entries() for each in entry.rules.files)
    if found is None or not any(file.id == media_id for file in live):
        return PlainTextResponse("no such file", 404)
    return given(request, service.folder, found)
