"""Who calls the web chat's API: which chat, which visitor, and may they at all."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.web import service_of
from channels.errors import BadRequest, ChannelError
from channels.visited import Visited


class Turned(Exception):
    """The caller is turned away with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def visited(request: Request, inbox: str) -> Visited:
    """Return the chat that is called.

    Raises:
        Turned: there is none, or not for this site.
    """
    found = service_of(request).inboxes.get(inbox)
    if found is None or found.visited is None:
        raise Turned(PlainTextResponse("no such chat", 404))
    if not found.visited.admits(request.headers):
        raise Turned(PlainTextResponse("this site may not talk to this chat", 403))
    return found.visited


def visitor_of(request: Request, inbox: str) -> str:
    """Return who calls.

    Raises:
        Turned: nobody we know.
    """
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Turned(PlainTextResponse("a visitor's token is needed", 401))
    try:
        return visited(request, inbox).visitor(bearer.strip())
    except BadRequest as problem:
        raise Turned(PlainTextResponse("this token is not ours", problem.status)) from problem
    except ChannelError as problem:
        raise Turned(PlainTextResponse("try again", 503)) from problem
