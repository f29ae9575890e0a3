"""One official bot of QQ: what people tell it, and our answers, each to a message of theirs."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Self

from channels.base import (
    Capabilities,
    Clock,
    Grant,
    Memory,
    Quarantined,
    Rate,
    Rates,
    Reception,
    ReplyWindow,
    Request,
    Sent,
)
from channels.errors import BadRequest, Refused, Unavailable, WindowClosed
from channels.http import opened
from channels.message import OutgoingMessage
from channels.qq import parse, render
from channels.qq.api import Api
from channels.qq.config import Config
from channels.qq.signature import Signer

LARGEST = 256 * 1024
"""Bytes of a call; real ones have a few hundred."""
RECEIVES = frozenset(
    ("text", "image", "voice", "video", "file", "selection", "event", "unsupported")
)
JSON = {"content-type": "application/json"}
CHECK, TAKEN = 13, b'{"op":12}'
"""The platform's check of our address, and how a call is acknowledged."""
GONE: dict[str, Grant | None] = {"unfollowed": None, "blocked": None}
RATES = Rates(whole=Rate(20), chat=Rate(1, burst=5), chat_depth=2)
"""The platform says no figure: a careful guess."""


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.capabilities = Capabilities(
            text_limit=render.TEXT_LIMIT,
            receives=RECEIVES,
            # In a group it is five minutes; the platform's own word is believed there.
            reply_window=ReplyWindow(
                timedelta(minutes=config.window_minutes), config.window_replies, GONE
            ),
            idempotent_send=True,
            answers=True,
            public=True,
            rates=RATES,
        )
        self._config, self._memory, self._clock = config, memory, clock
        self._signer = Signer(config.app_secret.get_secret_value())
        self._api: Api | None = None

    async def __aenter__(self) -> Self:
        self._api = await opened(Api(self._config, self._memory, self._clock))
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._api is not None:
            await self._api.close()
        self._api = None

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one call, or answer the check of the callback address.

        Raises:
            BadRequest: forged, stale or too large.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than any call of QQ's", 413)
        try:
            fields = parse.read(request.body)
            if fields.get("op") == CHECK:
                return self._prove(fields)
            self._signer.check(request.headers, request.body, self._clock())
            message = parse.parse(self.inbox, fields, self._clock())
        except parse.Unreadable as error:
            self._signer.check(request.headers, request.body, self._clock())
            raw = request.body.decode("utf-8", "replace").replace("\0", "")
            kept = Quarantined(hashlib.sha256(request.body).hexdigest(), str(error), raw)
            return Reception(quarantined=(kept,), body=TAKEN, headers=JSON)
        return Reception((message,) if message else (), body=TAKEN, headers=JSON)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Post once, a long text in pieces; what is posted again is known by its number.

        Raises:
            ChannelError: not taken, or nobody knows; posting it again does no harm.
        """
        if self._api is None:
            raise Unavailable("the inbox is not running")
        if not message.reply_to:
            raise WindowClosed("QQ lets a bot only answer, and there is nothing to answer here")
        texts = render.pieces(message.parts)
        if not texts:
            raise Refused("there is nothing to say in it")
        taken: str | None = None
        for number, text in enumerate(texts):
            sent = await self._api.send(render.path(message), render.body(message, number, text))
            taken = taken or sent
        return Sent(taken, pieces=len(texts))

    def _prove(self, fields: parse.Fields) -> Reception:
        given = fields.get("d")
        if not isinstance(given, dict):
            raise BadRequest("not a check of the platform's", 401)
        stamp, token = str(given.get("event_ts", "")), str(given.get("plain_token", ""))
        told = {"plain_token": token, "signature": self._signer.challenge(stamp, token)}
        return Reception(body=json.dumps(told).encode(), headers=JSON)
