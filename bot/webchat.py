"""The web chat's API: a visitor gets a token, speaks and reads."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from sqlmodel import Session
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.chat_status import status_of
from bot.chat_visitors import Turned, visited, visitor_of
from bot.service import Service
from bot.web import carry_in, service_of
from channels.errors import BadRequest, ChannelError
from channels.message import Media, Part, text_of
from channels.visited import Vouched
from console.files import view_of
from storage import contacts, conversations, listings, media
from storage.database import StorageError
from storage.models import Author, MediaFile, MediaState, Message

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

Position = Annotated[int, Query(ge=0, le=2**53)]


@router.post("/inboxes/{inbox}/visitors")
async def new_visitor(request: Request, inbox: str) -> Response:
    """Give a new visitor their token; to whom the site vouches for in `identity`, their own."""
    try:
        chat = visited(request, inbox)
        proof = _identity(await request.body())
        if proof is None:
            token = chat.issue(secrets.token_urlsafe(12))
        else:
            token = await _introduced(service_of(request), inbox, chat.identify(proof))
    except Turned as turned:
        return turned.response
    except BadRequest as problem:
        log.warning("an identity was refused", inbox=inbox, problem=problem)
        return PlainTextResponse(str(problem), problem.status)
    except (ChannelError, StorageError, ClientDisconnect):
        return PlainTextResponse("try again", 503)
    return JSONResponse({"token": token}, headers={"cache-control": "no-store"})


def _identity(body: bytes) -> str | None:
    """Return the proof that a body holds, None if it holds nothing at all."""
    if not body:
        return None
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not set(said) <= {"identity"}:
        raise BadRequest('the body must be empty, or {"identity": "..."}', status=422)
    proof = said.get("identity")
    if proof is not None and not isinstance(proof, str):
        raise BadRequest("the identity must be a text", status=422)
    return proof


async def _introduced(service: Service, inbox: str, who: Vouched) -> str:
    await service.db.write(
        contacts.introduce,
        inbox,
        who.visitor,
        service.clock(),
        user_id=who.user_id,
        name=who.name,
        attributes=who.attributes,
    )
    return who.token


async def say(request: Request) -> Response:
    """Take one message of a visitor, durably."""
    inbox: str = request.path_params["inbox"]
    try:
        visited(request, inbox)
    except Turned as turned:
        return turned.response
    return await carry_in(request, inbox)


router.add_route("/inboxes/{inbox}/messages", say, ["POST"])


@router.get("/inboxes/{inbox}/messages")
async def read(request: Request, inbox: str, after: Position = 0) -> Response:
    """Give the thread's messages behind a position, never a private note, and how it stands."""
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    service = service_of(request)
    shown = await service.db.read(_messages, inbox, visitor, after)
    status = await status_of(service.db, service.line, inbox, visitor)
    told = {"messages": shown, "status": status.told()}
    return JSONResponse(told, headers={"cache-control": "no-store"})


def _messages(session: Session, inbox: str, visitor: str, after: int) -> list[dict[str, object]]:
    found = conversations.thread_messages(session, inbox, visitor, after)
    acting = {message.agent_id for message in found if message.agent_id is not None}
    names = {agent.id: agent.display_name for agent in listings.agents_of(session, acting).values()}
    carrying = [message.id for message in found if media.has_media(message.parts)]
    files = media.of_messages(session, carrying)
    return [
        _shown(message, names.get(message.agent_id) if message.agent_id else None, files)
        for message in found
    ]


def _shown(
    message: Message, name: str | None, files: Mapping[tuple[UUID, int], MediaFile]
) -> dict[str, object]:
    """Return a message as its customer sees it: of an agent, at most the display name."""
    return {
        "id": str(message.id),
        "position": message.position,
        "author": message.author.value,
        "name": name if message.author is Author.AGENT else None,
        "text": text_of(message.parts),
        "parts": [
            _part(part, files.get((message.id, number)))
            for number, part in enumerate(message.parts)
        ],
        "at": message.at.isoformat(),
        "echo_id": message.echo_id if message.author is Author.CONTACT else None,
    }


def _part(part: Part, file: MediaFile | None) -> dict[str, object]:
    """Return a part as its customer sees it; of a file how it is shown, and never where it lies."""
    if not isinstance(part, Media):
        return part.model_dump(mode="json")
    told: dict[str, object] = {"kind": part.kind, "name": part.name, "size": part.size}
    if file is None or file.state is not MediaState.STORED:
        return told
    view = view_of(part, file)
    return {
        **told,
        "file": view.id,
        "shows": view.shows,
        "width": view.width,
        "height": view.height,
    }
