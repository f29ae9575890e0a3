"""One Telegram bot: python-telegram-bot speaks, our own tolerant parser listens."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Self

import telegram
from telegram.constants import ChatAction

from channels.base import Capabilities, Clock, Memory, Rate, Rates, Reception, Request, Sent
from channels.errors import (
    BadRequest,
    ChannelError,
    Unauthorized,
    Unavailable,
    piece,
)
from channels.files import KINDS, Download, Files
from channels.health import Finding
from channels.http import MIB, call
from channels.message import Address, OutgoingMessage
from channels.telegram import ills, media
from channels.telegram.config import Config
from channels.telegram.faults import CONFLICT, UNKNOWN_BOT
from channels.telegram.moves import Moves
from channels.telegram.parse import (
    ALLOWED_UPDATES,
    Own,
    callback_of,
    decode,
    move_of,
    read,
    unreadable,
)
from channels.telegram.polling import follow
from channels.telegram.render import MAX_CHOICES, TEXT_LIMIT, render
from channels.telegram.request import SLACK, Wire, be_discreet
from channels.telegram.sending import Sending, ask, chat_of

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
LARGEST_CALL = MIB
LARGEST_BATCH = 16 * MIB
LONGEST_TAPS = 1000


RATES = Rates(whole=Rate(30), chat=Rate(1, burst=3), group=Rate(0.25, burst=5), chat_depth=1)
"""Telegram allows 30 a second, about one a second to a person, and 20 a minute to a group: here
five at once and fifteen a minute, which is never more than twenty in any minute."""


class Adapter:
    """A bot by webhook or long polling."""

    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        text_limit_unit="utf16",
        receives=frozenset({"text", *KINDS, "location", "selection", "event", "unsupported"}),
        sends=frozenset({"text", "choices", *KINDS}),
        files=media.TAKES,
        max_choices=MAX_CHOICES,
        quotes=True,
        edits=True,
        typing=True,
        public=True,
        rates=RATES,
    )

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.polling = config.transport == "polling"
        self._config = config
        self._clock = clock
        self._own = Own(inbox, config.bot_id)
        self._bot: telegram.Bot | None = None
        self._proxy = config.proxy.get_secret_value() if config.proxy else None
        self._listening = Wire(config.poll_timeout + config.timeout, self._proxy)
        self._taps: deque[str] = deque(maxlen=LONGEST_TAPS)
        self._moves = Moves(memory)
        self._sending = Sending(self._ready, self._moves)
        be_discreet()

    async def __aenter__(self) -> Self:
        config = self._config
        bot = telegram.Bot(
            config.bot_token.get_secret_value(),
            base_url=f"{config.api}/bot",
            base_file_url=f"{config.api}/file/bot",
            request=Wire(config.timeout, self._proxy),
            get_updates_request=self._listening,
        )
        try:
            await ask(bot.initialize())
            await self._choose_transport(bot)
        except BaseException:
            await bot.shutdown()
            raise
        self._own = Own(self.inbox, config.bot_id, bot.bot.username)
        self._bot = bot
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._bot is None:
            return
        if self._taps:
            await self._acknowledge_taps()
        bot, self._bot = self._bot, None
        await bot.shutdown()

    async def _choose_transport(self, bot: telegram.Bot) -> None:
        if self.polling:
            await ask(bot.delete_webhook())
        elif self._config.webhook_url and self._config.secret_token:
            await ask(
                bot.set_webhook(
                    self._config.webhook_url,
                    secret_token=self._config.secret_token.get_secret_value(),
                    allowed_updates=ALLOWED_UPDATES,
                )
            )

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one update; a tap is acknowledged in the answer itself.

        Raises:
            BadRequest: too large, or without the right secret.
        """
        if len(request.body) > LARGEST_CALL:
            raise BadRequest("larger than any update", status=413)
        self._verify(request)
        try:
            update = decode(request.body)
        except ValueError as error:
            return unreadable(request.body.decode("utf-8", "replace"), type(error).__name__)
        reception, tap = await self._read(update), callback_of(update)
        if tap is None:
            return reception
        answer = {"method": "answerCallbackQuery", "callback_query_id": tap}
        return replace(
            reception,
            body=json.dumps(answer).encode(),
            headers={"content-type": "application/json"},
        )

    async def _read(self, update: object) -> Reception:
        if move := move_of(update):
            await self._moves.learn(*move)
        return await self._moves.settled(read(update, self._own, self._clock()))

    def _verify(self, request: Request) -> None:
        secret = self._config.secret_token
        if secret is None:
            raise BadRequest("this inbox has no secret_token, so it takes no calls")
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, secret.get_secret_value().encode()):
            raise BadRequest("without the secret that setWebhook was given")

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send as few messages as hold it; the first one's id is the platform's.

        Raises:
            Uncertain: it may have arrived, wholly or in part.
            ChannelError: it did not arrive; its class says whether to try again.
        """
        thread, pieces = message.address.thread, render(message.parts)
        for one in pieces:
            if one.media is not None:
                await media.look_at(self._sending.files, one.media)
        first = await self._sending.post(thread, pieces[0], message.reply_to)
        for number, one in enumerate(pieces[1:], 1):
            with piece(number, len(pieces)):
                await self._sending.post(thread, one)
        return first

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._sending.files = files

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        return media.fetch(self._ready(), self._listening.client, ask, ref)

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask Telegram whether its calls arrive, how much waits, and what the bot hears.

        Raises:
            ChannelError: it cannot be asked now.
        """
        bot = self._ready()
        me, info = await ask(bot.get_me()), await ask(bot.get_webhook_info())
        if self.polling:
            return (*ills.questions(info), ills.groups(me))
        wanted = self._config.webhook_url or callback
        return (*ills.calls(info, wanted, ALLOWED_UPDATES, self._clock()), ills.groups(me))

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    async def typing(self, address: Address) -> None:
        """Show that somebody is writing, for about five seconds."""
        chat = await self._moves.now(chat_of(address.thread))
        await ask(self._ready().send_chat_action(chat, ChatAction.TYPING))

    def poll(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield updates for ever, each with the cursor after it."""
        return follow(self._get_updates, self._understand, cursor)

    async def _get_updates(self, offset: int | None, limit: int) -> bytes:
        await self._acknowledge_taps()
        config, base = self._config, self._ready().base_url
        question = {
            "timeout": config.poll_timeout,
            "limit": limit,
            "allowed_updates": json.dumps(ALLOWED_UPDATES),
        }
        reply = await call(
            self._listening.client,
            "POST",
            f"{base}/getUpdates",
            data=question if offset is None else {**question, "offset": offset},
            cap=LARGEST_BATCH,
            total=config.poll_timeout + config.timeout + SLACK,
            repeatable=True,
        )
        match reply.status:
            case 200:
                return reply.body
            case 404:
                raise Unauthorized(UNKNOWN_BOT)
            case 409:
                raise Unavailable(CONFLICT)
            case other:
                raise Unavailable(f"getUpdates: HTTP {other}")

    async def _understand(self, update: object) -> Reception:
        if tap := callback_of(update):
            self._taps.append(tap)
        return await self._read(update)

    async def _acknowledge_taps(self) -> None:
        """Stop the clocks on the customers' buttons; a failure costs nobody anything."""
        bot, taps = self._ready(), list(self._taps)
        self._taps.clear()
        await asyncio.gather(
            *(bot.answer_callback_query(tap) for tap in taps), return_exceptions=True
        )

    def _ready(self) -> telegram.Bot:
        if self._bot is None:
            raise Unavailable("this channel is not open")
        return self._bot
