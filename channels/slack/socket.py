"""Socket Mode: Slack's calls over a connection that we open.

The SDK's own socket client is not used: while the token is refused its `connect` neither returns
nor raises, a URL that failed is tried for ever, and a revoked token shows in the log only. Here
every opening that fails is a `ChannelError` for the inbox's supervisor.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from channels import http
from channels.base import Accept, Reception
from channels.errors import Unauthorized, Unavailable
from channels.slack.config import Meaning
from channels.slack.web import ask

log = structlog.get_logger(__name__)

HEARTBEAT = 30.0
Read = Callable[[Mapping[str, Any]], Awaitable[Reception]]


class Socket:
    """Asks for a connection, hears its envelopes one by one, and asks for the next."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        app_token: str,
        words: Mapping[str, Meaning],
    ) -> None:
        self._client, self._session = client, session
        self._app_token, self._words = app_token, words

    async def listen(self, read: Read, accept: Accept) -> None:
        """Run until cancelled, and connect again whenever Slack ends a connection.

        Raises:
            ChannelError: Slack gives no connection.
        """
        while True:
            if not await self._hear_one(await self._open(), read, accept):
                raise Unavailable("the socket closed before Slack said hello")

    async def _open(self) -> str:
        call = self._client.apps_connections_open(app_token=self._app_token)
        url = (await ask(call, self._words, repeatable=True)).get("url")
        if isinstance(url, str) and url.startswith(("wss://", "ws://")):
            return url
        raise Unavailable("Slack gave no socket's URL")

    async def _hear_one(self, url: str, read: Read, accept: Accept) -> bool:
        """Hear one connection to its end; return whether it ever worked."""
        greeted = False
        try:
            async with self._session.ws_connect(
                url, heartbeat=HEARTBEAT, max_msg_size=http.MIB
            ) as link:
                async for message in link:
                    said = _object(message)
                    greeted = greeted or said.get("type") == "hello"
                    if said.get("type") == "disconnect":
                        _farewell(said)
                        return True
                    await self._take(link, said, read, accept)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            # The text of the error holds the URL with its ticket.
            failed = Unavailable(f"the socket failed: {type(error).__name__}")
        else:
            return greeted
        if greeted:
            return True
        raise failed

    async def _take(
        self,
        link: aiohttp.ClientWebSocketResponse,
        said: Mapping[str, Any],
        read: Read,
        accept: Accept,
    ) -> None:
        envelope_id, payload = said.get("envelope_id"), said.get("payload")
        if not isinstance(envelope_id, str):
            return
        try:
            reception = await read(payload if isinstance(payload, dict) else {})
            await accept(reception)
        except Exception as error:  # noqa: BLE001 - not stored, so not acknowledged: Slack repeats
            log.warning("an envelope was not stored", problem=type(error).__name__)
            return
        answer = json.loads(reception.body) if reception.body else None
        told = {"payload": answer} if isinstance(answer, dict) else {}
        await link.send_json({"envelope_id": envelope_id, **told})


def _farewell(said: Mapping[str, Any]) -> None:
    if said.get("reason") == "link_disabled":
        raise Unauthorized("Socket Mode is switched off: switch it on in the app's settings")


def _object(message: aiohttp.WSMessage) -> Mapping[str, Any]:
    if message.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        found = json.loads(message.data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
