"""One official bot of QQ: what people tell it, and our answers, each to a message of theirs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Self

from channels.attached import opened as opened_file
from channels.attached import sendable
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
from channels.download import download_from
from channels.errors import BadRequest, ChannelError, Refused, Unavailable, WindowClosed, piece
from channels.files import Download, Files, Kind, Takes
from channels.health import Finding, ask_each
from channels.http import opened
from channels.message import Media, OutgoingMessage
from channels.qq import ills, parse, render
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
TAKES: Mapping[Kind, Takes] = {
    "image": Takes(5_000_000, frozenset({"image/jpeg", "image/png"})),
    "video": Takes(10_000_000, frozenset({"video/mp4"})),
}
"""What can be sent but words; the platform says no sizes: a careful guess."""
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
            sends=frozenset({"text", *TAKES}),
            files=TAKES,
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
        self._files: Files | None = None

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
            kept = Quarantined.unread(request.body, error)
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
        pieces = render.pieces(message.parts, sendable(message.parts, TAKES))
        if not pieces:
            raise Refused("there is nothing to say in it")
        uploaded = {
            one: await self._upload(self._api, message, one)
            for one in pieces
            if isinstance(one, Media)
        }
        taken: str | None = None
        for number, one in enumerate(pieces):
            words, file = ("", uploaded[one]) if isinstance(one, Media) else (one, None)
            body = render.body(message, number, words, file)
            with piece(number, len(pieces), repeatable=True):
                sent = await self._api.send(render.path(message), body)
            taken = taken or sent
        return Sent(taken, pieces=len(pieces))

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._files = files

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file by its address."""
        return download_from(ref, trusted=self._config.base_url)

    async def _upload(self, api: Api, message: OutgoingMessage, part: Media) -> str:
        async with opened_file(self._files, part, TAKES) as file:
            content = await asyncio.to_thread(file.stream.read)
        return await api.upload(render.path(message, "files"), render.upload(part.kind, content))

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask QQ as whom the bot is let in.

        Raises:
            ChannelError: it cannot be asked now.
        """
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return await ask_each(ills.explain, partial(ills.account, self._api))

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def _prove(self, fields: parse.Fields) -> Reception:
        given = fields.get("d")
        if not isinstance(given, dict):
            raise BadRequest("not a check of the platform's", 401)
        stamp, token = str(given.get("event_ts", "")), str(given.get("plain_token", ""))
        told = {"plain_token": token, "signature": self._signer.challenge(stamp, token)}
        return Reception(body=json.dumps(told).encode(), headers=JSON)
