"""The inbox: its list, and one conversation beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from channels.message import Visibility
from console import bubbles
from console.allowance import allowance_of
from console.auth import Found, InboxLogin, Login
from console.i18n import mark
from console.rows import inboxes, line_of, lines_of, place_of, tail
from console.services import Services
from console.suggestions import suggestions
from console.views import is_partial, render
from console.words import CHANNELS, REASONS
from storage import conversations, kindred, listings, marks, tickets
from storage.listings import Cursor, Filter, Row, View
from storage.models import Conversation, Owner, Status

router = APIRouter()

VIEWS: Mapping[View, str] = {
    View.QUEUE: mark("Waiting"),
    View.MINE: mark("Mine"),
    View.BOT: mark("Bot"),
    View.ALL: mark("All"),
    View.RESOLVED: mark("Resolved"),
}
WORDS = 80
"""How long a search may be."""
URGENT = "urgent"
OPEN = 60
"""How many messages on their way one page asks after at most."""


@dataclass(frozen=True, slots=True)
class Search:
    """What the list shows, as it stands in the address."""

    view: View = View.QUEUE
    channel: str = ""
    q: str = ""

    def url(self, path: str = "/inbox", **changes: str) -> str:
        """Return the address of this list, or of one a little different."""
        values = {"view": self.view.value, "channel": self.channel, "q": self.q, **changes}
        return f"{path}?{urlencode({key: value for key, value in values.items() if value})}"


def _search(
    view: Annotated[str, Query()] = "",
    channel: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
) -> Search:
    known = view if view in set(View) else View.QUEUE
    return Search(View(known), channel if channel in CHANNELS else "", q.strip()[:WORDS])


Searched = Annotated[Search, Depends(_search)]


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody at the desk: who, with which list beside them."""

    request: Request
    login: Login
    found: Services
    search: Search


def _call(request: Request, login: InboxLogin, found: Found, search: Searched) -> Call:
    return Call(request, login, found, search)


Calling = Annotated[Call, Depends(_call)]
Number = Annotated[int, Query(ge=0, le=2**53)]
"""A position or a fact's number: no larger than a database can count."""


@router.get("/inbox")
async def show_list(call: Calling, after: str = "") -> Response:
    """Show the list; a page further on, only its lines."""
    context = await _list_context(call, _cursor(after))
    template = "inbox/page.html"
    if is_partial(call.request):
        template = "inbox/rows.html" if after else "inbox/list.html"
    return render(call.request, template, {**context, "id": None}, login=call.login)


@router.get("/inbox/counts")
async def count(login: InboxLogin, found: Found) -> Response:
    """Return how many conversations each tab has."""
    counted = await found.db.read(listings.counts, login.id)
    return JSONResponse(
        {"queue": counted.queue, "mine": counted.mine, "bot": counted.bot, "all": counted.all}
    )


@router.get("/inbox/{conversation_id}")
async def show_thread(call: Calling, conversation_id: UUID) -> Response:
    """Show one conversation; beside the list, unless only the thread is asked for."""
    return await thread_page(call, conversation_id)


@router.get("/inbox/{conversation_id}/messages")
async def show_messages(
    call: Calling,
    conversation_id: UUID,
    after: Number = 0,
    before: Number | None = None,
    fact: Number = 0,
    open: str = "",  # noqa: A002 - the query's name
) -> Response:
    """Show messages after or before a position, and how those on their way stand."""
    db = call.found.db
    if before is not None:
        known = await _known(call, conversation_id)
        stretch = await db.read(bubbles.earlier, conversation_id, before)
        seen = await db.read(marks.of, known.inbox, known.thread)
        context = {
            "stretch": stretch,
            "id": conversation_id,
            "seen": seen.by_contact,
            **place_of(call.found, known),
        }
        return render(call.request, "inbox/earlier.html", context, login=call.login)
    asked = _ids(open)
    context = {
        **await _desk_context(call, conversation_id),
        "stretch": await db.read(bubbles.newer, conversation_id, after, fact),
        "standing": await db.read(bubbles.states, conversation_id, asked) if asked else [],
        "draft": "",
    }
    return render(call.request, "inbox/newer.html", context, login=call.login)


