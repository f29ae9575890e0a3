"""What a channel is: one page to read before writing an adapter; `files` is the page on media."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, Self, runtime_checkable

from channels.errors import ChannelError
from channels.files import Kind, Takes
from channels.message import Address, ContactEvent, IncomingMessage, OutgoingMessage, Part

Clock = Callable[[], datetime]
"""Returns this moment, with its zone."""


@dataclass(frozen=True, slots=True)
class Grant:
    """How long, and how often, we may answer after something that a customer did."""

    length: timedelta
    messages: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """How many messages a second, and how many at once after a silence."""

    per_second: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a platform may be sent to, all in all and in one chat; None: no limit of its own."""

    whole: Rate | None = None
    chat: Rate | None = None
    group: Rate | None = None
    """In a chat that others read too, where that differs."""
    chat_depth: int | None = None
    """How many of the parts between colons in a thread's name make the chat; None: all."""
    limits_chats: bool = False
    """When the platform says "too fast" it means one chat."""


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """How long, and how often, we may answer after the customer wrote.

    `others` says what other deeds permit, by the kind of the part ("selection") or of the event
    ("followed", "opened", ...); None: from then on nothing. What is not named permits as words do.
    Without `in_public` it is not kept where others read along.
    """

    length: timedelta
    messages: int | None = None
    others: Mapping[str, Grant | None] = field(default_factory=dict, hash=False)
    in_public: bool = True

    def after(self, parts: Sequence[Part]) -> Grant | None:
        """Return what a message permits: what its weightiest part does."""
        words = Grant(self.length, self.messages)
        names = [part.event if isinstance(part, ContactEvent) else part.kind for part in parts]
        granted = [found for name in names if (found := self.others.get(name, words)) is not None]
        if names and not granted:
            return None
        return max(granted, key=lambda grant: grant.length, default=words)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do; every claim has a test in the conformance suite."""

    text_limit: int
    text_limit_unit: Literal["characters", "bytes", "utf16"] = "characters"
    receives: frozenset[str] = frozenset({"text"})
    sends: frozenset[str] = frozenset({"text"})
    files: Mapping[Kind, Takes] = field(default_factory=dict, hash=False)
    """What may be sent of each kind of media in `sends`."""
    max_choices: int = 0
    reply_window: ReplyWindow | None = None
    idempotent_send: bool = False
    stored_is_sent: bool = False
    """Customers read their messages where they are stored: there is no platform to give them to."""
    answers: bool = False
    """The platform must be told, in `reply_to`, which of the customer's messages ours answers."""
    quotes: bool = False
    """A reply in a thread that others read too quotes what it answers, as `answers` says it."""
    notices: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What may be sent outside the reply window, by its name: what people read of it."""
    forgets_who_left: bool = False
    edits: bool = False
    typing: bool = False
    public: bool = False
    signed: bool = True
    open_to_new: bool = True
    """False where the platform gives the permission that this needs to nobody new."""
    rates: Rates = Rates()


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP call from a platform, free of any web framework; header names in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something genuine that could not be understood; kept for a human to look at."""

    dedupe_key: str
    reason: str
    raw: str

    @classmethod
    def unread(cls, body: bytes, reason: object) -> Self:
        """Keep a body that nobody understands, once however often it comes."""
        raw = body.decode("utf-8", "replace").replace("\0", "")
        return cls(hashlib.sha256(body).hexdigest(), str(reason), raw)


@dataclass(frozen=True, slots=True)
class Bounced:
    """A platform says afterwards that a message of ours did not arrive, though it had taken it."""

    delivery_id: str
    error: ChannelError


@dataclass(frozen=True, slots=True)
class Reception:
    """What a call contained, and what to answer it with once that is stored."""

    messages: tuple[IncomingMessage, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    bounced: tuple[Bounced, ...] = ()
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it, as one message or in several `pieces`."""

    platform_id: str | None = None
    pieces: int = 1


class ChannelAdapter(Protocol):
    """One connected account on one platform.

    Built as `Adapter(inbox, config, memory, clock)`; entering it makes it ready, and may fail
    with a `ChannelError` when the platform does: its supervisor tries again.
    """

    inbox: str
    capabilities: Capabilities

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send once; raise a `ChannelError` that says whether to try again."""
        ...


@runtime_checkable
class Webhook(Protocol):
    """A channel that is called by its platform."""

    async def receive(self, request: Request) -> Reception:
        """Verify, decrypt and translate. No network, and no storage but hints in its `Memory`.

        Raises:
            BadRequest: forged, stale or too large; `status` says how to answer.
        """
        ...


@runtime_checkable
class Passive(Protocol):
    """A channel whose answer can ride in the HTTP response to the platform's own call."""

    passive: bool
    """True when this account has no other way to answer."""
    answering: bool
    """True when a call is held until the answer can ride in it: always where `passive`."""

    def fit(
        self, message: OutgoingMessage
    ) -> tuple[OutgoingMessage | None, OutgoingMessage | None]:
        """Split into what one HTTP answer holds, and what must wait (or None).

        None and the whole message: it is better sent than to ride in an answer.
        """
        ...

    def answer(self, request: Request, message: OutgoingMessage) -> Reception:
        """Render `message` as the answer to `request`: status, headers and body."""
        ...


Accept = Callable[[Reception], Awaitable[None]]
"""Stores durably what came in; returns when it is safe to acknowledge."""


@runtime_checkable
class Polling(Protocol):
    """A channel that has to ask."""

    polling: bool
    """False when the account is set up for webhooks instead."""

    def poll(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield (cursor after it, what it held); the caller stores both together."""
        ...


@runtime_checkable
class Doorbell(Polling, Protocol):
    """A channel whose platform calls as well, to say that there is something to ask for.

    A call may be lost: asking brings it, too. Where `aside` calls bring messages of their own.
    """

    doorbell: bool
    """True when this account is called; its webhook address is shown then."""
    aside: bool


@runtime_checkable
class Listening(Protocol):
    """A channel that keeps a socket open to its platform."""

    listening: bool
    """False when the account is set up for webhooks instead."""

    async def listen(self, accept: Accept) -> None:
        """Run until cancelled; acknowledge an envelope only after `accept` returned."""
        ...


@runtime_checkable
class Typing(Protocol):
    """A channel that can show that somebody is writing."""

    async def typing(self, address: Address) -> None:
        """Show it for a few seconds."""
        ...


@runtime_checkable
class Menued(Protocol):
    """A channel whose account has a menu of its own, which the settings describe."""

    async def menu_drift(self) -> tuple[str, ...]:
        """Say what of the menu that the platform shows is not as the settings want it."""
        ...

    async def push_menu(self) -> None:
        """Make it so."""
        ...


class Memory(Protocol):
    """The little an adapter may remember (tokens, cursors); lent to it by its owner.

    All processes that serve the inbox share it.
    """

    async def get(self, key: str) -> str | None:
        """Return what was kept under `key`, or None if there is nothing or it has expired."""
        ...

    async def set(self, key: str, value: str, expires_in: timedelta | None = None) -> None:
        """Keep `value` under `key`, durably."""
        ...

    async def swap(
        self, key: str, old: str | None, new: str | None, expires_in: timedelta | None = None
    ) -> bool:
        """Put `new` in the place of `old` (None: nothing); False if something else is there.

        Of all processes that swap the same at a time one is told True, which makes it a lease:
        `swap(key, None, me, seconds)` takes it, `swap(key, me, None)` gives it back. Let the key
        begin with `lease:`: then none outlives its holder where one process owns the database.
        """
        ...
