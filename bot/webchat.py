"""The web chat's API: a visitor gets a token, speaks, reads, and is told when to read."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from bot.chat_visitors import Turned, visited, visitor_of
from bot.web import carry_in, service_of
from channels.errors import ChannelError
from channels.message import Media, Part, text_of
from console.files import view_of
from storage import conversations, listings, media
from storage.database import Database
from storage.models import Activity, Author, Fact, MediaFile, MediaState, Message

router = APIRouter(include_in_schema=False)

HEARTBEAT_SECONDS = 15.0
Position = Annotated[int, Query(ge=0, le=2**53)]
SAID = (Fact.MESSAGE_ADDED, Fact.MESSAGE_RECEIVED)


@router.post("/inboxes/{inbox}/visitors")
async def new_visitor(request: Request, inbox: str) -> Response:
    """Give a new visitor their token."""
    try:
        token = visited(request, inbox).issue(secrets.token_urlsafe(12))
    except Turned as turned:
        return turned.response
    except ChannelError:
        return PlainTextResponse("try again", 503)
    return JSONResponse({"token": token}, headers={"cache-control": "no-store"})


@router.post("/inboxes/{inbox}/messages")
async def say(request: Request, inbox: str) -> Response:
    """Take one message of a visitor, durably."""
    try:
        visited(request, inbox)
    except Turned as turned:
        return turned.response
    return await carry_in(request, inbox)


@router.get("/inboxes/{inbox}/messages")
async def read(request: Request, inbox: str, after: Position = 0) -> Response:
    """Give the thread's messages behind a position; private notes are never among them."""
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    shown = await service_of(request).db.read(_messages, inbox, visitor, after)
    return JSONResponse({"messages": shown}, headers={"cache-control": "no-store"})


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


@router.get("/inboxes/{inbox}/stream")
async def stream(request: Request, inbox: str) -> Response:
    """Hint at new messages of the visitor's thread, until the visitor leaves."""
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    return StreamingResponse(
        _hints(request, inbox, visitor),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _hints(request: Request, inbox: str, visitor: str) -> AsyncIterator[bytes]:
    service = service_of(request)
    thread = _Thread(service.db, inbox, visitor)
    last = service.live.last
    yield b": here\n\n"
    async for facts in service.live.follow(last, silence=HEARTBEAT_SECONDS):
        if position := await thread.newest(facts):
            yield f"data: {json.dumps({'position': position})}\n\n".encode()
        elif not facts:
            yield b": still here\n\n"


class _Thread:
    """Knows which facts are about one visitor's thread."""

    def __init__(self, db: Database, inbox: str, visitor: str) -> None:
        self._db, self._inbox, self._visitor = db, inbox, visitor
        self._known: dict[UUID, bool] = {}

    async def newest(self, facts: Sequence[Activity]) -> int:
        """Return the highest position these facts tell of in the thread, else 0."""
        positions = [
            int(fact.data.get("position", 0))
            for fact in facts
            if fact.fact in SAID and await self._is_ours(fact.conversation_id)
        ]
        return max(positions, default=0)

    async def _is_ours(self, conversation_id: UUID | None) -> bool:
        if conversation_id is None:
            return False
        if conversation_id not in self._known:
            found = await self._db.read(conversations.get, conversation_id)
            self._known[conversation_id] = (
                found is not None and found.inbox == self._inbox and found.thread == self._visitor
            )
        return self._known[conversation_id]
