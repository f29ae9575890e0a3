"""QQ's API: its error codes as a table, its token shared by all who send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from channels import errors
from channels.base import Clock, Memory
from channels.errors import ChannelError, RateLimited, Refused, Unauthorized, Unavailable
from channels.http import call, make_client, redact
from channels.qq.config import Config, ErrorName
from channels.token import Token, Tokens

API, SANDBOX = "https://api.sgroup.qq.com", "https://sandbox.api.sgroup.qq.com"
TOKENS = "https://bots.qq.com"
TOKEN_PATH = "/app/getAppAccessToken"  # noqa: S105 - a path
ME = "/users/@me"

STALE_TOKEN = frozenset({11241, 11242, 11243, 11244})
"""The token is missing, wrong or expired: worth one new token."""
DENIED = frozenset({401})

ERRORS: Mapping[int, ErrorName] = {
    11241: "Unauthorized",
    11242: "Unauthorized",
    11243: "Unauthorized",
    11244: "Unauthorized",
    11251: "Unauthorized",
    11252: "Unauthorized",
    11253: "Unauthorized",
    11254: "RateLimited",
    11255: "Refused",
    11298: "Unauthorized",
    22009: "RateLimited",
    304016: "Unavailable",
    304020: "TooLong",
    304023: "Taken",
    304024: "Taken",
    304027: "WindowClosed",
    40054005: "Taken",
}
"""Known codes; any other means that the message was refused. 304023 and 304024: it is looked
through first and shown later; 40054005: it has this very message already."""
UPLOAD = 60.0
"""Seconds for a call that carries a file."""
PAUSE = 60.0
"""Seconds to wait after "too often"."""


def error_of(code: int, reason: str, told: Mapping[int, ErrorName]) -> ChannelError | None:
    """Return what an error code means; None when the message was taken all the same."""
    name = told.get(code) or ERRORS.get(code, "Refused")
    if name == "Taken":
        return None
    if name == "RateLimited":
        return RateLimited(PAUSE)
    kind: type[ChannelError] = getattr(errors, name)
    return kind(f"{kind.__doc__} (QQ {code}: {redact(reason)[:200]})")


class Api:
    """The calls of one bot; close it when done."""

    def __init__(self, config: Config, memory: Memory, clock: Clock) -> None:
        self._config = config
        self._client = make_client(
            config.base_url or (SANDBOX if config.sandbox else API), read=config.timeout
        )
        self._tokens = Tokens(memory, clock, config.app_id, self._fetch)

    async def open(self) -> None:
        """Begin anew, whatever went wrong before, and see whether the bot is let in.

        Raises:
            ChannelError: there is no token to be had.
        """
        await self._tokens.open()
        await self._tokens.get()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._tokens.close()
        await self._client.aclose()

    async def send(self, path: str, body: bytes) -> str | None:
        """Post one message; return the platform's id of it.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        sent = (await self._asked(path, body, self._config.timeout + 5)).get("id")
        return sent if isinstance(sent, str) and sent else None

    async def upload(self, path: str, body: bytes) -> str:
        """Give QQ a file, and return what stands for it in a message to the same place.

        Raises:
            ChannelError: it was not taken; an upload that is repeated harms nobody.
        """
        found = await self._asked(path, body, UPLOAD, repeatable=True)
        info = found.get("file_info")
        if isinstance(info, str) and info:
            return info
        raise Unavailable("the upload has no file_info")

    async def name(self) -> str:
        """Return what the bot is called.

        Raises:
            ChannelError: it is not let in, or the platform cannot be asked now.
        """
        total = self._config.timeout + 5
        found = await self._asked(ME, b"", total, repeatable=True, method="GET")
        return str(found.get("username", ""))[:100]

    async def _asked(
        self,
        path: str,
        body: bytes,
        total: float,
        *,
        repeatable: bool = False,
        method: str = "POST",
    ) -> Mapping[str, Any]:
        token = await self._tokens.get()
        code, found = await self._post(method, path, body, token, total, repeatable=repeatable)
        if code in STALE_TOKEN:
            token = await self._tokens.get(token)
            code, found = await self._post(method, path, body, token, total, repeatable=repeatable)
        if code:
            error = error_of(code, str(found.get("message", "")), self._config.errors)
            if error is not None:
                raise error
        return found

    async def _post(
        self, method: str, path: str, body: bytes, token: str, total: float, *, repeatable: bool
    ) -> tuple[int, Mapping[str, Any]]:
        answer = await call(
            self._client,
            method,
            path,
            total=total,
            repeatable=repeatable,
            reads=DENIED,
            content=body,
            headers={
                "authorization": f"QQBot {token}",
                "content-type": "application/json; charset=utf-8",
            },
        )
        if answer.status in DENIED and not answer.body.startswith(b"{"):
            raise Unauthorized(f"HTTP {answer.status} without a code")
        found = answer.json()
        code = found.get("code")
        if isinstance(code, int) and code:
            return code, found
        if answer.status in DENIED:
            raise Unauthorized(f"HTTP {answer.status} without a code")
        if answer.status >= httpx.codes.BAD_REQUEST:
            raise Refused(f"HTTP {answer.status} without a code")
        return 0, found

    async def _fetch(self, *, force: bool) -> Token:
        answer = await call(
            self._client,
            "POST",
            TOKEN_PATH if self._config.base_url else f"{TOKENS}{TOKEN_PATH}",
            repeatable=True,
            total=self._config.timeout + 5,
            json={
                "appId": self._config.app_id,
                "clientSecret": self._config.app_secret.get_secret_value(),
            },
        )
        found = answer.json()
        token, seconds = found.get("access_token"), _seconds(found.get("expires_in"))
        if not (isinstance(token, str) and token and seconds):
            raise self._no_token(found)
        return Token(token, timedelta(seconds=seconds))

    def _no_token(self, found: Mapping[str, Any]) -> ChannelError:
        code = found.get("code")
        reason = redact(str(found.get("message", "no token in the answer")))[:200]
        return Unauthorized(f"QQ gave no access token ({code}: {reason}); see app_id, app_secret")


def _seconds(told: object) -> int:
    """Read how long a token lasts: digits, in a text or not."""
    text = str(told)
    return min(int(text), 86_400) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004
