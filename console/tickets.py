"""Complaints and their eight steps: the list, one case, opening one, what waits for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import ticket_views, ticket_words
from console.auth import Found, Login, require
from console.i18n import mark
from console.services import Services
from console.ticket_views import Filter
from console.views import render
from handlers.desk import tickets as cases
from handlers.desk.errors import AlreadyChanged, DeskError, NotFound, NotPermitted
from handlers.desk.workflow import (
    FIELDS,
    WORKFLOWS,
    Incomplete,
    Invalid,
    NotAllowed,
    NotPossible,
)
from storage import conversations, listings
from storage.types import new_id
from storage.zone import ZONE

router = APIRouter()
TicketsLogin = Annotated[Login, Depends(require("tickets"))]
"""Somebody who works on cases."""
ApproverLogin = Annotated[Login, Depends(require("approve"))]
"""Somebody who approves solutions."""
VIEWS = {"pending": mark("Pending"), "handled": mark("Handled"), "all": mark("All")}
WORDS: Mapping[str, Any] = {
    "states": ticket_words.STATES,
    "kinds": ticket_words.KINDS,
    "actions": ticket_words.ACTIONS,
    "fields": ticket_words.FIELDS,
    "helps": ticket_words.HELP,
    "choices": ticket_words.CHOICES,
    "long": ticket_words.LONG,
    "why_not": ticket_words.WHY_NOT,
    "tones": ticket_words.SEVERITY_TONES,
}
NEEDED = mark("Please fill this in.")
NOT_SO = mark("This value is not possible.")


@router.get("/tickets")
async def list_all(
    request: Request,
    login: TicketsLogin,
    found: Found,
    view: str = "pending",
    state: str = "",
    q: str = "",
) -> Response:
    """Show the list, filtered by what the address says."""
    view = view if view in VIEWS else "pending"
    wanted = Filter(
        view=None if view == "all" else ("handled" if view == "handled" else "pending"),
        kind=_among(request.query_params.get("kind", ""), WORKFLOWS),
        state=_among(state, ticket_words.STATES),
        query=q[:200],
        before=request.query_params.get("before"),
    )
    rows = await found.db.read(ticket_views.list_rows, wanted)
    context = {
        **WORDS,
        "rows": rows,
        "view": view,
        "views": VIEWS,
        "wanted": wanted,
        "channels": _channels(found),
        "onwards": rows[-1].ticket.number if len(rows) == ticket_views.PAGE else None,
    }
    return render(request, "tickets/list.html", context, login=login)


@router.get("/approvals")
async def approvals(request: Request, login: ApproverLogin, found: Found) -> Response:
    """Show what waits for a supervisor's yes or no."""
    mine, others = await found.db.read(ticket_views.to_approve, login.agent)
    context = {**WORDS, "mine": mine, "others": others, "channels": _channels(found)}
    return render(request, "tickets/approvals.html", context, login=login)


@router.get("/tickets/new")
async def ask(request: Request, login: TicketsLogin, found: Found, conv: UUID) -> Response:
    """Show the form that opens a complaint about a conversation."""
    return await _new_form(request, login, found, conv)


@router.post("/tickets/new")
async def open_case(request: Request, login: TicketsLogin, found: Found, conv: UUID) -> Response:
    """Open a complaint; the customer is told its number."""
    given = await _given(request)
    missing = {name: NEEDED for name in ("category", "facts") if not given.get(name)}
    wrong = missing | {
        name: NOT_SO
        for name in ("category", "severity", "wish")
        if given.get(name) and given[name] not in FIELDS[name].choices
    }
    if wrong:
        return await _new_form(request, login, found, conv, given, wrong)
    known = {name: given[name] for name in ("facts", "order", "wish") if given.get(name)}
    severity, key = given.get("severity") or "normal", _key(given)
    new = cases.NewTicket("complaint", known, given["category"], severity, key)
    now = found.clock()
    try:
        ticket = await found.db.write(cases.open_from_desk, conv, login.agent, new, now)
    except NotFound:
        return _missing(request, login)
    return RedirectResponse(f"/tickets/{ticket.number}?told=opened", 303)


