"""No call of anybody may be longer than this; the rest of a longer one is not read."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.files import CUT

LARGEST_CALL = 1024 * 1024
"""Bytes of a body: of a platform's push, of a form, of anything."""

_FILES = re.compile(r"/inbox(es)?/[A-Za-z0-9_-]+/files|/kb/import|/kb/files|/demo/platform/.+")
"""Where files are taken, from agents and from visitors; or by a simulated platform, from us."""
_ENTRY = re.compile(
    r"/kb/(?!(?:categories|chosen|files|gaps|import|learning|near|plans|publish|rehearsals|releases"
    r"|tests|try)(?:/|$)).+"
)
"""Where an entry is written, its files with it if no script runs: those words are not lost."""

_PARTED = re.compile(r'multipart/form-data;.*boundary="?([^";]{1,70})', re.IGNORECASE)


class TooLarge(Exception):
    """The body is over the limit."""


class BodyLimit:
    """Answers 413 to a call that is too long, whoever reads its body, and however.

    An entry's form is cut off instead, and `CUT` in its scope says so to who reads it.
    """

    def __init__(self, app: ASGIApp, limit: int = LARGEST_CALL, largest_file: int = 0) -> None:
        """Let files be as large as `largest_file`, where files are taken."""
        self.app, self.limit, self._largest_file = app, limit, largest_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and count what is read of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cuts = _ENTRY.fullmatch(scope["path"]) is not None
        takes_files = cuts or _FILES.fullmatch(scope["path"]) is not None
        limit = max(self.limit, self._largest_file) if takes_files else self.limit
        call = Counted(receive, send, limit, scope if cuts else None)
        if announced(scope) > limit and not cuts:
            await call.refuse(scope)
            return
        try:
            await self.app(scope, call.receive, call.send)
        except TooLarge:
            await call.refuse(scope)


class Counted:
    """One call whose body is counted while it is read."""

    def __init__(self, receive: Receive, send: Send, limit: int, cut: Scope | None) -> None:
        """Count up to `limit`; `cut` is marked where the rest is left out instead of refused."""
        self._receive, self._send, self._left, self._cut = receive, send, limit, cut
        self._boundary = _boundary(cut) if cut is not None else b""
        self._answered = False

    async def receive(self) -> Message:
        """Return the next piece.

        Raises:
            TooLarge: it goes over the limit.
        """
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left >= 0:
            return message
        if self._cut is None:
            raise TooLarge
        self._cut[CUT] = True
        return await self._last(message, len(message["body"]) + self._left)

    async def _last(self, message: Message, kept: int) -> Message:
        """Return the last piece that is taken, once the rest was let go by.

        A browser that is answered while it sends shows its own error instead of our page.
        """
        self._left = 0
        body = _ended(message["body"][:kept], self._boundary)
        last = {"type": "http.request", "body": body, "more_body": False}
        while message.get("more_body"):
            message = await self._receive()
        return last if message["type"] == "http.request" else message

    async def send(self, message: Message) -> None:
        """Pass an answer on."""
        # Who catches every error while it reads a form answers something else.
        if self._left < 0 and not self._answered:
            raise TooLarge
        self._answered = True
        await self._send(message)

    async def refuse(self, scope: Scope) -> None:
        """Answer 413, unless it is answered."""
        if not self._answered:
            self._answered = True
            answer = PlainTextResponse("too large", 413, headers={"connection": "close"})
            await answer(scope, self._receive, self._send)


def _boundary(scope: Scope) -> bytes:
    """Return what stands between the parts of a form, nothing if it has none."""
    told = _PARTED.match(Headers(scope=scope).get("content-type", ""))
    return f"--{told[1]}".encode("latin-1") if told else b""


def _ended(body: bytes, boundary: bytes) -> bytes:
    """Return a form's last piece with an end, for its reader to close all files of it."""
    if not boundary:
        return body
    last = body.rfind(boundary)
    if last >= 0 and b"\r\n\r\n" not in body[last:]:
        return body[:last] + boundary + b"--\r\n"
    return body + b"\r\n" + boundary + b"--\r\n"


def announced(scope: Scope) -> int:
    """Return how long a body is to be by its own word, 0 if it says nothing."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() and len(length) < 16 else 0  # noqa: PLR2004 - a number's length
