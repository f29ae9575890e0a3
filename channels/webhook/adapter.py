"""A system of somebody's own: it posts what customers write, and is posted our replies."""

from __future__ import annotations

from http import HTTPStatus
from typing import Self

import httpx

from channels.base import Capabilities, Clock, Memory, Reception, Request, Sent
from channels.errors import BadRequest, ChannelError, Refused, Unauthorized, Unavailable, Uncertain
from channels.http import Reply, call, make_client
from channels.message import OutgoingMessage
from channels.webhook import parse, render, signature
from channels.webhook.config import Config

RECEIVES = frozenset(
    ("text", "image", "voice", "video", "file", "location", "selection", "event", "unsupported")
)
LONGEST_ID = 200
JSON = {"content-type": "application/json"}


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.capabilities = Capabilities(
            text_limit=render.TEXT_LIMIT,
            receives=RECEIVES,
            sends=frozenset({"text", "choices", "location"}),
            max_choices=render.MOST_CHOICES,
            idempotent_send=True,
            public=True,
        )
        self._config, self._clock = config, clock
        self._client: httpx.AsyncClient | None = None

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
        posts = render.pieces(message.parts)
        if not posts:
            raise Refused("there is nothing to say in it")
        taken: str | None = None
        for number, parts in enumerate(posts):
            post_id = message.delivery_id if number == 0 else f"{message.delivery_id}:{number}"
            told = await self._post(self._client, post_id, render.body(message, post_id, parts))
            taken = taken or told
        return Sent(taken, pieces=len(posts))

    async def _post(self, client: httpx.AsyncClient, post_id: str, body: bytes) -> str | None:
        headers = signature.headers(self._config.keys, post_id, body, self._clock())
        total = self._config.timeout + 5
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
