"""Coming in and going out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import auth, csrf
from console.auth import Found
from console.i18n import mark
from console.views import render
from handlers.desk.roles import may
from storage import people
from storage.models import Agent

router = APIRouter()

WRONG = mark(
    "Name or password is wrong, or the account is locked for 15 minutes. "
    "An administrator can give you a new password."
)


ROOMS = (
    ("inbox", "/inbox"),
    ("tickets", "/tickets"),
    ("knowledge.write", "/kb"),
    ("settings", "/settings"),
    ("approve", "/approvals"),
)
"""Where one may work; the first that is open is where one begins."""


@router.get("/")
async def start(request: Request) -> Response:
    """Go to the first room that is open to this person."""
    login = await auth.find_login(request)
    if login is None:
        return RedirectResponse("/login", 303)
    room = next((path for permission, path in ROOMS if login.may(permission)), "/me")
    return RedirectResponse(room, 303)


@router.get("/login")
async def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - the query's name
    """Show the login form."""
    if await auth.find_login(request):
        return RedirectResponse(auth.safe_next(next), 303)
    idle = auth.IDLE // timedelta(minutes=1)
    context = {"next": auth.safe_next(next), "name": "", "wrong": None, "idle": idle}
    return render(request, "login.html", context)


@router.post("/login")
async def enter(
    request: Request,
    found: Found,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002 - the form's name
) -> Response:
    """Log in; an unknown name, a wrong password and a locked account look alike."""
    if not csrf.is_same_origin(request):
        raise auth.Forged
    agent = await found.db.read(people.find_agent, name.strip())
    if await auth.verify(password, agent.password_hash if agent else None) and agent:
        response = RedirectResponse(landing(agent, next), 303)
        if await _is_open(found, agent, request, response):
            return response
    elif agent:
        await found.db.write(people.count_failed, agent.name, found.clock())
    context = {"next": auth.safe_next(next), "name": name, "wrong": WRONG}
    return render(request, "login.html", context, status=422)


def landing(agent: Agent, wish: str) -> str:
    """Return where somebody goes after the login: on as wished, unless that room is closed."""
    path = auth.safe_next(wish)
    room = f"/{urlsplit(path).path.lstrip('/').partition('/')[0]}"
    closed = any(room == place and not may(agent.role, needed) for needed, place in ROOMS)
    return "/" if closed else path


async def _is_open(found: Found, agent: Agent, request: Request, response: Response) -> bool:
    old = request.cookies.get(auth.cookie_name(found))
    if old:
        await found.db.write(people.end_session, auth.id_hash(old))
    return await auth.open_session(found, agent, response, request.headers.get("user-agent", ""))


@router.post("/logout")
async def leave(request: Request, found: Found) -> Response:
    """Log out."""
    login = await auth.check_call(request)
    await found.db.write(people.end_session, login.session)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(
        auth.cookie_name(found), path="/", secure=found.secure, httponly=True, samesite="lax"
    )
    return response
