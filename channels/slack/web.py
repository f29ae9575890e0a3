"""Slack's Web API: one session, and every failure as one of our errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from channels import dates, http
from channels.errors import (
    Blocked,
    ChannelError,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.slack.config import Meaning
from channels.slack.log import SILENT

WORDS: Mapping[str, Meaning] = {
    "ratelimited": "rate_limited",
    "rate_limited": "rate_limited",
    "message_limit_exceeded": "rate_limited",
    "internal_error": "uncertain",
    "fatal_error": "uncertain",
    "service_unavailable": "unavailable",
    "request_timeout": "unavailable",
    "team_added_to_org": "unavailable",
    "accesslimited": "unauthorized",
    "account_inactive": "unauthorized",
    "ekm_access_denied": "unauthorized",
    "enterprise_is_restricted": "unauthorized",
    "invalid_auth": "unauthorized",
    "missing_scope": "unauthorized",
    "no_permission": "unauthorized",
    "not_allowed_token_type": "unauthorized",
    "not_authed": "unauthorized",
    "org_login_required": "unauthorized",
    "team_access_not_granted": "unauthorized",
    "token_expired": "unauthorized",
    "token_revoked": "unauthorized",
    "two_factor_setup_required": "unauthorized",
    "cannot_dm": "blocked",
    "cannot_dm_bot": "blocked",
    "messages_tab_disabled": "blocked",
    "user_disabled": "blocked",
    "user_is_restricted": "blocked",
    "user_not_visible": "blocked",
    "msg_blocks_too_long": "too_long",
    "msg_too_long": "too_long",
}
"""What Slack's words mean; a word that is not here refuses this one message for good.

Of its two errors without a reason Slack says that part of what was asked may have been done.
"""

ERRORS: Mapping[Meaning, type[ChannelError]] = {
    "unavailable": Unavailable,
    "refused": Refused,
    "blocked": Blocked,
    "too_long": TooLong,
    "unauthorized": Unauthorized,
    "uncertain": Uncertain,
}

NEVER_WRITTEN = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


class TooLarge(aiohttp.ClientPayloadError):
    """An answer of more than 1 MiB."""


class CappedResponse(aiohttp.ClientResponse):
    """Reads no more of an answer than an honest platform sends."""

    async def read(self) -> bytes:
        """Return the body, or fail when it does not end."""
        if self._body is None:
            taken = bytearray()
            async for chunk in self.content.iter_any():
                taken += chunk
                if len(taken) > http.MIB:
                    self.close()
                    raise TooLarge
            self._body = bytes(taken)
        return self._body


async def stay(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Follow no redirects: the next address would be given our token."""
    answer = await handler(request)
    if 300 <= answer.status < 400:  # noqa: PLR2004 - HTTP
        answer.close()
        raise Unavailable(f"HTTP {answer.status}")
    return answer


def open_session(timeout: float) -> aiohttp.ClientSession:
    """Return the one session of an adapter, with the house's limits."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(
            total=timeout + http.CONNECT, sock_connect=http.CONNECT, sock_read=timeout
        ),
        response_class=CappedResponse,
        middlewares=(stay,),
    )


def web_client(root: str, token: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the SDK's client without the retries that could post twice."""
    client = AsyncWebClient(
        token=token,
        base_url=f"{root.rstrip('/')}/api/",
        session=session,
        retry_handlers=[],
        logger=SILENT,
    )
    client.proxy = None
    return client


async def ask(
    call: Awaitable[AsyncSlackResponse],
    words: Mapping[str, Meaning],
    *,
    repeatable: bool = False,
) -> Mapping[str, Any]:
    """Return what Slack answered.

    Raises:
        ChannelError: it did not; the kind says whether to try again.
    """
    return (await ask_all(call, words, repeatable=repeatable))[0]


async def ask_all(
    call: Awaitable[AsyncSlackResponse],
    words: Mapping[str, Meaning],
    *,
    repeatable: bool = False,
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return what Slack answered, and the answer's headers with their names in lower case.

    Raises:
        ChannelError: it did not; the kind says whether to try again.
    """
    try:
        answer = await call
        data = answer.data
    except Exception as error:  # noqa: BLE001 - the SDK lets any error of its own parsing through
        caught = error
    else:
        if isinstance(data, Mapping):
            headers = {name.lower(): value for name, value in answer.headers.items()}
            dates.hear(headers.get("date"))
            return data, headers
        caught = TypeError("not a JSON object")
    # Raised out here, so that no request with its token hangs on the error as its context.
    raise _failure(caught, words, repeatable=repeatable)


def _failure(caught: Exception, words: Mapping[str, Meaning], *, repeatable: bool) -> ChannelError:
    if isinstance(caught, ChannelError):
        return caught
    if isinstance(caught, SlackApiError):
        return _refusal(caught.response, words, repeatable=repeatable)
    name = type(caught).__name__
    if isinstance(caught, NEVER_WRITTEN):
        return Unavailable(f"not reached: {name}")
    return http.lost(f"the answer was lost: {name}", repeatable=repeatable)


def _refusal(answer: object, words: Mapping[str, Meaning], *, repeatable: bool) -> ChannelError:
    """Translate an answer that is not `ok`: the SDK's, or the bare one it could not read."""
    status: int = getattr(answer, "status_code", 0) or getattr(answer, "status", 0)
    headers: Mapping[str, str] = {
        name.lower(): value for name, value in dict(getattr(answer, "headers", {})).items()
    }
    data = getattr(answer, "data", None)
    said = data.get("error") if isinstance(data, Mapping) else None
    if isinstance(said, str) and re.fullmatch(r"[a-z_]{1,64}", said):
        return _meant(said, headers, words, repeatable=repeatable)
    try:
        http.refuse(status, headers)
    except ChannelError as error:
        return error
    if status >= 400:  # noqa: PLR2004 - HTTP
        return Refused(f"HTTP {status} without a reason")
    return http.lost(f"HTTP {status} without a reason", repeatable=repeatable)


def _meant(
    said: str, headers: Mapping[str, str], words: Mapping[str, Meaning], *, repeatable: bool
) -> ChannelError:
    meaning = words.get(said, "refused")
    if meaning == "rate_limited":
        return RateLimited(http.retry_after(headers.get("retry-after"), headers.get("date")))
    if meaning == "uncertain" and repeatable:
        meaning = "unavailable"
    return ERRORS[meaning](f"Slack says {said}")
