"""One Weibo account: what its fans push to us, what is said in public, and our replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta
from functools import partial
from typing import Self, TypeVar

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
from channels.errors import (
    BadRequest,
    ChannelError,
    RateLimited,
    Refused,
    Unavailable,
    WindowClosed,
    piece,
)
from channels.files import Download
from channels.health import Finding, ask_each
from channels.message import IncomingMessage, OutgoingMessage, Visibility
from channels.weibo import ills, parse, render, signature
from channels.weibo.api import Api
from channels.weibo.comments import COMMENT, Place, post_of
from channels.weibo.config import Config
from channels.weibo.quota import Quota, pause
from channels.weibo.watch import PAGE, Watcher

log = structlog.get_logger(__name__)

T = TypeVar("T")

LARGEST = 64 * 1024
"""Bytes of a push; real ones have a few hundred."""

RECEIVES = frozenset({"text", "image", "voice", "location", "selection", "event", "unsupported"})

PLAIN = {"content-type": "text/plain; charset=utf-8"}
JSON = {"content-type": "application/json; charset=utf-8"}


RATES = Rates(whole=Rate(10), chat=Rate(1, burst=5))
"""Weibo says no figure for private messages: a careful guess."""
LEFT: dict[str, Grant | None] = {"unfollowed": None}
"""Who has left the account is not written to; all else that a customer does permits as words do."""


def capabilities(config: Config) -> Capabilities:
    """Return what an account can do; a passive one has no window to keep."""
    window = ReplyWindow(timedelta(hours=48), others=LEFT, in_public=False)
    return Capabilities(
        text_limit=render.TEXT_LIMIT,
        receives=RECEIVES,
        sends=frozenset({"text", "location", "card"}),
        reply_window=None if config.mode == "passive" else window,
        answers=bool(config.watch),
        public=config.mode != "passive",
        rates=RATES,
    )


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    doorbell = True
    aside = True

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.passive = config.mode == "passive"
        self.answering = config.mode != "active"
        self.polling = bool(config.watch)
        self.capabilities = capabilities(config)
        self._config, self._clock = config, clock
        self._quota = Quota(memory, clock, config.limits)
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
            messages = self._messages(request.body)
        except parse.Unreadable as error:
            kept = Quarantined.unread(request.body, error)
            return Reception(quarantined=(kept,), headers=PLAIN)
        return Reception(messages, headers=PLAIN)

    async def poll(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield what was said in public, then what comes, for ever."""
        config = self._config
        between = pause(config.limits, len(config.watch), config.poll_seconds)
        while True:
            rest = between
            try:
                async with aclosing(self.sweep(cursor)) as found:
                    async for after, reception in found:
                        yield after, reception
                        cursor = after
            except RateLimited as limited:
                rest = max(limited.retry_after, between)
                log.info("asked as often as is allowed", inbox=self.inbox, seconds=rest)
            await asyncio.sleep(rest)

    def sweep(self, cursor: str | None) -> AsyncGenerator[tuple[str, Reception], None]:
        """Yield what was said in public since the cursor, and end."""
        watcher = Watcher(self.inbox, self._config.uid, self._ask, self._clock)
        return watcher.sweep(cursor, self._config.watch)

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a picture or a voice that a customer sent."""
        return self._ready().fetch(ref)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once, a long text in pieces; to a public thread as comments.

        Raises:
            Uncertain: a piece was taken and a later one was not; resending would repeat it.
            ChannelError: nothing was taken.
        """
        if message.address.visibility is Visibility.PUBLIC:
            return await self._comment(message)
        if self.passive:
            raise WindowClosed("a passive account can only answer the customer's next message")
        api, contact = self._ready(), message.address.contact
        said = render.pieces(message.parts)
        await _all([partial(api.send, contact, one) for one in said])
        return Sent()

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask Weibo whose token it is, how long it lasts, and how many calls are left.

        Raises:
            ChannelError: it cannot be asked now.
        """
        if self.passive and not self.polling:
            return (ills.passive(),)
        api = self._ready()
        token, quota = partial(ills.token, api, self._config), partial(ills.quota, api)
        return await ask_each(ills.explain, token, quota)

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def fit(
        self, message: OutgoingMessage
    ) -> tuple[OutgoingMessage | None, OutgoingMessage | None]:
        """Split into what one HTTP answer holds, and what must wait (or None)."""
        return render.fit(message)

    def answer(self, request: Request, message: OutgoingMessage) -> Reception:
        """Render `message` as the answer to a push."""
        body = render.reply(message, self._config.uid)
        return Reception(body=body, headers=JSON if body else PLAIN)

    def _messages(self, body: bytes) -> tuple[IncomingMessage, ...]:
        fields = parse.read(body)
        if parse.identifier(fields, "receiver_id") != self._config.uid:
            raise BadRequest("meant for another account than this inbox's")
        if "mentions" in self._config.watch and parse.is_mention(fields):
            return ()  # the post itself comes by asking, with what it says
        return (parse.parse(self.inbox, fields),)

    async def _ask(self, place: Place, since: int, upto: int) -> Sequence[object]:
        api = self._ready()
        await self._quota.ask()
        return await api.ask(place, since, upto, PAGE)

    async def _comment(self, message: OutgoingMessage) -> Sent:
        """Answer in public: the comment that `reply_to` names, else under the post."""
        api, post = self._ready(), post_of(message.address.thread)
        if post is None:
            raise Refused("not a post of Weibo's")
        named = message.reply_to or ""
        answered = named.removeprefix(COMMENT) if named.startswith(COMMENT) else None
        if not (texts := render.comments(message.parts)):
            raise Refused("there is nothing to say in it")
        await self._quota.comment(len(texts))
        numbers = await _all([partial(api.comment, post, answered, text) for text in texts])
        return Sent(numbers[0], len(numbers))

    def _ready(self) -> Api:
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return self._api


async def _all(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Make the calls of one message, in order."""
    if not calls:
        raise Refused("there is nothing to say in it")
    taken: list[T] = []
    for number, call in enumerate(calls):
        with piece(number, len(calls)):
            taken.append(await call())
    return taken
