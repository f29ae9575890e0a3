"""Was this POST made by a page of ours? Two questions, both must be answered yes."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

FIELD = "csrf"
HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_same_origin(request: Request) -> bool:
    """Say whether the browser tells that the call comes from our own site.

    A browser sends `Sec-Fetch-Site` (https) or `Origin`; what sends neither is no browser, and
    carries nobody's cookies by accident.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == request.headers.get("host", "") != ""
    except ValueError:
        return False


def body_of(request: Request) -> AsyncIterator[bytes]:
    """Return the body of a call that is a file, as it comes.

    Raises:
        HTTPException: its token stood in a form; whoever looked for it has read the body.
    """
    if HEADER not in request.headers:
        raise HTTPException(415, f"send the file itself, and the token as {HEADER}")
    return request.stream()


async def has_token(request: Request, expected: str) -> bool:
    """Say whether the call carries its session's own token, in a header or a hidden field."""
    given = request.headers.get(HEADER)
    if given is None:
        form = await request.form()
        field = form.get(FIELD)
        given = field if isinstance(field, str) else ""
    return secrets.compare_digest(given.encode(), expected.encode())
