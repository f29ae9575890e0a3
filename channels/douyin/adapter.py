"""One Douyin account: what customers write and comment, and our answers to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Self

import structlog

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
from channels.douyin import ills, parse, render, signature
from channels.douyin.api import Api
from channels.douyin.config import Config
from channels.errors import BadRequest, ChannelError, Refused, Unavailable, piece
from channels.health import Finding, ask_each
from channels.http import opened
from channels.message import IncomingMessage, OutgoingMessage, Visibility

log = structlog.get_logger(__name__)

LARGEST = 256 * 1024
"""Bytes of a push; real ones have a few thousand."""
JSON = {"content-type": "application/json"}
RATES = Rates(whole=Rate(10), chat=Rate(1, burst=3))
"""The platform says no figure: a careful guess."""


def window(config: Config) -> ReplyWindow:
    """Return how long and how often Douyin lets an account answer.

    Who opens the talk may be greeted once; two are counted, since the last one is left to people.
    """
    entered = Grant(timedelta(seconds=config.enter_seconds), 2)
    return ReplyWindow(
        timedelta(hours=config.window_hours),
        config.window_replies,
        {"opened": entered, "recalled": Grant(timedelta(), 0)},
        in_public=False,
    )


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.capabilities = Capabilities(
            text_limit=render.TEXT_LIMIT,
            receives=frozenset({"text", "event", "unsupported"}),
            reply_window=window(config),
            answers=True,
            public=config.comments,
            open_to_new=False,
            rates=RATES,
        )
        self._config, self._memory, self._clock = config, memory, clock
        self._api: Api | None = None

    async def __aenter__(self) -> Self:
        self._api = await opened(Api(self._config, self._memory, self._clock))
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._api is not None:
            await self._api.close()
        self._api = None

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one push, or answer the check of the callback address.

        Raises:
            BadRequest: forged or too large.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than any push of Douyin's", 413)
        secret = self._config.client_secret.get_secret_value()
        signature.check(request.headers, request.body, secret)
        try:
            fields = parse.read(request.body)
            told = parse.challenge(fields)
            message = self._message(fields) if told is None else None
        except parse.Unreadable as error:
            kept = Quarantined.unread(request.body, error)
            return Reception(quarantined=(kept,), headers=JSON, body=b"{}")
        body = b"{}" if told is None else json.dumps({"challenge": told}).encode()
        return Reception((message,) if message else (), body=body, headers=JSON)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once, a long text in pieces; to a public thread as comments.

        Raises:
            Uncertain: a piece was taken and a later one was not; resending would repeat it.
            ChannelError: nothing was taken.
        """
        api = self._ready()
        public = message.address.visibility is Visibility.PUBLIC
        calls = self._comments(api, message) if public else self._private(api, message)
        if not calls:
            raise Refused("there is nothing to say in it")
        taken: list[str | None] = []
        for number, call in enumerate(calls):
            with piece(number, len(calls)):
                taken.append(await call())
        return Sent(taken[0], len(calls))

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Say how long the account's authorisation lasts; Douyin can be asked for nothing more.

        Raises:
            ChannelError: it cannot be asked now.
        """
        return await ask_each(ills.explain, self._authorised)

    async def _authorised(self) -> Finding:
        return ills.authority(await self._ready().standing())

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def _private(
        self, api: Api, message: OutgoingMessage
    ) -> Sequence[Callable[[], Awaitable[str | None]]]:
        heading = render.heading(message)
        texts = render.pieces(message.parts)
        return [partial(api.send, {**heading, **render.said(text)}) for text in texts]

    def _comments(
        self, api: Api, message: OutgoingMessage
    ) -> Sequence[Callable[[], Awaitable[str | None]]]:
        item, named = parse.item_of(message.address.thread), message.reply_to or ""
        if item is None or not named.startswith(parse.COMMENT):
            raise Refused("there is no comment to answer here")
        answered = named.removeprefix(parse.COMMENT)
        texts = render.comments(message.parts, self._config.comment_limit)
        return [partial(api.comment, item, answered, text) for text in texts]

    def _message(self, fields: parse.Fields) -> IncomingMessage | None:
        own = self._config.open_id
        if not parse.concerns(fields, own):
            log.info("a push for another account of the app was passed over", inbox=self.inbox)
            return None
        return parse.parse(self.inbox, own, fields, comments=self._config.comments)

    def _ready(self) -> Api:
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return self._api
