"""WeChat's API, of official accounts and mini programs: its codes, its token, its replies."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from channels.base import Clock, Memory
from channels.errors import Refused
from channels.files import Download, File
from channels.tencent.calls import Calls
from channels.tencent.codes import Codes, ErrorName
from channels.tencent.settings import AppConfig
from channels.token import Token, Tokens

SHOWN_FOR = timedelta(seconds=14)
"""For how long it need not be said again that somebody writes; a message of ours ends it."""
API = "https://api.weixin.qq.com"

STALE_TOKEN = frozenset({40001, 40014, 42001})

ERRORS: Mapping[int, ErrorName] = {
    -1: "Unavailable",
    40001: "Unauthorized",
    40003: "Refused",
    40004: "Refused",
    40005: "Refused",
    40006: "TooLong",
    40007: "Gone",
    40009: "TooLong",
    40010: "TooLong",
    40011: "TooLong",
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
    45001: "TooLong",
    45002: "TooLong",
    45003: "TooLong",
    45004: "TooLong",
    45005: "TooLong",
    45006: "TooLong",
    45008: "TooLong",
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

CODES = Codes("WeChat", ERRORS, STALE_TOKEN, pauses={45009: 3600.0})
"""A day's quota takes longer than a minute's."""


class Api:
    """The calls of one account; close it when done."""

    def __init__(self, config: AppConfig, memory: Memory, clock: Clock) -> None:
        self._config = config
        self._calls = Calls(config.base_url or API, config.timeout, CODES, config.errors)
        self._tokens = Tokens(memory, clock, config.app_id, self._fetch)
        self._clock, self._writing = clock, dict[str, datetime]()

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
        await self._calls.close()

    async def send(self, contact: str, body: Mapping[str, Any]) -> None:
        """Say one thing to `contact`.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        self._writing.pop(contact, None)
        await self.post("/cgi-bin/message/custom/send", {"touser": contact, **body})

    async def post(
        self, path: str, body: Mapping[str, Any], *, repeatable: bool = False
    ) -> Mapping[str, Any]:
        """Make any other call of the account, and return its answer.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        return await self._calls.post(self._tokens, path, body, repeatable=repeatable)

    async def get(self, path: str, *, knows: Collection[int] = ()) -> Mapping[str, Any]:
        """Ask the account for something, and return the answer, also one with a code it `knows`.

        Raises:
            ChannelError: it is not told.
        """
        return await self._calls.get(self._tokens, path, knows=knows)

    async def typing(self, path: str, contact: str) -> None:
        """Show `contact` that somebody is writing.

        Raises:
            ChannelError: it was not shown.
        """
        now = self._clock()
        self._writing = {who: at for who, at in self._writing.items() if now - at < SHOWN_FOR}
        if contact in self._writing:
            return
        self._writing[contact] = now
        told = {"touser": contact, "command": "Typing"}
        # It is refused while it is shown already, and to who has been silent for long.
        with contextlib.suppress(Refused):
            await self.post(path, told, repeatable=True)

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Ask something that changes nothing.

        Raises:
            ChannelError: it was not answered.
        """
        return await self._calls.ask(self._tokens, method, path, body)

    def fetch(self, media_id: str) -> AbstractAsyncContextManager[Download]:
        """Open what a customer sent.

        Entering and reading raise:
            ChannelError: it is gone, or not to be had now.
        """
        asked = {"media_id": media_id}
        root = self._config.base_url
        return self._calls.download(self._tokens, "/cgi-bin/media/get", asked, root)

    async def upload(self, kind: str, file: File) -> str:
        """Give WeChat a file, and return the id under which it can be sent for three days.

        Raises:
            ChannelError: it was not taken.
        """
        return await self._calls.upload(self._tokens, "/cgi-bin/media/upload", kind, file)

    async def _fetch(self, *, force: bool) -> Token:
        return await self._calls.fetch(
            "POST",
            "/cgi-bin/stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self._config.app_id,
                "secret": self._config.app_secret.get_secret_value(),
                "force_refresh": force,
            },
        )
