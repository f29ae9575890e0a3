"""A system of somebody's own: it posts what customers write, and is posted our replies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from http import HTTPStatus
from typing import Any, Self

import httpx

from channels.attached import opened, sendable
from channels.base import Capabilities, Clock, Memory, Reception, Request, Sent
from channels.download import download_from
from channels.errors import (
    BadRequest,
    ChannelError,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
    piece,
)
from channels.files import KINDS, Download, Files, Kind, Takes
from channels.health import Finding, ask_each
from channels.http import Reply, call, make_client
from channels.message import Media, OutgoingMessage, Part
from channels.webhook import ills, parse, render, signature
from channels.webhook.config import Config

RECEIVES = frozenset(
    ("text", "image", "voice", "video", "file", "location", "selection", "event", "unsupported")
)
LONGEST_ID = 200
UPLOAD = 60.0
"""Seconds that a post with a file in it may take beyond the wait for its answer."""
TAKES: Mapping[Kind, Takes] = {kind: Takes(5_000_000) for kind in KINDS}
"""What is posted where files are wanted: more would be a burden in base64."""
JSON = {"content-type": "application/json"}


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        takes = TAKES if config.attachments else {}
        self.capabilities = Capabilities(
            text_limit=render.TEXT_LIMIT,
            receives=RECEIVES,
            sends=frozenset({"text", "choices", "location", *takes}),
            files=takes,
            max_choices=render.MOST_CHOICES,
            idempotent_send=True,
            public=True,
        )
        self._config, self._clock = config, clock
        self._client: httpx.AsyncClient | None = None
        self._files: Files | None = None

    async def __aenter__(self) -> Self:
        self._client = make_client(read=self._config.timeout)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._client is not None:
            await self._client.aclose()
        self._client = None

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one call.

        Raises:
            BadRequest: forged or stale (401), too large (413), senseless (422), not a POST (405).
        """
        if len(request.body) > parse.LARGEST:
            raise BadRequest(f"the body is larger than {parse.LARGEST // 1024} KiB", 413)
        now = self._clock()
        signature.check(self._config.keys, request.headers, request.body, now)
        if request.method != "POST":
            raise BadRequest("post a message here", 405)
        message = parse.message(parse.read(request.body), self.inbox, now)
        return Reception((message,), body=b'{"ok":true}', headers=JSON)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Post once, a long text in pieces; each has an id by which a second attempt is known.

        Raises:
            ChannelError: not taken, or nobody knows; posting it again does no harm.
        """
        if self._client is None:
            raise Unavailable("the inbox is not running")
        posts = render.pieces(message.parts, sendable(message.parts, self.capabilities.files))
        if not posts:
            raise Refused("there is nothing to say in it")
        files = [await self._file(parts) for parts in posts]
        taken: str | None = None
        for number, (parts, file) in enumerate(zip(posts, files, strict=True)):
            post_id = message.delivery_id if number == 0 else f"{message.delivery_id}:{number}"
            body = render.body(message, post_id, parts, file)
            with piece(number, len(posts), repeatable=True):
                told = await self._post(self._client, post_id, body)
            taken = taken or told
        return Sent(taken, pieces=len(posts))

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._files = files

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file by the address that the other side named."""
        return download_from(ref, trusted=self._config.base_url)

    async def _file(self, parts: tuple[Part, ...]) -> Mapping[str, Any] | None:
        """Read the file that is a post of its own; None: it is words."""
        match parts:
            case (Media() as part,):
                async with opened(self._files, part, self.capabilities.files) as file:
                    content = await asyncio.to_thread(file.stream.read)
                    return render.file_part(part, file, content)
            case _:
                return None

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Knock where replies are posted, and look at the secrets.

        Raises:
            ChannelError: nobody answers there.
        """
        if self._client is None:
            raise Unavailable("the inbox is not running")
        config = self._config
        asked = await ask_each(ills.explain, partial(ills.receiver, self._client, config))
        return (*asked, ills.secrets(config), ills.privacy(config))

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    async def _post(self, client: httpx.AsyncClient, post_id: str, body: bytes) -> str | None:
        headers = signature.headers(self._config.keys, post_id, body, self._clock())
        total = self._config.timeout + (5 if len(body) < parse.LARGEST else UPLOAD)
        reply = await call(
            client,
            "POST",
            self._config.target,
            total=total,
            content=body,
            headers={**JSON, **headers},
        )
        if reply.status == HTTPStatus.GONE:
            raise Unauthorized("the receiver wants no more replies (HTTP 410); see the inbox's url")
        if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(f"the receiver refused it (HTTP {reply.status})")
        return _named(reply)


def _named(reply: Reply) -> str | None:
    """Return the receiver's own id of a message, if it tells one."""
    try:
        found = reply.json().get("id")
    except (ChannelError, Uncertain):
        return None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_ID else None
