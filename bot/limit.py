"""No call of anybody may be longer than this; the rest of a longer one is not read."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_CALL = 1024 * 1024
"""Bytes of a body: of a platform's push, of a form, of anything."""

_FILES = re.compile(r"/inbox(es)?/[A-Za-z0-9_-]+/files|/kb/import|/kb/files|/demo/platform/.+")
"""Where files are taken, from agents and from visitors; or by a simulated platform, from us."""


class _TooLarge(Exception):
    """The body is over the limit."""


class BodyLimit:
    """Answers 413 to a call that is too long, whoever reads its body, and however."""

    def __init__(self, app: ASGIApp, limit: int = LARGEST_CALL, largest_file: int = 0) -> None:
        """Let files be as large as `largest_file`, where files are taken."""
        self.app, self.limit, self._largest_file = app, limit, largest_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and count what is read of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._largest_file if _FILES.fullmatch(scope["path"]) else self.limit
        limit = max(limit, self.limit)
        call = _Counted(receive, send, limit)
        if _announced(scope) > limit:
            await call.refuse(scope)
            return
        try:
            await self.app(scope, call.receive, call.send)
        except _TooLarge:
            await call.refuse(scope)


class _Counted:
    """One call whose body is counted while it is read."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._left = receive, send, limit
        self._answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        # Who catches every error while it reads a form answers something else.
        if self._left < 0 and not self._answered:
            raise _TooLarge
        self._answered = True
        await self._send(message)

    async def refuse(self, scope: Scope) -> None:
        if not self._answered:
            self._answered = True
            answer = PlainTextResponse("too large", 413, headers={"connection": "close"})
            await answer(scope, self._receive, self._send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0  # noqa: PLR2004 - a number's length
