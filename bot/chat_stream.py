"""What a visitor is told as it happens: when to read, how the matter stands, who types."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.chat_status import MOVES_THE_LINE, Status, status_of
from bot.chat_visitors import Turned, visitor_of
from bot.service import Service
from bot.web import service_of
from console.whispers import DESK, Whisper, thread_of
from storage import conversations, marks
from storage.jobs import Terms, on_terms
from storage.models import Activity, Fact, Owner

router = APIRouter(include_in_schema=False)

HEARTBEAT_SECONDS = 15.0
Position = Annotated[int, Query(ge=0, le=2**53)]
SAID = (Fact.MESSAGE_ADDED, Fact.MESSAGE_RECEIVED)


@router.get("/inboxes/{inbox}/stream")
async def stream(request: Request, inbox: str, after: Position | None = None) -> Response:
    """Hint at new messages of the visitor's thread, and tell who has it and who types.

    Who comes back with `after` or `Last-Event-ID` is hinted at once at what they missed.
    """
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    last = request.headers.get("last-event-id", "")
    if last.isascii() and last.isdigit() and len(last) < 16:  # noqa: PLR2004 - a number's length
        after = int(last)
    return StreamingResponse(
        _events(service_of(request), inbox, visitor, after),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(
    service: Service, inbox: str, visitor: str, after: int | None
) -> AsyncIterator[bytes]:
    thread = _Thread(service, inbox, visitor)
    last = service.live.last
    whole = service.live.listen(thread_of(inbox, visitor), last, silence=HEARTBEAT_SECONDS)
    async with aclosing(whole) as told:
        await anext(told)
        yield b": here\n\n"
        yield await thread.begin(after)
        async for news in told:
            if isinstance(news, Whisper):
                yield _TYPING if news.kind == "typing" else await thread.standing()
            elif news:
                yield await thread.of(news)
            else:
                yield b": still here\n\n"


_TYPING = b"event: typing\ndata: {}\n\n"


class _Thread:
    """Knows which facts are about one visitor's thread, and what the visitor knows of it."""

    def __init__(self, service: Service, inbox: str, visitor: str) -> None:
        self._service, self._inbox, self._visitor = service, inbox, visitor
        self._known: dict[UUID, bool] = {}
        self._status: Status | None = None

    async def begin(self, after: int | None) -> bytes:
        """Return how it stands, and a hint if there is anything behind `after`."""
        missed = b""
        if after is not None:
            place = (self._inbox, self._visitor)
            found = await self._service.db.read(
                conversations.thread_messages, *place, after, limit=1
            )
            missed = _hint(found[0].position) if found else b""
        return missed + await self.standing()

    async def of(self, facts: Sequence[Activity]) -> bytes:
        """Return what these facts mean to the visitor; often nothing."""
        ours = [fact for fact in facts if await self._is_ours(fact.conversation_id)]
        positions = [int(fact.data.get("position", 0)) for fact in ours if fact.fact in SAID]
        told = _hint(max(positions)) if positions else b""
        waits = self._status is not None and self._status.owner == Owner.QUEUE.value
        if ours or (waits and any(fact.fact in MOVES_THE_LINE for fact in facts)):
            told += await self.standing()
        return told

    async def standing(self) -> bytes:
        """Return how it stands, if that was not told before."""
        service = self._service
        status = await status_of(service.db, service.line, self._inbox, self._visitor)
        if status == self._status:
            return b""
        self._status = status
        return b"event: status\ndata: %s\n\n" % json.dumps(status.told()).encode()

    async def _is_ours(self, conversation_id: UUID | None) -> bool:
        if conversation_id is None:
            return False
        if conversation_id not in self._known:
            found = await self._service.db.read(conversations.get, conversation_id)
            self._known[conversation_id] = (
                found is not None and found.inbox == self._inbox and found.thread == self._visitor
            )
        return self._known[conversation_id]


def _hint(position: int) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (position, json.dumps({"position": position}).encode())


@router.post("/inboxes/{inbox}/typing")
async def types(request: Request, inbox: str) -> Response:
    """Let the desk see that the visitor types; what is typed stays with the visitor."""
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    service = service_of(request)
    whispers = service.live.whispers
    if whispers.is_news(f"typing {inbox} {visitor}"):
        talk = await service.db.read(conversations.find_open, inbox, visitor)
        if talk is not None:
            whispers.say(Whisper(DESK, "typing", str(talk.id)))
    return Response(status_code=204)


@router.post("/inboxes/{inbox}/read")
async def has_read(request: Request, inbox: str, position: Position) -> Response:
    """Note up to which position the visitor has seen the thread."""
    try:
        visitor = visitor_of(request, inbox)
    except Turned as turned:
        return turned.response
    service = service_of(request)
    if not await service.db.read(marks.is_news, inbox, visitor, "by_contact", position):
        return Response(status_code=204)
    moved = await service.db.write(_note, inbox, visitor, position)
    if moved is not None:
        service.live.whispers.say(Whisper(DESK, "read", *moved))
    return Response(status_code=204)


@on_terms(Terms(lasting=False, facts=False, sends=False))
def _note(session: Session, inbox: str, visitor: str, position: int) -> tuple[str, int] | None:
    if not marks.move(session, inbox, visitor, "by_contact", position):
        return None
    talk = conversations.latest(session, inbox, visitor)
    reached = marks.of(session, inbox, visitor).by_contact
    return (str(talk.id), reached) if talk is not None else None
