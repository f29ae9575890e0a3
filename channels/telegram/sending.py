"""Puts pieces on the wire: where the chat is now, and plainly where its markup is not taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import telegram
from telegram.constants import ParseMode

from channels.base import Sent
from channels.errors import Refused
from channels.files import Files
from channels.message import Media
from channels.telegram import media
from channels.telegram.faults import CANNOT_PARSE, Moved, translate
from channels.telegram.moves import Moves
from channels.telegram.render import Piece

T = TypeVar("T")
Quoted = telegram.ReplyParameters | None


class Sending:
    """Sends one piece at a time through the bot that `ready` returns."""

    def __init__(self, ready: Callable[[], telegram.Bot], moves: Moves) -> None:
        self._ready, self._moves = ready, moves
        self.files: Files | None = None
        """The house's files, once they are lent."""

    async def post(self, thread: str, piece: Piece, reply_to: str | None = None) -> Sent:
        """Send one piece to where the thread's chat is now.

        Raises:
            ChannelError: as its class says.
        """
        first = chat_of(thread)
        chat = await self._moves.now(first)
        # A group that moved counts its messages anew: what is quoted may be another one there.
        quoted = _quoted(reply_to) if chat == first else None
        try:
            return await self._put(chat, piece, quoted)
        except Moved as moved:
            if not await self._moves.learn(chat, moved.chat):
                raise Refused(f"{moved}") from None
            return await self._put(moved.chat, piece)

    async def _put(self, chat: int, piece: Piece, quoted: Quoted = None) -> Sent:
        if piece.media is not None:
            return await self._show(chat, piece, piece.media, quoted)
        try:
            return await self._say(chat, piece, quoted)
        except Refused as problem:
            if piece.html is None or CANNOT_PARSE not in str(problem).lower():
                raise
        return await self._say(chat, replace(piece, html=None), quoted)

    async def _say(self, chat: int, piece: Piece, quoted: Quoted) -> Sent:
        said = self._ready().send_message(
            chat,
            piece.html or piece.text,
            parse_mode=ParseMode.HTML if piece.html else None,
            reply_markup=piece.keyboard,
            reply_parameters=quoted,
        )
        return _sent(await ask(said, repeatable=False))

    async def _show(self, chat: int, piece: Piece, shown: Media, quoted: Quoted) -> Sent:
        async with media.opened(self.files, shown) as file:
            sending = media.upload(
                self._ready(),
                chat,
                shown,
                file,
                caption=piece.text or None,
                reply_parameters=quoted,
            )
            return _sent(await ask(sending, repeatable=False))


def _sent(taken: object) -> Sent:
    """Return what became of a message; "ok" without the message is a yes all the same."""
    return Sent(str(taken.message_id) if isinstance(taken, telegram.Message) else None)


async def ask(calling: Awaitable[T], *, repeatable: bool = True) -> T:
    """Await a call of the library; what it raises becomes ours, without its text or trace."""
    try:
        return await calling
    except Exception as error:  # noqa: BLE001 - it also trips over answers it cannot read
        fault = translate(error, repeatable=repeatable)
    raise fault


def chat_of(thread: str) -> int:
    """Return the chat: a group's thread is the chat and the person."""
    try:
        return int(thread.partition(":")[0])
    except ValueError:
        raise Refused("not a chat of Telegram") from None


def _quoted(reply_to: str | None) -> Quoted:
    if not (reply_to and reply_to.isascii() and reply_to.isdigit()):
        return None
    return telegram.ReplyParameters(int(reply_to), allow_sending_without_reply=True)
