"""Douyin's API: its error codes as a table, its token shared by all who send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels import errors
from channels.base import Clock, Memory
from channels.douyin.authority import Authority, Standing
from channels.douyin.config import Config, ErrorName
from channels.errors import ChannelError, RateLimited, Refused, Retryable, Unauthorized
from channels.http import Content, call, make_client, redact
from channels.token import Tokens

API = "https://open.douyin.com"
SEND, REPLY = "/im/send/msg/", "/item/comment/reply/"

STALE_TOKEN = frozenset({10008, 2190002, 2190008, 28001003, 28001008})
"""The token is wrong or expired: worth one new token."""

ERRORS: Mapping[int, ErrorName] = {
    10008: "Unauthorized",
    10010: "Unauthorized",
    2100004: "Unavailable",
    2190001: "RateLimited",
    2190002: "Unauthorized",
    2190003: "Unauthorized",
    2190004: "Unauthorized",
    2190008: "Unauthorized",
    2190015: "Unauthorized",
    28001003: "Unauthorized",
    28001008: "Unauthorized",
    28001038: "Refused",
    28003018: "RateLimited",
    28003070: "QuotaUsed",
    28003080: "WindowClosed",
    28003081: "WindowClosed",
    28003082: "Refused",
    28003095: "Refused",
    28003101: "Blocked",
    28029004: "Unauthorized",
}
"""Codes as third parties tell them; any other means that the message was refused. 28003095: the
account's own workbench answers by itself; 28029004: the account may not send."""
PAUSE = 60.0
"""Seconds to wait after "too often"."""


def error_of(
    code: int, reason: str, told: Mapping[int, ErrorName], *, here: bool = False
) -> ChannelError:
    """Return what an error code means; `told` is the inbox's own table."""
    name = told.get(code) or ERRORS.get(code, "Refused")
    if name == "RateLimited":
        return RateLimited(PAUSE, here=here)
    kind: type[ChannelError] = getattr(errors, name)
    means = "The video or the comment is not there any more" if name == "Gone" else kind.__doc__
    return kind(f"{means} (Douyin {code}: {redact(reason)[:200]})")


class Api:
    """The calls of one account; close it when done."""

    def __init__(self, config: Config, memory: Memory, clock: Clock) -> None:
        self._config = config
        self._client = make_client(config.base_url or API, read=config.timeout)
        self._authority = Authority(config, memory, clock, self._ask)
        self._tokens = Tokens(memory, clock, config.open_id, self._authority.fetch)

    async def open(self) -> None:
        """Begin anew, whatever went wrong before, and see whether the account is authorised.

        Raises:
            ChannelError: there is no token to be had.
        """
        await self._tokens.open()
        await self._tokens.get()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._tokens.close()
        await self._client.aclose()

    async def standing(self) -> Standing:
        """Return how the account's authorisation is doing, once a token was to be had.

        Raises:
            ChannelError: there is none.
        """
        await self._tokens.get()
        return await self._authority.standing()

    async def send(self, told: Mapping[str, Any]) -> str | None:
        """Send one private message; return the platform's id of it.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        return _text(await self._post(SEND, told, here=False), "msg_id")

    async def comment(self, item: str, comment: str, text: str) -> str | None:
        """Answer a comment; return the number of ours.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        told = {"item_id": item, "comment_id": comment, "content": text}
        return _text(await self._post(REPLY, told, here=True), "comment_id")

    async def _post(self, path: str, told: Mapping[str, Any], *, here: bool) -> Mapping[str, Any]:
        token = await self._tokens.get()
        code, found = await self._posted(path, told, token)
        if code in STALE_TOKEN:
            code, found = await self._posted(path, told, await self._tokens.get(token))
        if code:
            raise error_of(code, _reason(found), self._config.errors, here=here)
        return found

    async def _posted(
        self, path: str, told: Mapping[str, Any], token: str
    ) -> tuple[int, Mapping[str, Any]]:
        content = Content(
            json=told, params={"open_id": self._config.open_id}, headers={"access-token": token}
        )
        return await self._called(path, content, repeatable=False)

    async def _ask(self, path: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask for a token of any kind; what is wrong with the account, only a human can mend."""
        code, found = await self._called(path, Content(data=form), repeatable=True)
        if code:
            error = error_of(code, _reason(found), self._config.errors)
            if isinstance(error, Retryable):
                raise error
            raise Unauthorized(
                f"Douyin gave no access token ({code}: {redact(_reason(found))[:200]}); "
                "authorise the account again"
            )
        data = found.get("data")
        return data if isinstance(data, dict) else {}

    async def _called(
        self, path: str, content: Content, *, repeatable: bool
    ) -> tuple[int, Mapping[str, Any]]:
        total = self._config.timeout + 5
        answer = await call(
            self._client, "POST", path, total=total, repeatable=repeatable, **content
        )
        found = answer.json()
        code = next(filter(None, map(_code, _shells(found))), 0)
        if not code and answer.status >= 400:  # noqa: PLR2004 - HTTP
            raise Refused(f"HTTP {answer.status} without a code")
        return code, found


def _shells(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return where an answer may say what was wrong: there are two places for it, and the top."""
    inner = (found.get("extra"), found.get("data"), found)
    return [one for one in inner if isinstance(one, dict)]


def _code(shell: Mapping[str, Any]) -> int:
    found = shell.get("error_code")
    if isinstance(found, int):
        return int(found)
    text = str(found)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0  # noqa: PLR2004


def _reason(found: Mapping[str, Any]) -> str:
    told = (one.get("description") or one.get("sub_description") for one in _shells(found))
    return next((word for word in told if isinstance(word, str) and word), "no reason given")


def _text(found: Mapping[str, Any], name: str) -> str | None:
    told = (one.get(name) for one in _shells(found))
    return next((str(word) for word in told if isinstance(word, str | int) and word), None)
