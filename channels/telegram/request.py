"""The library's way out, through the house's own HTTP client."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
from telegram import error as theirs
from telegram.request import BaseRequest, RequestData

from channels import http

UPLOAD = 100.0
"""Seconds for a call that carries a file."""
SLACK = 5.0
"""Seconds a whole call may take longer than the wait for its next byte."""


class Wire(BaseRequest):
    """Calls the Bot API with a cap on answers and our errors for what goes wrong.

    A `ChannelError` raised here reaches the caller as the cause of the library's own.
    """

    def __init__(self, read: float, proxy: str | None = None) -> None:
        self._read = read
        self._proxy = proxy
        self.client = _client(read, proxy)

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for the next byte."""
        return self._read

    async def initialize(self) -> None:
        """Open again after `shutdown`."""
        if self.client.is_closed:
            self.client = _client(self._read, self._proxy)

    async def shutdown(self) -> None:
        """Close all connections."""
        await self.client.aclose()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,  # noqa: ANN401 - the library's own sentinel
        write_timeout: Any = None,  # noqa: ANN401 - likewise
        connect_timeout: Any = None,  # noqa: ANN401 - likewise
        pool_timeout: Any = None,  # noqa: ANN401 - likewise
    ) -> tuple[int, bytes]:
        """Call once and return status and body; only a message must not be called twice."""
        uploaded = request_data.multipart_data if request_data else {}
        reply = await http.call(
            self.client,
            method,
            url,
            data=request_data.json_parameters if request_data else {},
            files=uploaded,
            total=UPLOAD if uploaded else self._read + SLACK,
            repeatable=url.endswith("/sendChatAction") or "/send" not in url,
        )
        return reply.status, reply.body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer without logging it, and only if it has the shape of one.

        Raises:
            TelegramError: senseless.
        """
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or (found.get("ok") is True) != ("result" in found):
            raise theirs.TelegramError("a senseless answer")
        said, more = found.get("description"), found.get("parameters")
        moved = more.get("migrate_to_chat_id") if isinstance(more, dict) else None
        return {
            **found,
            "description": said if isinstance(said, str) else "",
            "parameters": {"migrate_to_chat_id": moved} if isinstance(moved, int) else {},
        }


class _Discreet(logging.Filter):
    """Keeps tokens, which stand in every URL, and customers' words out of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("telegram") and record.levelno < logging.WARNING:
            return False
        record.msg, record.args = http.redact(record.getMessage()), ()
        return True


_DISCREET = _Discreet()


def be_discreet() -> None:
    """Make the loggers of the libraries fit to be read; a second call changes nothing."""
    for name in ("httpx", "telegram.Bot"):
        logging.getLogger(name).addFilter(_DISCREET)


def _client(read: float, proxy: str | None) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(proxy=proxy) if proxy else None
    client = http.make_client(read=read, transport=transport)
    client.event_hooks = {"response": [_hear_how_long]}
    return client


async def _hear_how_long(answer: httpx.Response) -> None:
    """Copy the wait from the body, where Telegram also says it, to the header."""
    if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or "retry-after" in answer.headers:
        return
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > http.MIB:
            return
    try:
        wait = json.loads(body)["parameters"]["retry_after"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return
    answer.headers["retry-after"] = str(wait)
