"""WeCom customer service: called as by a doorbell, asked for messages, answered once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import datetime, timedelta
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
from channels.errors import BadRequest, ChannelError, RateLimited, Refused, Unavailable, piece
from channels.files import Download, Files, Kind, Takes
from channels.health import Finding, ask_each
from channels.http import opened
from channels.message import OutgoingMessage
from channels.tencent import leaves, menu
from channels.tencent.seal import Seal, Unreadable
from channels.tencent.sending import Uploads
from channels.wecom import ills, states
from channels.wecom.api import Api
from channels.wecom.bell import Bell
from channels.wecom.config import Config
from channels.wecom.msgid import msgid
from channels.wecom.parse import Welcome
from channels.wecom.pull import Puller
from channels.wecom.render import GREETINGS, bodies

log = structlog.get_logger(__name__)

LARGEST = 64 * 1024
"""Bytes of a call; real ones have less than a thousand."""
RECEIVES = frozenset(
    {"text", "image", "voice", "video", "file", "location", "selection", "event", "unsupported"}
)
PLAIN = {"content-type": "text/plain; charset=utf-8"}
TAKEN = b"success"
TAKES: Mapping[Kind, Takes] = {
    "image": Takes(2_000_000, frozenset({"image/jpeg", "image/png"})),
    "voice": Takes(2_000_000, frozenset({"audio/amr"})),
    "video": Takes(10_000_000, frozenset({"video/mp4"})),
    "file": Takes(20_000_000),
}
"""What can be uploaded; WeCom's papers say 10 MB of pictures too, and elsewhere 2."""
RATES = Rates(whole=Rate(20), chat=Rate(1, burst=5))
"""WeCom says no figure for customer service: a careful guess."""
WELCOME = timedelta(seconds=20)
"""How long a code to greet with is good."""
WELCOMES = "welcomes"
"""Under which key of the memory the codes are."""
NOTHING = Grant(timedelta(), 0)


