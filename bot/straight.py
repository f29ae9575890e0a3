"""A way past the framework for the calls that bring messages: they are nearly all there are."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.limit import LARGEST_CALL, Counted, TooLarge, announced
from console.security import NO_SNIFFING, SecurityHeaders

_DOOR = re.compile(r"/inboxes/([^/]+)/([a-z]+)")
Door = Callable[[Request], Awaitable[Response]]


class Straight(FastAPI):
    """Answers POSTs to `/inboxes/{inbox}/NAME` by the door of that name; the rest goes its way.

    The router knows the same doors. What comes out is the same, past a dozen layers: the body has
    its limit here too, and the answer its headers.
    """

    doors: Mapping[str, Door] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or pass it on."""
        found = _found(scope)
        door = self.doors.get(found[2]) if found is not None else None
        if found is None or door is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"], scope["path_params"] = self, {"inbox": found[1]}
        call = Counted(receive, send, LARGEST_CALL, None)
        if announced(scope) > LARGEST_CALL:
            await call.refuse(scope)
            return
        try:
            response = await door(Request(scope, call.receive, send))
        except TooLarge:
            await call.refuse(scope)
            return
        await _safe(response)(scope, receive, send)


def _safe(response: Response) -> Response | SecurityHeaders:
    """Return the response with the headers that `SecurityHeaders` gives it."""
    kind = response.headers.get("content-type", "")
    if not kind or kind.startswith("text/html"):
        return SecurityHeaders(response)
    response.raw_headers.append(NO_SNIFFING)
    return response


def _found(scope: Scope) -> re.Match[str] | None:
    is_post = scope["type"] == "http" and scope["method"] == "POST"
    return _DOOR.fullmatch(scope["path"]) if is_post else None
