"""The console as one application: its pages, its files, its answers when something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from console import (
    actions,
    answer_files,
    chat,
    conversations,
    demo,
    imports,
    knowledge,
    knowledge_chosen,
    knowledge_list,
    knowledge_tools,
    learning,
    login,
    me,
    media,
    missed,
    releases,
    settings,
    stream,
    tickets,
)
from console.auth import (
    PASSWORD_PATH,
    Forbidden,
    Forged,
    LoginNeeded,
    PasswordChangeNeeded,
    find_login,
)
from console.i18n import mark
from console.rows import Rendered
from console.security import Relaxation, SecurityHeaders
from console.services import Services
from console.views import STATIC, render

ROUTERS: list[APIRouter] = [
    login.router,
    media.router,
    conversations.router,
    actions.router,
    stream.router,
    me.router,
    chat.router,
    tickets.router,
    releases.router,
    answer_files.router,
    knowledge_tools.router,
    imports.router,
    learning.router,
    missed.router,
    knowledge_list.router,
    knowledge_chosen.router,
    knowledge.router,
    settings.router,
]
RELAXATIONS: list[Relaxation] = [chat.frame_policy, demo.demo_policy]


def take_routes(app: FastAPI, *routers: APIRouter) -> None:
    """Let `app` serve the routes of routers as they are.

    `include_router` builds each of them anew, for every application and during its first call.
    """
    for router in routers:
        app.router.routes += router.routes


def install(app: FastAPI, services: Services, routers: Sequence[APIRouter] = ()) -> None:
    """Give `app` the console's pages, and those of `routers`."""
    app.state.services = services
    app.state.rendered = Rendered()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    take_routes(app, *ROUTERS, *routers)
    app.add_middleware(SecurityHeaders, relaxations=tuple(RELAXATIONS))
    app.add_exception_handler(LoginNeeded, _to_login)
    app.add_exception_handler(PasswordChangeNeeded, _to_password)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(Forged, _forged)
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(405, _not_found)
    app.add_exception_handler(RequestValidationError, _not_an_address)
    app.add_exception_handler(Exception, _broken)


async def _to_login(request: Request, _problem: Exception) -> Response:
    if request.url.path.startswith("/live"):
        return Response(status_code=401)
    return _go(request, f"/login?next={quote(_page_of(request))}", status=401)


def _page_of(request: Request) -> str:
    """Return the page a person was on: a part of a page is none to come back to."""
    try:
        url = urlsplit(request.headers.get("hx-current-url", str(request.url)))
    except ValueError:
        return "/"
    if request.method != "GET" and "hx-current-url" not in request.headers:
        return "/"
    return f"{url.path}?{url.query}" if url.query else url.path


async def _to_password(request: Request, _problem: Exception) -> Response:
    return _go(request, PASSWORD_PATH, status=403)


async def _forbidden(request: Request, _problem: Exception) -> Response:
    return await error_page(
        request,
        403,
        mark("You may not do this"),
        mark("Your role does not include this page. Ask an administrator if it should."),
    )


async def _forged(request: Request, _problem: Exception) -> Response:
    return await error_page(
        request,
        403,
        mark("This form is out of date"),
        mark("Go back, load the page again, and send it once more."),
    )


async def _not_found(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        problem = HTTPException(404)
    if not _is_person(request):
        return await http_exception_handler(request, problem)
    return await _nothing_here(request, problem.status_code)


async def _not_an_address(request: Request, problem: Exception) -> Response:
    """Answer where an address lacks a part, or has one that cannot be: nothing is at it."""
    if isinstance(problem, RequestValidationError) and not _is_person(request):
        return await request_validation_exception_handler(request, problem)
    return await _nothing_here(request, 404)


async def _nothing_here(request: Request, status: int) -> Response:
    return await error_page(
        request,
        status,
        mark("There is nothing here"),
        mark("The address may be mistyped, or what it named is gone."),
    )


async def _broken(request: Request, _problem: Exception) -> Response:
    if not _is_person(request):
        return PlainTextResponse("Internal Server Error", 500)
    context = {
        "title": mark("Something went wrong on our side"),
        "detail": mark("What you saved before is safe. Try again in a moment."),
    }
    return render(request, "error.html", context, status=500)


def _is_person(request: Request) -> bool:
    """Say whether a browser asks for a page; platforms and programs get plain answers."""
    return "text/html" in request.headers.get("accept", "")


async def error_page(request: Request, status: int, title: str, detail: str) -> Response:
    """Answer with a page that says what is wrong and what to do."""
    found = await find_login(request)
    context = {"title": title, "detail": detail}
    return render(request, "error.html", context, login=found, status=status)


def _go(request: Request, path: str, status: int) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=status, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)
