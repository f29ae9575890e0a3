"""Files on Slack: fetched with the bot's token from its own hosts, uploaded before they show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from channels.download import download_from
from channels.errors import Gone, Refused, TooLong, Unauthorized, Unavailable
from channels.files import Download, File, Files, Kind, Takes
from channels.http import call
from channels.message import Media
from channels.slack.shape import branch, word

LARGEST = 50_000_000
"""Bytes of a file that we send; Slack would take a gigabyte, which no delivery lasts for."""
TAKES: Mapping[Kind, Takes] = {
    "image": Takes(
        LARGEST, frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/heic"})
    ),
    "voice": Takes(
        LARGEST, frozenset({"audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/flac"})
    ),
    "video": Takes(LARGEST, frozenset({"video/mp4", "video/webm", "video/quicktime"})),
    "file": Takes(LARGEST),
}
"""What Slack shows or plays in the message; everything else it offers for download."""
HOSTS = ("slack.com", "slack-gov.com")
"""Where the bot's token may go; their subdomains too."""
UPLOAD = 100.0
"""Seconds for a call that carries a file."""
HTTPS = 443

Asks = Callable[[Awaitable[AsyncSlackResponse]], Awaitable[Mapping[str, Any]]]
"""Makes a call that may be repeated, and returns what Slack answered."""


def is_slacks(url: str, root: str) -> bool:
    """Say whether an address lies with Slack, or where the inbox's settings say Slack is."""
    try:
        found, ours = httpx.URL(url), httpx.URL(root)
    except (httpx.InvalidURL, ValueError, TypeError):
        return False
    if (found.scheme, found.host, found.port) == (ours.scheme, ours.host, ours.port):
        return not found.userinfo
    known = found.host in HOSTS or found.host.endswith(tuple(f".{host}" for host in HOSTS))
    return known and found.scheme == "https" and found.port in (None, HTTPS) and not found.userinfo


@asynccontextmanager
async def fetch(web: AsyncWebClient, ask: Asks, root: str, ref: str) -> AsyncIterator[Download]:
    """Open a customer's file by its address, or by its id where Slack told only that.

    Raises:
        Gone: Slack does not have it, or does not show it any more.
        Refused: it does not lie with Slack.
        Unauthorized: Slack shows its page for signing in instead.
        ChannelError: not now.
    """
    url = ref if "://" in ref else await _address_of(web, ask, ref)
    if not is_slacks(url, root):
        raise Refused("the file does not lie with Slack")
    token = {"authorization": f"Bearer {web.token}"}
    async with download_from(url, trusted=root, headers=token, redirects=0) as given:
        # A file that is HTML comes as an attachment, with a name.
        if given.type == "text/html" and given.name is None:
            raise Unauthorized("Slack shows a page instead of the file: give the app files:read")
        yield given


async def _address_of(web: AsyncWebClient, ask: Asks, number: str) -> str:
    """Ask for what Slack left out of the event, as it does in channels shared with others."""
    try:
        answer = await ask(web.files_info(file=number))
    except Refused as problem:
        raise Gone(f"{problem}") from None
    file = branch(answer, "file")
    if found := word(file, "url_private_download") or word(file, "url_private"):
        return found
    raise Gone


async def look_at(files: Files | None, media: Media) -> None:
    """See whether a file can be sent, before anything is.

    Raises:
        Gone: there is no such file.
        TooLong: it is larger than we send.
        Refused: it is not of its kind.
    """
    async with _opened(files, media):
        pass


@asynccontextmanager
async def _opened(files: Files | None, media: Media) -> AsyncIterator[File]:
    if files is None:
        raise Gone
    async with files.open(media.ref) as file:
        takes = TAKES[media.kind]
        if file.size > takes.largest:
            raise TooLong(f"{file.size} bytes are more than is sent to Slack")
        if not takes.has_room_for(file.type, file.size):
            raise Refused(f"Slack shows no {file.type} as {media.kind}")
        yield file


async def upload(
    web: AsyncWebClient,
    client: httpx.AsyncClient,
    ask: Asks,
    root: str,
    files: Files | None,
    media: Media,
) -> dict[str, str | None]:
    """Give Slack a file, and return its id and title; nobody sees it until it is shared.

    Raises:
        ChannelError: it was not taken; an upload that is repeated harms nobody.
    """
    async with _opened(files, media) as file:
        told = await ask(web.files_getUploadURLExternal(filename=file.name, length=file.size))
        url, number = word(told, "upload_url"), word(told, "file_id")
        if not number or not is_slacks(url, root):
            raise Unavailable("Slack named no place of its own for the upload")
        answer = await call(
            client,
            "POST",
            url,
            repeatable=True,
            total=UPLOAD,
            files={"file": (file.name, file.stream, file.type)},
        )
    if answer.status != httpx.codes.OK:
        raise Refused(f"the upload was refused: HTTP {answer.status}")
    return {"id": number, "title": file.name}
