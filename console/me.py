"""One's own page: language, light, password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import auth
from console.auth import Anybody, Found
from console.i18n import LOCALES, mark
from console.views import THEMES, render
from storage import people

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.get("/me")
async def show(request: Request, login: Anybody, saved: str = "") -> Response:
    """Show one's settings."""
    return render(request, "me.html", {"saved": saved, "problem": None}, login=login)


@router.post("/me")
async def change(
    login: Anybody,
    found: Found,
    language: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
) -> Response:
    """Remember language and light, for this person and this browser."""
    spoken = language if language in LOCALES else None
    light = theme if theme in THEMES else None
    await found.db.write(people.set_preferences, login.id, spoken, light)
    response = RedirectResponse("/me?saved=preferences", 303)
    for name, value in (("language", spoken), ("theme", light)):
        response.set_cookie(
            name, value or "", max_age=YEAR if value else 0, samesite="lax", secure=found.secure
        )
    return response


@router.get(auth.PASSWORD_PATH)
async def ask_password(request: Request, login: Anybody) -> Response:
    """Show the form for a new password."""
    return render(request, "password.html", {"problem": None}, login=login)


@router.post(auth.PASSWORD_PATH)
async def change_password(
    request: Request,
    login: Anybody,
    found: Found,
    current: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change one's password; other sessions of this person end, this one goes on."""
    problem = await _problem(login, current, new, again)
    if problem:
        return render(request, "password.html", {"problem": problem}, login=login, status=422)
    hashed = await auth.hash_in_thread(new)
    await found.db.write(people.set_password, login.id, hashed)
    await found.db.write(people.end_sessions, login.id, login.session)
    return RedirectResponse("/" if login.agent.must_change_password else "/me?saved=password", 303)


async def _problem(login: auth.Login, current: str, new: str, again: str) -> str | None:
    if len(new) < auth.SHORTEST:
        return mark("The new password needs at least 10 characters.")
    if new != again:
        return mark("The two new passwords are not the same.")
    if not await auth.verify(current, login.agent.password_hash):
        return mark("The current password is wrong.")
    if new == current:
        return mark("The new password is the old one.")
    return None
