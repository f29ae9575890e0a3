"""WeChat's API: its error codes as a table, its token shared by all who send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from channels import errors
from channels.base import Clock, Memory
from channels.errors import ChannelError, RateLimited, Refused, Unauthorized, Uncertain
from channels.http import call, make_client, redact
from channels.token import Token, Tokens
from channels.wechat.config import Config, ErrorName

API = "https://api.weixin.qq.com"

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The token is wrong, illegal or expired: worth one new token."""

ERRORS: Mapping[int, ErrorName] = {
    -1: "Unavailable",
    40001: "Unauthorized",
    40003: "Refused",
    40013: "Unauthorized",
    40014: "Unauthorized",
    40125: "Unauthorized",
    40164: "Unauthorized",
    41001: "Unauthorized",
    41002: "Unauthorized",
    41004: "Unauthorized",
    42001: "Unauthorized",
    42007: "Unauthorized",
    43004: "Blocked",
    43019: "Blocked",
    43101: "Blocked",
    45002: "TooLong",
    45009: "RateLimited",
    45011: "RateLimited",
    45015: "WindowClosed",
    45047: "QuotaUsed",
    47001: "Refused",
    48001: "Unauthorized",
    48002: "Blocked",
    48004: "Unauthorized",
    50001: "Unauthorized",
    50002: "Unauthorized",
}
"""Known codes; any other means that the message was refused."""

PAUSES: Mapping[int, float] = {45009: 3600.0}
"""Seconds until it makes sense to try again: a day's quota takes longer than a minute's."""
PAUSE = 60.0


def error_of(code: int, reason: str, told: Mapping[int, ErrorName]) -> ChannelError:
    """Return what an error code means; `told` is the inbox's own table."""
    name = told.get(code) or ERRORS.get(code, "Refused")
    if name == "RateLimited":
        return RateLimited(PAUSES.get(code, PAUSE))
    kind: type[ChannelError] = getattr(errors, name)
    return kind(f"{kind.__doc__} (WeChat {code}: {redact(reason)[:200]})")


class Api:
    """The calls of one account; close it when done."""

    def __init__(self, config: Config, memory: Memory, clock: Clock) -> None:
        self._config = config
        self._client = make_client(config.base_url or API, read=config.timeout)
        self._tokens = Tokens(memory, clock, config.app_id, self._fetch)

    async def open(self) -> None:
        """Begin anew, whatever went wrong before, and see whether the account is let in.

        Raises:
            ChannelError: there is no token to be had.
        """
        await self._tokens.open()
        await self._tokens.get()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._tokens.close()
        await self._client.aclose()

    async def send(self, contact: str, body: Mapping[str, Any]) -> None:
        """Say one thing to `contact`.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        code, reason = 0, ""
        refused: str | None = None
        for _ in range(2):
            token = await self._tokens.get(refused)
            code, reason = await self._send(token, {"touser": contact, **body})
            if code not in STALE_TOKEN:
                break
            refused = token
        if code:
            raise error_of(code, reason, self._config.errors)

    async def _send(self, token: str, body: Mapping[str, Any]) -> tuple[int, str]:
        answer = await call(
            self._client,
            "POST",
            "/cgi-bin/message/custom/send",
            total=self._config.timeout + 5,
            params={"access_token": token},
            content=json.dumps(body, ensure_ascii=False).encode(),
            headers={"content-type": "application/json; charset=utf-8"},
        )
        found = answer.json()
        code = found.get("errcode")
        if isinstance(code, int):
            return code, str(found.get("errmsg", ""))
        if answer.status >= httpx.codes.BAD_REQUEST:
            raise Refused(f"HTTP {answer.status} without an errcode")
        raise Uncertain("the answer has no errcode")

    async def _fetch(self, *, force: bool) -> Token:
        answer = await call(
            self._client,
            "POST",
            "/cgi-bin/stable_token",
            repeatable=True,
            total=self._config.timeout + 5,
            json={
                "grant_type": "client_credential",
                "appid": self._config.app_id,
                "secret": self._config.app_secret.get_secret_value(),
                "force_refresh": force,
            },
        )
        found = answer.json()
        token, seconds = found.get("access_token"), found.get("expires_in")
        if not (isinstance(token, str) and token and isinstance(seconds, int)):
            raise self._no_token(found)
        return Token(token, timedelta(seconds=seconds))

    def _no_token(self, found: Mapping[str, Any]) -> ChannelError:
        code, reason = found.get("errcode"), str(found.get("errmsg", "no token in the answer"))
        error = error_of(code if isinstance(code, int) else 0, reason, self._config.errors)
        # a token's refusal says nothing of the message, which must not be lost for it
        return Unauthorized(str(error)) if isinstance(error, Refused) else error
