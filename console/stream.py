"""`GET /live`: what just happened, to one browser, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from console.auth import Anybody, Found, Login, find_login
from console.rows import Rendered
from console.services import Services
from console.views import locale_of
from console.whispers import DESK, Whisper
from storage import activity
from storage.models import Activity, Fact

router = APIRouter()

HEARTBEAT = 15.0
RECHECK = 60.0
TOO_OLD = 1000
"""Who missed more facts than this loads the page again."""
QUIET = frozenset({Fact.AGENT_LOGGED_IN})
"""What concerns no page."""
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@router.get("/live")
async def live(
    request: Request, login: Anybody, found: Found, after: int | None = None
) -> StreamingResponse:
    """Stream facts after number `after`, until the session or the service ends."""
    locale = locale_of(request, login)
    stream = _events(request, login, found, locale, _after(request, after))
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)


def _after(request: Request, after: int | None) -> int | None:
    last = request.headers.get("last-event-id", "")
    return int(last) if last.isdecimal() and len(last) < 16 else after  # noqa: PLR2004 - a number's length


async def _events(
    request: Request, login: Login, found: Services, locale: str, after: int | None
) -> AsyncIterator[str]:
    start, is_lost = _start(await found.db.read(activity.last_id), after)
    if is_lost:
        yield f"event: reload\nid: {start}\ndata: {{}}\n\n"
    yield f"event: hello\nid: {start}\ndata: {{}}\n\n"
    loop = asyncio.get_running_loop()
    checked = loop.time()
    async for batch in found.live.listen(DESK, start, HEARTBEAT):
        if loop.time() - checked > RECHECK:
            checked = loop.time()
            now = await find_login(request)
            if now is None:
                return
            login = now
        sees = login.may("inbox")
        if isinstance(batch, Whisper):
            yield _whispered(batch) if sees else ""
        else:
            yield await _told(request, found, locale, batch, sees=sees)


def _start(newest: int, after: int | None) -> tuple[int, bool]:
    """Return from where on facts are told, and whether too many were missed before."""
    if after is None:
        return newest, False
    is_lost = not newest - TOO_OLD <= after <= newest
    return (newest if is_lost else after), is_lost


async def _told(
    request: Request, found: Services, locale: str, batch: Sequence[Activity], *, sees: bool
) -> str:
    """Return facts as they are told to who may see conversations, or not; of none, that we live."""
    if not batch:
        return ": alive\n\n"
    rendered: Rendered = request.app.state.rendered
    rows = await rendered.of(found, locale, batch) if sees else {}
    return "".join(_event(fact, rows) for fact in batch if fact.fact not in QUIET)


def _whispered(whisper: Whisper) -> str:
    told = {"k": whisper.kind, "conversation": whisper.about, "position": whisper.position}
    return f"event: whisper\ndata: {json.dumps(told)}\n\n"


def _event(fact: Activity, rows: Mapping[UUID, str]) -> str:
    told: dict[str, Any] = {"k": fact.fact.value, "id": fact.id}
    if fact.conversation_id is not None:
        told["conversation"] = str(fact.conversation_id)
        told["row"] = rows.get(fact.conversation_id)
    if fact.ticket_id is not None:
        told["ticket"] = str(fact.ticket_id)
    if fact.agent_id is not None:
        told["agent"] = str(fact.agent_id)
    return f"id: {fact.id}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
