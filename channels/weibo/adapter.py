"""The private messages of one Weibo account: what its fans push to us, and our replies."""

from __future__ import annotations

import hashlib
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
from channels.errors import (
    BadRequest,
    ChannelError,
    Refused,
    Unavailable,
    Uncertain,
    WindowClosed,
)
from channels.message import IncomingMessage, OutgoingMessage
from channels.weibo import parse, render, signature
from channels.weibo.api import Api
from channels.weibo.config import Config

LARGEST = 64 * 1024
"""Bytes of a push; real ones have a few hundred."""

RECEIVES = frozenset({"text", "image", "voice", "location", "selection", "event", "unsupported"})

PLAIN = {"content-type": "text/plain; charset=utf-8"}
JSON = {"content-type": "application/json; charset=utf-8"}


RATES = Rates(whole=Rate(10), chat=Rate(1, burst=5))
"""Weibo says no figure for private messages: a careful guess."""
LEFT: dict[str, Grant | None] = {"unfollowed": None}
"""Who has left the account is not written to; all else that a customer does permits as words do."""


def capabilities(*, passive: bool) -> Capabilities:
    """Return what an account can do; a passive one has no window to keep."""
    return Capabilities(
        text_limit=render.TEXT_LIMIT,
        receives=RECEIVES,
        reply_window=None if passive else ReplyWindow(timedelta(hours=48), others=LEFT),
        rates=RATES,
    )


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.passive = config.mode == "passive"
        self.answering = config.mode != "active"
        self.capabilities = capabilities(passive=self.passive)
        self._config = config
        self._clock = clock
        self._api: Api | None = None

    async def __aenter__(self) -> Self:
        self._api = Api(self._config)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._api:
            await self._api.close()
        self._api = None

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one push, or answer the check of the callback URL.

        Raises:
            BadRequest: forged, stale, too large, or meant for another account.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than any push of Weibo's", 413)
        signature.check(request.query, self._config.app_secret.get_secret_value(), self._clock())
        if request.method == "GET":
            return Reception(body=request.query.get("echostr", "").encode(), headers=PLAIN)
        try:
            message = self._message(request.body)
        except parse.Unreadable as error:
            raw = request.body.decode("utf-8", "replace").replace("\0", "")
            key = hashlib.sha256(request.body).hexdigest()
            return Reception(quarantined=(Quarantined(key, str(error), raw),), headers=PLAIN)
        return Reception((message,), headers=PLAIN)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once, a long text in pieces.

        Raises:
            Uncertain: a piece was taken and a later one was not; resending would repeat it.
            ChannelError: nothing was taken.
        """
        if self.passive:
            raise WindowClosed("a passive account can only answer the customer's next message")
        if self._api is None:
            raise Unavailable("the inbox is not running")
        pieces = render.pieces(message.parts)
        if not pieces:
            raise Refused("there is nothing to say in it")
        for number, piece in enumerate(pieces):
            try:
                await self._api.send(message.address.contact, piece)
            except Refused:
                raise
            except ChannelError as error:
                if not number:
                    raise
                taken = f"{number} of {len(pieces)} pieces were taken, then: {error}"
                raise Uncertain(taken) from error
        return Sent()

    def fit(
        self, message: OutgoingMessage
    ) -> tuple[OutgoingMessage | None, OutgoingMessage | None]:
        """Split into what one HTTP answer holds, and what must wait (or None)."""
        return render.fit(message)

    def answer(self, request: Request, message: OutgoingMessage) -> Reception:
        """Render `message` as the answer to a push."""
        body = render.reply(message, self._config.uid)
        return Reception(body=body, headers=JSON if body else PLAIN)

    def _message(self, body: bytes) -> IncomingMessage:
        fields = parse.read(body)
        if parse.identifier(fields, "receiver_id") != self._config.uid:
            raise BadRequest("meant for another account than this inbox's")
        return parse.parse(self.inbox, fields)
