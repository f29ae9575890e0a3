"""The website chat: visitors post to us, and read what we said from storage."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Self

from channels.base import Capabilities, Clock, Memory, Reception, Request, Sent
from channels.errors import BadRequest, ChannelError, Unavailable
from channels.files import KINDS, Takes
from channels.health import Finding
from channels.message import Address, Media, OutgoingMessage
from channels.visited import Vouched
from channels.webchat import identity, ills, parse, token
from channels.webchat.config import Config

LARGEST = 2**40
"""We are the platform: only what is kept at all is a limit."""
KEPT_SECRET = "visitor_token_secret"  # noqa: S105 - the name it is kept under


class Adapter:
    """One chat window of one inbox."""

    capabilities = Capabilities(
        text_limit=parse.LONGEST_TEXT,
        receives=frozenset({"text", *KINDS}),
        sends=frozenset({"text", "choices", *KINDS}),
        files={kind: Takes(LARGEST) for kind in KINDS},
        max_choices=10,
        idempotent_send=True,
        stored_is_sent=True,
        typing=True,
    )

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.config = config
        self.attachments = config.attachments
        self._memory = memory
        self._clock = clock
        self._secret: str | None = None

    async def __aenter__(self) -> Self:
        if self.config.secret is not None:
            self._secret = self.config.secret.get_secret_value()
            return self
        if await self._memory.get(KEPT_SECRET) is None:
            await self._memory.set(KEPT_SECRET, secrets.token_urlsafe(32))
        self._secret = await self._memory.get(KEPT_SECRET)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._secret = None

    def issue(self, visitor_id: str) -> str:
        """Return the token that lets a visitor speak and read in one thread.

        Raises:
            ValueError: the id is not 1 to 64 letters, digits, `_` and `-`.
        """
        return token.issue(self._signing(), self.inbox, visitor_id)

    def visitor(self, bearer: str) -> str:
        """Return whom a token belongs to.

        Raises:
            BadRequest: it is not one of ours (401).
        """
        return token.read(self._signing(), self.inbox, bearer, self._clock())

    def identify(self, proof: str) -> Vouched:
        """Return whom the firm's own site vouches for, with their token.

        Raises:
            BadRequest: the proof is not believed (401), or this chat takes none (403).
        """
        secrets, now = self.config.identity_secrets, self._clock()
        if not secrets:
            raise BadRequest("this chat has no identity_secret", status=403)
        claims = identity.read(proof, secrets, now)
        issued = token.issue_named(self._signing(), self.inbox, claims.visitor, now)
        return Vouched(claims.visitor, issued, claims.sub, claims.name, claims.attributes)

    def vouch(self, visitor_id: str, file: Media) -> str:
        """Return what lets a visitor send a file that was taken from them."""
        return token.vouch(self._signing(), self.inbox, visitor_id, file)

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Say whether a call comes from a site that may talk to this chat.

        A browser names its site in `Origin`; a call without it is no browser, and proves
        itself with its token alone. Our own pages are always welcome.
        """
        origin = headers.get("origin", "").lower()
        allowed = self.config.allowed_origins
        own = origin.partition("://")[2] == headers.get("host", "").lower() != ""
        return not origin or not allowed or own or origin in allowed

    async def receive(self, request: Request) -> Reception:
        """Take one message of a visitor.

        Raises:
            BadRequest: not admitted (401, 403), or not to be understood (405, 413, 415, 422).
        """
        if request.method != "POST":
            raise BadRequest("post messages here", status=405)
        if len(request.body) > parse.LARGEST_BODY:
            raise BadRequest("the body is too large", status=413)
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        visitor = self.visitor(bearer.strip() if kind.lower() == "bearer" else "")
        if not self.admits(request.headers):
            raise BadRequest("this site may not talk to this chat", status=403)
        said = parse.read_body(request.headers, request.body)
        files = [token.read_file(self._signing(), self.inbox, visitor, one) for one in said.files]
        message = parse.message(said, files, self.inbox, visitor, self._clock())
        return Reception((message,), body=b"{}", headers={"content-type": "application/json"})

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Look at who may show the chat, and at the secrets."""
        return ills.sites(self.config), ills.plain(self.config), ills.identity(self.config)

    def explain(self, error: ChannelError) -> Finding | None:
        """Know nothing more: there is no platform that could refuse."""
        return None

    async def send(self, message: OutgoingMessage) -> Sent:
        """Do nothing more: the visitor reads the message where it is stored."""
        self._signing()
        return Sent()

    async def typing(self, address: Address) -> None:
        """Do nothing more: the visitor's own stream tells it."""
        self._signing()

    def _signing(self) -> str:
        if self._secret is None:
            raise Unavailable("this chat is closed")
        return self._secret
