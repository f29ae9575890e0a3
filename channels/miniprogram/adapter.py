"""One mini program's customer service: pushes come in, replies leave by the API only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
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
from channels.errors import BadRequest, ChannelError, Refused, Unavailable
from channels.files import Download, Files, Kind, Takes
from channels.health import Finding, ask_each
from channels.http import opened
from channels.message import Address, Card, Notice, OutgoingMessage
from channels.miniprogram import parse
from channels.miniprogram.config import Config
from channels.tencent import consents, ills, menu, notices
from channels.tencent.leaves import legible
from channels.tencent.seal import Seal, Unreadable
from channels.tencent.sending import Uploads, send_each
from channels.tencent.weixin import Api

LARGEST = 64 * 1024
"""Bytes of a push; real ones have a few hundred."""
PLAIN = {"content-type": "text/plain; charset=utf-8"}
TAKEN = b"success"
RATES = Rates(whole=Rate(20), chat=Rate(1, burst=5))
"""WeChat counts by day and by minute, and not in public: this is far below what accounts report."""
ENTERED = Grant(timedelta(minutes=1), 2)
"""What opening the customer service permits, before the customer wrote."""
NOTHING = Grant(timedelta(), 0)
TAKES: Mapping[Kind, Takes] = {
    "image": Takes(2_000_000, frozenset({"image/jpeg", "image/png", "image/gif"})),
}
"""What a mini program's customer service can send but words."""
SUBSCRIPTION = "/cgi-bin/message/subscribe/send"
TYPING = "/cgi-bin/message/custom/business/typing"


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.capabilities = Capabilities(
            text_limit=menu.TEXT_LIMIT,
            text_limit_unit="bytes",
            receives=frozenset({"text", "image", "event", "unsupported"}),
            sends=frozenset({"text", "card", *TAKES}),
            files=TAKES,
            notices=notices.labels(config.notices),
            typing=True,
            reply_window=ReplyWindow(
                timedelta(hours=config.window_hours),
                config.window_replies,
                {"opened": ENTERED, "agreed": NOTHING, "declined": NOTHING},
            ),
            rates=RATES,
        )
        self._config, self._memory, self._clock = config, memory, clock
        self._seal = Seal(config.token, config.aes_key, config.app_id)
        self._names = consents.labels(config.notices)
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
        """Verify, decrypt and translate one push, or answer the check of the server URL.

        Raises:
            BadRequest: forged, stale, too large, or meant for another account.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than any push of WeChat's", 413)
        self._seal.check(request, self._clock())
        if request.method == "GET":
            return Reception(body=request.query.get("echostr", "").encode(), headers=PLAIN)
        raw = request.body.decode("utf-8", "replace")
        try:
            raw = legible(self._seal.open(request))
            fields = parse.read(raw)
            if self._config.account not in (None, fields["ToUserName"]):
                raise BadRequest("meant for another account than this inbox's")
            if fields.get("Event") == consents.SENT:
                lost = await consents.results(self._memory, consents.items_of(raw))
                return Reception(bounced=lost, body=TAKEN, headers=PLAIN)
            message = parse.parse(self.inbox, raw, fields, self._names)
        except Unreadable as error:
            kept = Quarantined.unread(raw.encode("utf-8", "replace"), error)
            return Reception(quarantined=(kept,), body=TAKEN, headers=PLAIN)
        return Reception((message,) if message else (), body=TAKEN, headers=PLAIN)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once, in as few messages as possible; choices are a numbered list.

        Raises:
            Uncertain: a piece was taken and a later one was not; resending would repeat it.
            ChannelError: nothing was taken.
        """
        api = self._ready()
        if (notice := notices.notice_in(message)) is not None:
            return await self._notify(api, message, notice)
        uploaded = await self._uploads.ids(message.parts, api.upload)
        bodies = tuple(menu.bodies(message.parts, None, uploaded, _link))
        return await send_each(bodies, partial(api.send, message.address.contact))

    async def _notify(self, api: Api, message: OutgoingMessage, notice: Notice) -> Sent:
        approved = self._config.notices.get(notice.name)
        if approved is None:
            raise Refused("the inbox's settings have no such notice any more")
        page = {"page": approved.page} if approved.page else {}
        body = {**notices.filled(approved, self._clock()), **page}
        return await notices.post(api, self._memory, SUBSCRIPTION, body, message)

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._uploads.lend(files)

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's picture."""
        return self._ready().fetch(ref)

    async def typing(self, address: Address) -> None:
        """Show that somebody is writing, for fifteen seconds or until a message comes."""
        await self._ready().typing(TYPING, address.contact)

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask WeChat how often we may reply still today.

        Raises:
            ChannelError: it cannot be asked now.
        """
        return await ask_each(ills.explain, partial(ills.quota, self._ready()))

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def _ready(self) -> Api:
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return self._api


def _link(card: Card) -> menu.Body | None:
    """Write a card as a link, which must have a picture."""
    if card.picture is None:
        return None
    told = {"title": card.title, "description": card.description or "", "url": card.url}
    return {"msgtype": "link", "link": {**told, "thumb_url": card.picture}}
