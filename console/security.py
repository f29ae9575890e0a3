"""What every page tells the browser to refuse. Pure ASGI: safe in front of streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"
NO_SNIFFING = b"x-content-type-options", b"nosniff"
POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
Relaxation = Callable[[Scope], Mapping[str, str] | None]
"""Returns directives that a path needs otherwise than `POLICY` has them, or None."""


def policy(changes: Mapping[str, str] | None = None) -> str:
    """Return the content security policy, with some directives changed."""
    return "; ".join(f"{name} {value}" for name, value in {**POLICY, **(changes or {})}.items())


class SecurityHeaders:
    """Adds the headers to pages and static files; everything else passes untouched."""

    def __init__(self, app: ASGIApp, relaxations: tuple[Relaxation, ...] = ()) -> None:
        self.app = app
        self.relaxations = relaxations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and complete the answer's head."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(scope, message)
            await send(message)

        await self.app(scope, receive, complete)

    def _complete(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        headers.setdefault(*(each.decode() for each in NO_SNIFFING))
        if scope["path"].startswith(STATIC):
            versioned = scope["query_string"].startswith(b"v=")
            headers["cache-control"] = (
                "public, max-age=31536000, immutable" if versioned else "no-cache"
            )
            return
        if not _is_page(message):
            return
        changes = self._changes(scope)
        headers.setdefault("content-security-policy", policy(changes))
        headers.setdefault("referrer-policy", "same-origin")
        headers.setdefault("cross-origin-opener-policy", "same-origin")
        headers.setdefault("permissions-policy", "camera=(), microphone=(), geolocation=()")
        headers.setdefault("cache-control", "no-store")
        if "frame-ancestors" not in changes:
            headers.setdefault("x-frame-options", "DENY")

    def _changes(self, scope: Scope) -> dict[str, str]:
        changes: dict[str, Any] = {}
        for relaxation in self.relaxations:
            changes.update(relaxation(scope) or {})
        return changes


def _is_page(message: Message) -> bool:
    kind = Headers(raw=message.get("headers", [])).get("content-type", "")
    return kind.startswith("text/html") or not kind
