"""Weibo's API: its error codes as a table, since they move."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from channels import errors
from channels.errors import ChannelError, RateLimited, Refused, Unauthorized
from channels.http import call, make_client, redact
from channels.weibo.config import Config, ErrorName
from channels.weibo.render import data

API = "https://m.api.weibo.com"

ERRORS: Mapping[int, ErrorName] = {
    10001: "Unavailable",
    10002: "Unavailable",
    10003: "Unavailable",
    10004: "Unauthorized",
    10005: "Unauthorized",
    10006: "Unauthorized",
    10009: "Unavailable",
    10010: "Unavailable",
    10011: "Unavailable",
    10013: "Unauthorized",
    10014: "Unauthorized",
    10022: "RateLimited",
    10023: "RateLimited",
    10024: "RateLimited",
    20012: "TooLong",
    20013: "TooLong",
    20016: "RateLimited",
    20301: "Blocked",
    20304: "Blocked",
    21301: "Unauthorized",
    21314: "Unauthorized",
    21315: "Unauthorized",
    21316: "Unauthorized",
    21317: "Unauthorized",
    21319: "Unauthorized",
    21321: "Unauthorized",
    21327: "Unauthorized",
    21332: "Unauthorized",
}
"""Known codes; any other means that the message was refused."""

PAUSE = 600.0
"""Seconds to wait after "too often"; the platform counts by the hour."""


def error_of(code: int, reason: str, told: Mapping[int, ErrorName]) -> ChannelError:
    """Return what an error code means; `told` is the inbox's own table."""
    name = told.get(code) or ERRORS.get(code, "Refused")
    if name == "RateLimited":
        return RateLimited(PAUSE)
    kind: type[ChannelError] = getattr(errors, name)
    return kind(f"{kind.__doc__} (Weibo {code}: {redact(reason)[:200]})")


class Api:
    """The calls of one account; close it when done."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = make_client(config.base_url or API, read=config.timeout)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def send(self, contact: str, text: str) -> None:
        """Say one text to `contact`.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        token = self._config.access_token
        if token is None:
            raise Unauthorized("the inbox has no access_token")
        answer = await call(
            self._client,
            "POST",
            "/2/messages/reply.json",
            total=self._config.timeout + 5,
            data={
                "access_token": token.get_secret_value(),
                "type": "text",
                "data": data(text),
                "receiver_id": contact,
                "save_sender_box": "1",
            },
        )
        found = answer.json()
        code = str(found.get("error_code") or "")
        if code:
            reason = str(found.get("error", ""))
            raise error_of(int(code) if code.isdecimal() else 0, reason, self._config.errors)
        if answer.status >= httpx.codes.BAD_REQUEST or found.get("result") is False:
            raise Refused(f"HTTP {answer.status} without an error_code")
