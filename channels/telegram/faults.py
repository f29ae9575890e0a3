"""From the library's errors to ours; what a wording of Telegram means is data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from telegram import error as theirs

from channels.errors import (
    Blocked,
    ChannelError,
    Gone,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
)
from channels.http import NEVER_WRITTEN, lost, redact

WORDINGS: tuple[tuple[str, type[ChannelError]], ...] = (
    ("message is too long", TooLong),
    ("message_too_long", TooLong),
    ("file is too big", TooLong),
    ("invalid file_id", Gone),
    ("wrong file identifier", Gone),
    ("user is deactivated", Blocked),
    ("user_is_blocked", Blocked),
    ("bot was blocked", Blocked),
    ("bot was kicked", Blocked),
)
"""What Telegram says with 400 and what it means; anything else is `Refused`."""

LOST = (httpx.TimeoutException, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""Failures after the request may have been written."""

LONGEST_REASON = 200

CANNOT_PARSE = "can't parse entities"
"""What Telegram says of markup that it does not take."""
UNKNOWN_BOT = "Telegram does not know this bot_token; ask @BotFather for it"
CONFLICT = "another process polls this bot, or a webhook is set for it"


class Moved(Refused):
    """The group became a supergroup: nothing was sent, its id is another one now."""

    def __init__(self, chat: int) -> None:
        super().__init__()
        self.chat = chat


def translate(error: Exception, *, repeatable: bool = False) -> ChannelError:
    """Return our error for one of the library's.

    `repeatable` calls do no harm when made again, so a lost answer is not `Uncertain`.
    """
    for own in (error, error.__cause__):
        if isinstance(own, ChannelError):
            return own
    for kind, meant in MEANINGS:
        if isinstance(error, kind):
            return meant(error)
    name = type(error.__cause__ or error).__name__
    if isinstance(error, theirs.NetworkError) and not _was_written(error):
        return Unavailable(name)
    return lost(f"no sensible answer: {name}", repeatable=repeatable)


def _was_written(error: theirs.NetworkError) -> bool:
    cause = error.__cause__
    if isinstance(cause, NEVER_WRITTEN):
        return False
    return isinstance(error, theirs.TimedOut) or isinstance(cause, LOST)


def _refusal(error: theirs.BadRequest) -> ChannelError:
    said = error.message.lower()
    meant = next((meant for wording, meant in WORDINGS if wording in said), Refused)
    return meant(_reason(error))


def _reason(error: theirs.TelegramError) -> str:
    return redact(error.message)[:LONGEST_REASON]


def _seconds(error: theirs.RetryAfter) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns that int will become timedelta
        wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


MEANINGS: tuple[tuple[type[theirs.TelegramError], Callable[[Any], ChannelError]], ...] = (
    (theirs.RetryAfter, lambda error: RateLimited(_seconds(error))),
    (theirs.Forbidden, lambda error: Blocked(_reason(error))),
    (theirs.InvalidToken, lambda _: Unauthorized(UNKNOWN_BOT)),
    (theirs.BadRequest, _refusal),
    (theirs.ChatMigrated, lambda error: Moved(error.new_chat_id)),
    (theirs.Conflict, lambda _: Unavailable(CONFLICT)),
    (theirs.EndPointNotFound, lambda error: Refused(_reason(error))),
    (theirs.PassportDecryptionError, lambda _: Refused("a passport nobody asked for")),
)
"""What each class of the library means; a `BadRequest` also is a `NetworkError`, so it is first."""
