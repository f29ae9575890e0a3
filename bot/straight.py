"""A way past the router for the calls that bring messages: they are nearly all there are."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_DOOR = re.compile(r"/inboxes/([^/]+)/([a-z]+)")
Door = Callable[[Request], Awaitable[Response]]


class Straight:
    """Answers POSTs to `/inboxes/{inbox}/NAME` by the door of that name, and leaves the rest.

    The router knows the same doors: what comes out is the same, past a dozen layers.
    """

    def __init__(self, app: ASGIApp, doors: Mapping[str, Door]) -> None:
        self.app, self._doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or answer it."""
        found = _found(scope)
        door = self._doors.get(found[2]) if found is not None else None
        if found is None or door is None:
            await self.app(scope, receive, send)
            return
        scope["path_params"] = {"inbox": found[1]}
        response = await door(Request(scope, receive, send))
        await response(scope, receive, send)


def _found(scope: Scope) -> re.Match[str] | None:
    is_post = scope["type"] == "http" and scope["method"] == "POST"
    return _DOOR.fullmatch(scope["path"]) if is_post else None
