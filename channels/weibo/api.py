"""Weibo's API: its error codes as a table, since they move."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from channels import errors
from channels.download import download
from channels.errors import ChannelError, RateLimited, Refused, Unauthorized, Unavailable
from channels.files import Download
from channels.http import MIB, Reply, call, make_client, redact
from channels.weibo.comments import Place
from channels.weibo.config import Config, ErrorName
from channels.weibo.render import Said

MESSAGES, PUBLIC, FILES = (
    "https://m.api.weibo.com",
    "https://api.weibo.com",
    "https://upload.api.weibo.com",
)

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
    20101: "Gone",
    20201: "Gone",
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

TOKEN_INFO, LIMITS = "/oauth2/get_token_info", "/2/account/rate_limit_status.json"
PAUSE = 600.0
"""Seconds to wait after "too often"; the platform counts by the hour."""
LARGEST_PAGE = 4 * MIB
LARGEST_REFUSAL = 64 * 1024
LONGEST_CODE = 10
WORDS = ("application/json", "text/plain", "text/json")
"""How an answer is declared that is no file but says why there is none."""
ASKED: Mapping[Place, tuple[str, str]] = {
    "comments": ("/2/comments/to_me.json", "comments"),
    "comment_mentions": ("/2/comments/mentions.json", "comments"),
    "mentions": ("/2/statuses/mentions.json", "statuses"),
}
"""Where is asked what was said in a place, and what holds it in the answer."""


def error_of(
    code: int, reason: str, told: Mapping[int, ErrorName], *, here: bool = False
) -> ChannelError:
    """Return what an error code means; `told` is the inbox's own table."""
    name = told.get(code) or ERRORS.get(code, "Refused")
    if name == "RateLimited":
        return RateLimited(PAUSE, here=here)
    kind: type[ChannelError] = getattr(errors, name)
    means = "The post or the comment is not there any more" if name == "Gone" else kind.__doc__
    return kind(f"{means} (Weibo {code}: {redact(reason)[:200]})")


class Api:
    """The calls of one account; close it when done."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._messages, self._public, self._files = (
            make_client(config.base_url or root, read=config.timeout)
            for root in (MESSAGES, PUBLIC, FILES)
        )

    async def close(self) -> None:
        """Let go of the connections."""
        for client in (self._messages, self._public, self._files):
            await client.aclose()

    async def send(self, contact: str, said: Said) -> None:
        """Say one thing to `contact`.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        told = {
            "access_token": self._token(),
            "type": said.kind,
            "data": said.data,
            "receiver_id": contact,
            "save_sender_box": "1",
        }
        found = await self._post(self._messages, "/2/messages/reply.json", told, here=False)
        if found.get("result") is False:
            raise Refused("the platform did not take it, without an error_code")

    async def ask(self, place: Place, since: int, upto: int, count: int) -> Sequence[object]:
        """Return the newest items of a place with numbers above `since`, and up to `upto` if any.

        Raises:
            ChannelError: asking again later does no harm.
        """
        path, name = ASKED[place]
        params = {"access_token": self._token(), "since_id": since, "count": count}
        answer = await call(
            self._public,
            "GET",
            path,
            cap=LARGEST_PAGE,
            total=self._config.timeout + 5,
            params=params | ({"max_id": upto} if upto else {}),
        )
        items = self._understood(answer, here=True).get(name)
        if not isinstance(items, list):
            raise Unavailable(f"no list of {name} in the answer")
        return items

    async def comment(self, post: str, comment: str | None, text: str) -> str | None:
        """Say something under a post, to a comment if there is one; return its number.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        told = {"access_token": self._token(), "id": post, "comment": text}
        path = "/2/comments/create.json" if comment is None else "/2/comments/reply.json"
        told |= {} if comment is None else {"cid": comment}
        found = await self._post(self._public, path, told, here=True)
        number = found.get("idstr") or found.get("id")
        return str(number) if isinstance(number, int | str) else None

    async def about_token(self) -> Mapping[str, Any]:
        """Return what Weibo knows of our access token: `uid`, `expire_in` seconds.

        Raises:
            ChannelError: it is no good, or Weibo cannot be asked now.
        """
        return self._understood(await self._ask_about("POST", TOKEN_INFO), here=True)

    async def about_limits(self) -> Mapping[str, Any]:
        """Return how many calls of this hour are left: `user_limit`, `remaining_user_hits`.

        Raises:
            ChannelError: Weibo cannot be asked now.
        """
        return self._understood(await self._ask_about("GET", LIMITS), here=True)

    async def _ask_about(self, method: str, path: str) -> Reply:
        total, told = self._config.timeout + 5, {"access_token": self._token()}
        return await call(self._public, method, path, total=total, repeatable=True, params=told)

    @asynccontextmanager
    async def fetch(self, ref: str) -> AsyncIterator[Download]:
        """Open a file that a customer sent.

        Raises:
            ChannelError: it is not given, or not now.
        """
        params = {"access_token": self._token(), "fid": ref}
        async with download(self._files, "/2/mss/msget", params=params) as found:
            if found.type in WORDS:
                raise await self._reason(found)
            yield found

    async def _post(
        self, client: httpx.AsyncClient, path: str, told: Mapping[str, str], *, here: bool
    ) -> Mapping[str, Any]:
        total = self._config.timeout + 5
        return self._understood(await call(client, "POST", path, total=total, data=told), here=here)

    def _understood(self, answer: Reply, *, here: bool) -> Mapping[str, Any]:
        found = answer.json()
        if code := str(found.get("error_code") or ""):
            raise self._error(code, found, here=here)
        if answer.status >= httpx.codes.BAD_REQUEST:
            raise Refused(f"HTTP {answer.status} without an error_code")
        return found

    def _error(self, code: str, found: Mapping[str, Any], *, here: bool) -> ChannelError:
        number = int(code) if code.isdecimal() and len(code) < LONGEST_CODE else 0
        return error_of(number, str(found.get("error", "")), self._config.errors, here=here)

    async def _reason(self, found: Download) -> ChannelError:
        body = b""
        async for chunk in found.chunks:
            body += chunk
            if len(body) > LARGEST_REFUSAL:
                return Unavailable("neither a file nor a reason")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or "error_code" not in told:
            return Unavailable("neither a file nor a reason")
        return self._error(str(told["error_code"]), told, here=False)

    def _token(self) -> str:
        if self._config.access_token is None:
            raise Unauthorized("the inbox has no access_token")
        return self._config.access_token.get_secret_value()
