"""One WeChat official account: what its customers push to us, and our replies.

An account with the customer-service API answers actively; one without it (`mode: passive`)
can only answer in the HTTP response to a push.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Self

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
from channels.errors import BadRequest, ChannelError, Refused, Unavailable, WindowClosed
from channels.files import Download, Files, Kind, Takes
from channels.health import Finding, ask_each
from channels.http import opened
from channels.message import Address, Notice, OutgoingMessage, is_notice
from channels.tencent import consents, ills, menu, notices
from channels.tencent.leaves import Fields, legible
from channels.tencent.seal import Seal, Unreadable
from channels.tencent.sending import Uploads, send_each
from channels.tencent.weixin import Api
from channels.wechat import menu as own_menu
from channels.wechat import parse, render
from channels.wechat.config import Config

TYPING = "/cgi-bin/message/custom/typing"
NO_MENU = 46003
"""There is none."""
LARGEST = 64 * 1024
"""Bytes of a push; real ones have a few hundred."""

RECEIVES = frozenset(
    {"text", "image", "voice", "video", "location", "selection", "event", "unsupported"}
)

PLAIN = {"content-type": "text/plain; charset=utf-8"}
XML = {"content-type": "application/xml; charset=utf-8"}
TAKEN = b"success"
TAKES: Mapping[Kind, Takes] = {
    "image": Takes(2_000_000, frozenset({"image/jpeg", "image/png", "image/gif"})),
    "voice": Takes(2_000_000, frozenset({"audio/amr", "audio/mpeg"})),
    "video": Takes(10_000_000, frozenset({"video/mp4"})),
}
"""What an account can upload; WeChat knows no other files."""

RATES = Rates(whole=Rate(20), chat=Rate(1, burst=5))
"""WeChat counts by day and by minute, and not in public: this is far below what accounts report."""
DEEDS = frozenset({"selection", "followed", "opened"})
"""A tapped menu (the account's own, or one in a message), a follow, a scan."""
BRIEFLY = Grant(timedelta(minutes=1), 3)
"""What these permit."""
NOTHING = Grant(timedelta(), 0)


def window(config: Config) -> ReplyWindow:
    """Return how long and how often WeChat lets an account answer."""
    others: dict[str, Grant | None] = dict.fromkeys(DEEDS, BRIEFLY)
    others |= dict.fromkeys(("agreed", "declined"), NOTHING)
    return ReplyWindow(
        timedelta(hours=config.window_hours), config.window_replies, {**others, "unfollowed": None}
    )


def capabilities(config: Config) -> Capabilities:
    """Return what an account can do; a passive one has no menus, and no window to keep."""
    passive = config.mode == "passive"
    return Capabilities(
        text_limit=menu.TEXT_LIMIT,
        text_limit_unit="bytes",
        receives=RECEIVES,
        sends=frozenset({"text", "card"} if passive else {"text", "card", "choices", *TAKES}),
        files={} if passive else TAKES,
        notices={} if passive else notices.labels(config.notices),
        typing=not passive,
        forgets_who_left=config.forget_unfollowed,
        max_choices=0 if passive else menu.MOST_ITEMS,
        reply_window=None if passive else window(config),
        rates=RATES,
    )


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.passive = config.mode == "passive"
        self.answering = config.mode != "active"
        self.capabilities = capabilities(config)
        self._config = config
        self._memory = memory
        self._clock = clock
        self._seal = Seal(config.token, config.aes_key, config.app_id)
        named = consents.labels(config.notices)
        self._names = parse.Names(own_menu.labels(config.menu), named)
        self._api: Api | None = None
        self._uploads = Uploads(memory, TAKES)

    async def __aenter__(self) -> Self:
        api = Api(self._config, self._memory, self._clock)
        self._api = api if self.passive else await opened(api)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._api:
            await self._api.close()
        self._api = None

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
            fields = self._fields(raw)
            event = fields.get("Event", "").lower()
            if event == consents.SENT:
                missed = await consents.results(self._memory, consents.items_of(raw))
                return Reception(bounced=missed, body=TAKEN, headers=PLAIN)
            if event == parse.RESULT:
                lost = await notices.result(self._memory, fields)
                return Reception(bounced=(lost,) if lost else (), body=TAKEN, headers=PLAIN)
            message = parse.parse(self.inbox, raw, fields, self._names)
        except Unreadable as error:
            kept = Quarantined.unread(raw.encode("utf-8", "replace"), error)
            return Reception(quarantined=(kept,), body=TAKEN, headers=PLAIN)
        return Reception((message,) if message else (), body=TAKEN, headers=PLAIN)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once, in as few messages as possible.

        Raises:
            Uncertain: a piece was taken and a later one was not; resending would repeat it.
            ChannelError: nothing was taken.
        """
        if self.passive:
            raise WindowClosed("a passive account can only answer the customer's next message")
        api = self._running()
        if (notice := notices.notice_in(message)) is not None:
            return await self._notify(api, message, notice)
        uploaded = await self._uploads.ids(message.parts, api.upload)
        bodies = render.bodies(message.parts, uploaded)
        return await send_each(bodies, partial(api.send, message.address.contact))

    async def menu_drift(self) -> tuple[str, ...]:
        """Say what of the menu that the platform shows is not as the settings want it.

        Raises:
            ChannelError: the platform does not say.
        """
        wanted = self._config.menu
        if wanted is None or self.passive:
            return ()
        shown = await self._running().get("/cgi-bin/menu/get", knows=(NO_MENU,))
        return own_menu.menu_drift(wanted, shown)

    async def push_menu(self) -> None:
        """Make the account's menu what the settings want it to be.

        Raises:
            Refused: the settings want none, or the account may have none.
            ChannelError: it was not taken, or nobody knows; once more does no harm.
        """
        if self._config.menu is None or self.passive:
            raise Refused("the inbox's settings have no menu, or the account cannot be given one")
        body = {"button": own_menu.buttons(self._config.menu)}
        await self._running().post("/cgi-bin/menu/create", body, repeatable=True)

    async def typing(self, address: Address) -> None:
        """Show that somebody is writing, for fifteen seconds or until a message comes."""
        if not self.passive:
            await self._running().typing(TYPING, address.contact)

    async def _notify(self, api: Api, message: OutgoingMessage, notice: Notice) -> Sent:
        approved = self._config.notices.get(notice.name)
        if approved is None:
            raise Refused("the inbox's settings have no such notice any more")
        path, body = render.notice(approved, self._clock())
        return await notices.post(api, self._memory, path, body, message)

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._uploads.lend(files)

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        return self._running().fetch(ref)

    def _running(self) -> Api:
        if self._api is None:
            raise Unavailable("the inbox is not running")
        return self._api

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask WeChat whether we may reply, how often still today, and whether it reaches us.

        Raises:
            ChannelError: it cannot be asked now.
        """
        if self.passive:
            return (ills.passive(),)
        api = self._running()
        questions = [partial(each, api) for each in (ills.permission, ills.quota, ills.network)]
        return await ask_each(ills.explain, *questions, self._own_menu)

    async def _own_menu(self) -> Finding:
        return ills.menu(await self.menu_drift())

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def fit(
        self, message: OutgoingMessage
    ) -> tuple[OutgoingMessage | None, OutgoingMessage | None]:
        """Split into what one HTTP answer holds, and what must wait (or None)."""
        parted = render.has_cards(message.parts) and len(message.parts) > 1
        active = parted or render.has_menu(message.parts) or sendable(message.parts, TAKES)
        if not self.passive and (active or is_notice(message.parts)):
            return None, message
        return render.fit(message)

    def answer(self, request: Request, message: OutgoingMessage) -> Reception:
        """Render `message` as the answer to the push `request`, which was received before."""
        now = self._clock()
        account = parse.read(legible(self._seal.open(request)))["ToUserName"]
        xml = render.reply(message, account, now)
        if not xml:
            return Reception(body=TAKEN, headers=PLAIN)
        seconds, nonce = str(int(now.timestamp())), request.query.get("nonce", "")
        return Reception(body=self._seal.close(xml, seconds, nonce).encode(), headers=XML)

    def _fields(self, xml: str) -> Fields:
        fields = parse.read(xml)
        if self._config.account not in (None, fields["ToUserName"]):
            raise BadRequest("meant for another account than this inbox's")
        return fields