def window(config: Config) -> ReplyWindow:
    """Return how long and how often WeCom lets an account answer.

    Who comes in may be greeted once; two are counted, since the last one is left to people.
    """
    return ReplyWindow(
        timedelta(hours=config.window_hours),
        config.window_replies,
        {
            "opened": Grant(WELCOME, 2),
            **dict.fromkeys(("recalled", "served", "released"), NOTHING),
            "blocked": None,
        },
    )


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    polling = True
    doorbell = True
    aside = False

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.capabilities = Capabilities(
            text_limit=menu.TEXT_LIMIT,
            text_limit_unit="bytes",
            receives=RECEIVES,
            sends=frozenset({"text", "choices", *TAKES}),
            files=TAKES,
            max_choices=menu.MOST_ITEMS,
            reply_window=window(config),
            idempotent_send=True,
            rates=RATES,
        )
        self._config, self._memory, self._clock = config, memory, clock
        self._seal = Seal(config.token, config.aes_key, config.corp_id)
        self._bell = Bell(memory, clock, config.accounts)
        self._uploads = Uploads(memory, TAKES)
        self._api: Api | None = None

    async def __aenter__(self) -> Self:
        self._api = await opened(Api(self._config, self._memory, self._clock))
        return self

    async def __aexit__(self, *exc: object) -> None:
        api, self._api = self._api, None
        if api is not None:
            await api.close()

    async def receive(self, request: Request) -> Reception:
        """Verify a call, and wake who asks; or answer the check of the server URL.

        Raises:
            BadRequest: forged, stale, too large, or meant for another company.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than any call of WeCom's", 413)
        if request.method == "GET":
            echo = self._seal.echo(request.query, self._clock())
            return Reception(body=echo.encode(), headers=PLAIN)
        self._seal.check(request, self._clock())
        raw = request.body.decode("utf-8", "replace")
        try:
            raw = leaves.legible(self._seal.open(request))
            call = leaves.read(raw, ("ToUserName", "Event"))
        except Unreadable as error:
            kept = Quarantined.unread(raw.encode("utf-8", "replace"), error)
            return Reception(quarantined=(kept,), body=TAKEN, headers=PLAIN)
        if call["Event"] == "kf_msg_or_event":
            await self._bell.ring(call.get("OpenKfId", ""), call.get("Token", ""))
        return Reception(body=TAKEN, headers=PLAIN)

    async def poll(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield what the accounts hold, then what comes, for ever."""
        self._bell.attended = True
        try:
            accounts = {account: self._bell.token(account) for account in self._config.accounts}
            while True:
                pause = self._config.poll_seconds
                try:
                    async with aclosing(self.sweep(cursor, accounts)) as pages:
                        async for after, reception in pages:
                            yield after, reception
                            cursor = after
                except RateLimited as limited:
                    pause = min(limited.retry_after, pause)
                    log.info("asked too often", inbox=self.inbox, seconds=pause)
                accounts = dict(await self._bell.wait(pause))
        finally:
            self._bell.attended = False

    def sweep(
        self, cursor: str | None, accounts: dict[str, str | None]
    ) -> AsyncGenerator[tuple[str, Reception], None]:
        """Yield what `accounts` hold now, each asked with the token of its last call, and end."""
        puller = Puller(self.inbox, self._ready().sync, self._keep_welcomes, self._clock)
        return puller.sweep(cursor, accounts)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once; a second attempt is recognised, piece by piece.

        Raises:
            ChannelError: it was not taken as a whole; all that is `Retryable` may be sent again.
        """
        api = self._ready()
        uploaded = await self._uploads.ids(message.parts, api.upload)
        pieces = bodies(message.parts, uploaded)
        if not pieces:
            raise Refused("there is nothing to say in it")
        account, _, contact = message.address.thread.partition(":")
        welcome = await self._welcome(message.address.thread)
        # A file keeps its name also when it had to be uploaded anew.
        lasting = bodies(message.parts, {ref: ref for ref in uploaded})
        names = [msgid(message.delivery_id, number, body) for number, body in enumerate(lasting)]
        for number, (name, body) in enumerate(zip(names, pieces, strict=True)):
            with piece(number, len(pieces), repeatable=True):
                greets = welcome is not None and body["msgtype"] in GREETINGS
                if greets and welcome and await self._greets(api, welcome, name, body):
                    welcome = None
                    continue
                state = await api.send(account, contact, name, body)
                if state is not None:
                    await self._take_back(message, state, name, body, whole=len(pieces) == 1)
        return Sent(names[0], len(pieces))

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._uploads.lend(files)

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        return self._ready().fetch(ref)

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask WeCom whether the accounts that are served are there and may be used.

        Raises:
            ChannelError: it cannot be asked now.
        """
        served = self._config.accounts
        return await ask_each(ills.explain, partial(ills.accounts, self._ready(), served))

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    async def _take_back(
        self, message: OutgoingMessage, state: int, name: str, body: menu.Body, *, whole: bool
    ) -> None:
        """Say a whole message to who is with WeCom's own people, and end that.

        Raises:
            ChannelError: they stay there, or nobody knows.
        """
        fits = whole and body["msgtype"] in GREETINGS
        may = self._config.take_back and states.may_end(state, person=not message.automatic)
        if not (fits and may):
            raise states.refusal(state)
        api, thread = self._ready(), message.address.thread
        account, _, contact = thread.partition(":")
        code = await api.end(account, contact)
        # Should what follows fail, the next try finds the code; it comes once.
        try:
            await self._keep_welcomes([Welcome(thread, code)])
        except ChannelError as problem:
            log.warning("a code is used and cannot be kept", inbox=self.inbox, problem=problem)
        await api.welcome(code, name, body)

    async def _greets(self, api: Api, code: str, name: str, body: menu.Body) -> bool:
        """Try the code of who has just come in; one that is used up or too old is no harm."""
        try:
            await api.welcome(code, name, body)
        except Refused as refusal:
            log.info("a greeting was not taken by its code", inbox=self.inbox, problem=refusal)
            return False
        return True

    async def _welcome(self, thread: str) -> str | None:
        return (await self._welcomes()).get(thread, (None, ""))[0]

    async def _keep_welcomes(self, fresh: Iterable[Welcome]) -> None:
        now = self._clock().isoformat()
        kept = {**await self._welcomes(), **{one.thread: (one.code, now) for one in fresh}}
        await self._memory.set(WELCOMES, json.dumps(kept), WELCOME)

    async def _welcomes(self) -> dict[str, tuple[str, str]]:
        text, now = await self._memory.get(WELCOMES), self._clock()
        return {
            thread: (code, at)
            for thread, (code, at) in json.loads(text or "{}").items()
            if now - datetime.fromisoformat(at) < WELCOME
        }

    def _ready(self) -> Api:
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return self._api
