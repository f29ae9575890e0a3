"""The one outgoing HTTP client: time limits, a cap on answers, our errors, no secrets in texts."""

from __future__ import annotations

import asyncio
import json
import math
import re
import ssl
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

import httpx

from channels import dates
from channels.errors import (
    ChannelError,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
)

if find_spec("sniffio") is None:
    # httpcore looks for it several times a call, and each time Python would search all its folders.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

MIB = 1024 * 1024
CONNECT, READ, TOTAL = 3.0, 10.0, 15.0
"""Seconds to reach a platform, to wait for its next byte, and for a whole call."""
IDLE = 3.0
"""Seconds that a connection is kept for the next call: servers close theirs after 5 or more, and a
call that meets the closing is in doubt."""
DEFAULT_WAIT, LONGEST_WAIT = 30.0, 86_400.0
"""Seconds to pause when a platform says "too fast" without saying how long, and at most."""

NEVER_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
)
KEYS = (
    r"access[_-]?token|refresh[_-]?token|session[_-]?token|token|(?:app|corp|client|signing)?"
    r"[_-]?secret(?:[_-]token)?|(?:encoding_?)?aes_?key|password|passwd|signature|msg_signature|sig|api[_-]?key|ticket"
)
SECRETS = (
    (re.compile(r"\bbot\d{4,}(?::|%3a)[\w%-]{8,}", re.IGNORECASE), "bot***"),
    (re.compile(r"\b\d{6,}(?::|%3a)[A-Za-z0-9_-]{20,}", re.IGNORECASE), "***"),
    (re.compile(r"\b(xox[a-z]|xapp)-[\w-]+", re.IGNORECASE), r"\1-***"),
    (re.compile(r"(hooks\.slack\.com/\w+/)[^\s\"'?]+", re.IGNORECASE), r"\1***"),
    (re.compile(r"\b(bearer|basic|qqbot)\s+[\w.~+/=:-]{6,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), r"\1***@"),
    (
        re.compile(
            rf"(?<![a-z0-9])((?:{KEYS})[\"']?\s*[:=]\s*[\"']?)[^&\s\"',;}}\])]+", re.IGNORECASE
        ),
        r"\1***",
    ),
)


class Opens(Protocol):
    """An account's calls, which are opened before they are used and closed at the end."""

    async def open(self) -> None:
        """Make ready; may raise a `ChannelError`."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


O = TypeVar("O", bound=Opens)  # noqa: E741 - what is opened


async def opened(calls: O) -> O:
    """Return an account's calls, open; what cannot be opened is closed again.

    Raises:
        ChannelError: whatever opening raised.
    """
    try:
        await calls.open()
    except BaseException:
        await calls.close()
        raise
    return calls


class Content(TypedDict, total=False):
    """What a call carries; the names are httpx's."""

    json: Any
    data: Mapping[str, Any]
    content: bytes
    files: Mapping[str, Any]
    params: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform's whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    repeatable: bool = False

    def json(self) -> dict[str, Any]:
        """Return the body's JSON object.

        Raises:
            Refused: the call was refused (4xx) without saying why in JSON.
            Unavailable: senseless, but asking again does no harm.
            Uncertain: senseless, so nobody knows what the call did.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        if self.status >= httpx.codes.BAD_REQUEST:
            raise Refused(f"HTTP {self.status} without a reason")
        raise lost(f"HTTP {self.status} without a JSON object", repeatable=self.repeatable)


def make_client(
    base_url: str = "",
    *,
    read: float = READ,
    connect: float = CONNECT,
    trust_env: bool = False,
    headers: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client for platforms' APIs: short time limits, no redirects, no surprise proxy."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(read, connect=connect, pool=connect),
        limits=httpx.Limits(
            max_connections=100, max_keepalive_connections=20, keepalive_expiry=IDLE
        ),
        follow_redirects=False,
        trust_env=trust_env,
        headers={"accept-encoding": "identity", "user-agent": "yingda", **(headers or {})},
        transport=transport,
        verify=_trusted(),
    )


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the authorities takes long; every client of this process shares one context.
    return httpx.create_ssl_context(trust_env=False)


async def call(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    cap: int = MIB,
    total: float = TOTAL,
    repeatable: bool = False,
    reads: frozenset[int] = frozenset(),
    **content: Unpack[Content],
) -> Reply:
    """Call a platform once and return its answer below 500, other than 401 and 429.

    Pass `repeatable=True` when the call changes nothing (fetching a token): then a lost answer
    is `Unavailable`, not `Uncertain`. GET always is. The statuses in `reads` are returned like any
    other answer: the caller reads what the platform says with them.

    Raises:
        Unavailable: not reached, not told everything, busy (5xx, 408) or redirecting.
        Uncertain: written, but the answer was lost, cut, or larger than `cap`.
        RateLimited: 429.
        Unauthorized: 401.
    """
    repeatable = repeatable or method.upper() in ("GET", "HEAD")
    writing = _Writing()
    try:
        async with asyncio.timeout(total):
            request = client.build_request(method, url, extensions={"trace": writing}, **content)
            answer = await client.send(request, stream=True)
            dates.hear(answer.headers.get("date"))
            try:
                if answer.status_code not in reads:
                    refuse(answer.status_code, answer.headers)
                body = await _read(answer, cap)
            finally:
                await answer.aclose()
    except NEVER_WRITTEN as error:
        raise Unavailable(f"not reached: {_name(error)}") from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError, _Unread) as error:
        if writing.failed:
            raise Unavailable(f"not written to its end: {_name(error)}") from None
        raise lost(f"the answer was lost: {_name(error)}", repeatable=repeatable) from None
    return Reply(answer.status_code, dict(answer.headers), body, repeatable)


def lost(reason: str, *, repeatable: bool) -> ChannelError:
    """Return the error of an answer that never came."""
    return Unavailable(reason) if repeatable else Uncertain(reason)


def refuse(status: int, headers: Mapping[str, str]) -> None:
    """Raise our error for a status that means the same on every platform; else do nothing."""
    match status:
        case 429:
            raise RateLimited(retry_after(headers.get("retry-after"), headers.get("date")))
        case 401:
            raise Unauthorized(f"HTTP {status}")
        case _ if status >= 500 or status == 408 or 300 <= status < 400:  # noqa: PLR2004 - HTTP
            raise Unavailable(f"HTTP {status}")


def retry_after(value: str | None, date: str | None = None) -> float:
    """Return the seconds a Retry-After header means; `date` is the answer's own Date header."""
    seconds = _seconds(value or "", date or "")
    if not math.isfinite(seconds) or seconds < 0:
        return DEFAULT_WAIT
    return min(seconds, LONGEST_WAIT)


def redact(text: str) -> str:
    """Return `text` without tokens, passwords and signatures."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class _Writing:
    """Hears how far a call came. Of one that broke off in the middle no server does anything."""

    failed = False

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        part, _, how = event.rpartition(".")
        if how == "failed" and part.endswith(("send_request_headers", "send_request_body")):
            self.failed = True


class _Unread(Exception):
    """An answer that is too large or wrongly packed."""


async def _read(answer: httpx.Response, cap: int) -> bytes:
    """Read at most `cap` bytes, before and after unpacking."""
    parts, size = [], 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > cap:
            raise _Unread
        parts.append(part)
    body = b"".join(parts)
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("identity", "") or not body:
        return body
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        body = unpacker.decompress(body, cap + 1)
    except zlib.error:
        raise _Unread from None
    if len(body) > cap or not unpacker.eof:
        raise _Unread
    return body


def _seconds(value: str, date: str) -> float:
    try:
        return float(value)
    except ValueError:
        pass
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return math.nan
    return wait.total_seconds()


def _name(error: BaseException) -> str:
    """Say what happened without the error's own text, which can hold a URL with a token."""
    return type(error).__name__.lstrip("_")