@router.get("/inbox/{conversation_id}/suggestions")
async def show_suggestions(call: Calling, conversation_id: UUID) -> Response:
    """Show what the knowledge base says to the customer's last message."""
    await _known(call, conversation_id)
    context = await suggestions(call.found, conversation_id)
    return render(call.request, "inbox/suggestions.html", context, login=call.login)


async def thread_page(
    call: Call,
    conversation_id: UUID,
    *,
    alert: str | None = None,
    draft: str = "",
    status: int = 200,
) -> Response:
    """Answer with a conversation, and with an alert if something did not work."""
    context: dict[str, Any] = {
        **await _desk_context(call, conversation_id),
        "stretch": await call.found.db.read(bubbles.latest, conversation_id),
        **await suggestions(call.found, conversation_id),
        "alert": alert,
        "draft": draft,
    }
    template = "inbox/thread.html"
    if not is_partial(call.request):
        template = "inbox/page.html"
        context |= await _list_context(call, None)
    return render(call.request, template, context, login=call.login, status=status)


async def _list_context(call: Call, cursor: Cursor | None) -> dict[str, Any]:
    states = inboxes(call.found)
    search = call.search
    wanted = Filter(search.view, call.login.id, None, search.q)
    if search.channel:
        named = [name for name, state in states.items() if state.channel == search.channel]
        wanted = replace(wanted, inboxes=named)
    page = await call.found.db.read(listings.rows, wanted, cursor)
    following = listings.next_cursor(search.view, page)
    connected = {state.channel for state in states.values()}
    return {
        "lines": lines_of(call.found, page),
        "counts": await call.found.db.read(listings.counts, call.login.id),
        "views": VIEWS,
        "offered": [(name, label) for name, label in CHANNELS.items() if name in connected],
        "search": search,
        "address": search.url("").removeprefix("?"),
        "more": _text_of(following) if following else "",
        "live_after": call.found.live.last,
    }


async def _desk_context(call: Call, conversation_id: UUID) -> dict[str, Any]:
    known = await call.found.db.read(_around, conversation_id, call.found.clock())
    if known is None:
        raise HTTPException(404)
    row: Row = known["row"]
    conversation = row.conversation
    states = inboxes(call.found)
    return {
        **known,
        "id": conversation_id,
        "line": line_of(row, states, call.found.clock()),
        "conversation": conversation,
        "tail": tail(row.contact),
        "connected": states,
        **place_of(call.found, conversation),
        "seen": known["marks"].by_contact,
        "allowed": allowance_of(conversation, states, call.found.clock()),
        "channels": CHANNELS,
        "reasons": REASONS,
        "mine": conversation.owner is Owner.AGENT and conversation.assignee_id == call.login.id,
        "closed": conversation.status is Status.RESOLVED,
        "search": call.search,
        "address": call.search.url("").removeprefix("?"),
        "live_after": call.found.live.last,
    }


def _around(session: Session, conversation_id: UUID, now: datetime) -> dict[str, Any] | None:
    row = listings.row(session, conversation_id)
    if row is None:
        return None
    beside = kindred.beside(session, row.conversation)
    earlier = listings.earlier(session, row.conversation)
    is_public = row.conversation.visibility is Visibility.PUBLIC
    return {
        "row": row,
        "contact": row.contact,
        "assignee": row.assignee,
        "identities": listings.identities(session, row.contact.id),
        "beside": beside,
        "earlier": [other for other in earlier if other not in beside],
        "public": is_public,
        "aside": is_public and kindred.private_place(session, row.conversation, now) is not None,
        "tickets": tickets.of_contact(session, row.contact.id),
        "marks": marks.of(session, row.conversation.inbox, row.conversation.thread),
    }


async def _known(call: Call, conversation_id: UUID) -> Conversation:
    known = await call.found.db.read(conversations.get, conversation_id)
    if known is None:
        raise HTTPException(404)
    return known


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    at, _, rest = text.partition(",")
    number, _, urgency = rest.partition(",")
    try:
        moment = datetime.fromisoformat(at).astimezone(UTC)
        return Cursor(moment, UUID(number), urgency == URGENT)
    except (ValueError, OverflowError):
        return None


def _text_of(cursor: Cursor) -> str:
    text = f"{cursor.at.isoformat()},{cursor.id}"
    return f"{text},{URGENT}" if cursor.urgent else text


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(part) for part in text.split(",")[:OPEN] if part]
    except ValueError:
        return []