@router.get("/tickets/{number}")
async def show(
    request: Request, login: TicketsLogin, found: Found, number: str, told: str = ""
) -> Response:
    """Show one case: where it stands, what was done, what comes next."""
    return await _page(request, login, found, number, {"told": told})


@router.post("/tickets/{number}/steps")
async def step(request: Request, login: TicketsLogin, found: Found, number: str) -> Response:
    """Take the next step; what keeps it from being taken is said on the form."""
    given = await _given(request)
    action = given.get("action", "")
    try:
        await found.db.write(
            cases.take_step,
            number,
            action,
            login.agent,
            {name: given[name] for name in given if name in FIELDS},
            found.clock().astimezone(ZONE),
            version=_version(given),
        )
    except DeskError as problem:
        return await _refused(request, login, found, number, given, problem)
    return RedirectResponse(f"/tickets/{number}?told={action}", 303)


async def _refused(
    request: Request,
    login: Login,
    found: Services,
    number: str,
    given: Mapping[str, str],
    problem: DeskError,
) -> Response:
    errors: dict[str, str] = {}
    alert, status = mark("The step was not taken."), 422
    match problem:
        case Incomplete(missing=missing):
            errors = dict.fromkeys(missing, NEEDED)
            alert = mark("Something is missing.")
        case Invalid(field=name):
            errors = {name: ticket_words.WRONG.get(name, NOT_SO)}
        case NotAllowed() | NotPermitted():
            alert, status = mark("You may not take this step."), 403
        case AlreadyChanged() | NotPossible():
            alert, status = mark("Somebody has taken a step meanwhile; look again first."), 409
        case NotFound():
            return _missing(request, login)
        case _:
            pass
    context = {"problem": alert, "errors": errors, "given": given}
    return await _page(request, login, found, number, context, status)


async def _page(
    request: Request,
    login: Login,
    found: Services,
    number: str,
    more: Mapping[str, Any],
    status: int = 200,
) -> Response:
    try:
        case = await found.db.read(ticket_views.read_case, number, login.agent)
    except NotFound:
        return _missing(request, login)
    context = {
        **WORDS,
        "case": case,
        "channels": _channels(found),
        "labels": {state.inbox: state.label for state in found.inboxes()},
        "told": "",
        "problem": None,
        "errors": {},
        "given": {},
        **more,
    }
    return render(request, "tickets/ticket.html", context, login=login, status=status)


async def _new_form(
    request: Request,
    login: Login,
    found: Services,
    conv: UUID,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    row = await found.db.read(listings.row, conv)
    if row is None or await found.db.read(conversations.get, conv) is None:
        return _missing(request, login)
    said = await found.db.read(ticket_views.said_by_customer, conv)
    context = {
        **WORDS,
        "conversation": row.conversation,
        "contact": row.contact,
        "said": said,
        "channels": _channels(found),
        "names": FIELDS,
        "given": given or {},
        "key": _key(given or {}),
        "errors": errors or {},
    }
    status = 422 if errors else 200
    return render(request, "tickets/new.html", context, login=login, status=status)


def _missing(request: Request, login: Login) -> Response:
    context = {
        "title": mark("There is no such case"),
        "detail": mark("The number may be mistyped. Look for it in the list."),
        "status": 404,
    }
    return render(request, "error.html", context, login=login, status=404)


async def _given(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _version(given: Mapping[str, str]) -> int | None:
    version = given.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None  # noqa: PLR2004 - digits


def _key(given: Mapping[str, str]) -> UUID:
    """Return what makes one case of a form that is sent twice."""
    try:
        return UUID(given["key"])
    except (KeyError, ValueError):
        return new_id()


def _among(value: str, known: Mapping[str, object]) -> str | None:
    return value if value in known else None


def _channels(found: Services) -> dict[str, str]:
    return {state.inbox: state.channel for state in found.inboxes()}
