"""Files of Telegram's: fetched by their id, and sent as what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import telegram

from channels.download import download
from channels.errors import Gone, Refused, TooLong
from channels.files import Download, File, Files, Kind, Takes
from channels.message import Media

TAKES: Mapping[Kind, Takes] = {
    "image": Takes(10_000_000, frozenset({"image/jpeg", "image/png", "image/webp"})),
    "voice": Takes(1_000_000, frozenset({"audio/ogg", "audio/mpeg", "audio/mp4"})),
    "video": Takes(50_000_000, frozenset({"video/mp4"})),
    "file": Takes(50_000_000),
}
"""What a bot can upload; a picture of another type goes as a file, as people would send it."""
_WAYS: Mapping[Kind, str] = {
    "image": "photo",
    "voice": "voice",
    "video": "video",
    "file": "document",
}
"""What the library calls it, in its methods and their arguments."""

Ask = Callable[[Awaitable[telegram.File]], Awaitable[telegram.File]]


@asynccontextmanager
async def fetch(
    bot: telegram.Bot, client: httpx.AsyncClient, ask: Ask, ref: str
) -> AsyncIterator[Download]:
    """Open a customer's file; the API names where it lies for an hour.

    Raises:
        Gone: Telegram does not know it.
        Refused: it is larger than a bot may have.
        ChannelError: not now.
    """
    found = await ask(bot.get_file(ref))
    if not found.file_path:
        raise Gone
    async with download(client, found.file_path) as given:
        yield given


async def look_at(files: Files | None, media: Media) -> None:
    """See whether a file can be sent, before anything is.

    Raises:
        Gone: there is no such file.
        TooLong: it is larger than Telegram takes.
        Refused: Telegram does not take it as this kind.
    """
    async with opened(files, media):
        pass


@asynccontextmanager
async def opened(files: Files | None, media: Media) -> AsyncIterator[File]:
    """Open a file that can be sent.

    Raises:
        Refused: it cannot, as `look_at` says.
    """
    if files is None:
        raise Gone
    async with files.open(media.ref) as file:
        takes = TAKES[media.kind]
        if file.size > takes.largest:
            raise TooLong(f"{file.size} bytes are more than Telegram takes as {media.kind}")
        if not takes.has_room_for(file.type, file.size):
            raise Refused(f"Telegram takes no {file.type} as {media.kind}")
        yield file


def upload(
    bot: telegram.Bot,
    chat: int,
    media: Media,
    file: File,
    **more: Any,  # noqa: ANN401 - the library's own
) -> Awaitable[telegram.Message]:
    """Send an open file as what it is, streamed from where it lies."""
    way = _WAYS[media.kind]
    content = telegram.InputFile(file.stream, filename=file.name, read_file_handle=False)
    send: Callable[..., Awaitable[telegram.Message]] = getattr(bot, f"send_{way}")
    return send(chat, **{way: content}, **more)
