"""The platform's side of the wire: what every channel's `simulator.py` offers.

Simulators sign like the platform, retry like the platform and fail on demand, so that the
whole product runs with the real client libraries and no account. Tests, the demo and the
drill use them; nothing here is imported in production.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from channels.base import Clock
from channels.files import Kind
from channels.message import Card

GIVE_UP = 3
"""How often a platform delivers the same push when nobody answers 2xx."""


@dataclass(frozen=True, slots=True)
class Push:
    """One signed call of the platform, ready to be posted to an inbox's webhook."""

    contact: str
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def changed(self, **changes: Any) -> Push:  # noqa: ANN401 - any field
        """Return a copy with other fields, to forge or garble it."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file on the customer's screen."""

    kind: Kind
    content: bytes = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One message on the customer's screen that came from us."""

    number: int
    contact: str
    text: str
    options: tuple[tuple[str, str], ...] = ()
    """Things to tap, as (what the platform sends back, label)."""
    platform_id: str | None = None
    at: datetime | None = None
    """When it appeared."""
    file: SeenFile | None = None
    """What came with it, or instead of words."""
    subject: str = ""
    """What stands above it, where messages have subjects."""
    cards: tuple[Card, ...] = ()
    """What its words are shown as, where it is no text."""


@dataclass(slots=True)
class Fault:
    """What the platform answers instead of doing its work, `times` times.

    A `content-length` larger than the body makes it half an answer: the connection ends in it.
    """

    status: int = 500
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the answer."""
    times: int = 1
    after_work: bool = False
    """True: do the work first, then answer with the fault (the lost answer)."""
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Lets the delay pass."""


class Simulator(ABC):
    """One simulated account: `Simulator(inbox, clock)`."""

    channel: str
    can_be_stale = True
    """False where the platform's protocol carries no time stamp."""
    can_be_forged = True
    """False where nothing tells who speaks, so that nothing can be refused."""
    patience = 6.0
    """Seconds until the platform hangs up on a call that is not answered."""
    busy = b'{"ok":false,"error_code":500,"error":"internal_error"}'
    """How the platform says "not now" in its own words, under HTTP 200."""

    def __init__(self, inbox: str, clock: Clock) -> None:
        self.inbox = inbox
        self.clock = clock
        self.screen: list[Seen] = []
        self.faults: deque[Fault] = deque()
        self.calls: list[str] = []
        self._shown = asyncio.Event()

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account, without `base_url`."""

    @property
    @abstractmethod
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""

    def reserve(self) -> None:  # noqa: B027 - optional
        """Choose where `serving` will open, so that `settings` are right before it does."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Open on this machine what is not HTTP; most platforms have nothing of that kind."""
        yield

    def troubles(self, delay: float) -> Mapping[str, Fault] | None:
        """Return what can go wrong here, by name; None: what can with any HTTP platform."""
        _ = delay
        return None

    @abstractmethod
    def say(self, contact: str, text: str) -> Push:
        """Return the push for a customer's text; each call is a new message."""

    def letter(self, contact: str, text: str, subject: str) -> Push:
        """Return the push for a text under a subject; where there are none it is the text."""
        _ = subject
        return self.say(contact, text)

    @abstractmethod
    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content."""

    @abstractmethod
    def forged(self, contact: str, text: str) -> Push:
        """Return a push whose signature is wrong."""

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the push for a file that a customer sent; the platform keeps its content."""
        raise LookupError(f"customers of {self.channel} send no files: {contact} {kind} {name}")

    def forget_files(self) -> None:
        """Let the platform lose the content of every file that customers sent."""
        raise LookupError(f"customers of {self.channel} send no files")

    def form_of(self, contact: str) -> dict[str, Any] | None:
        """Return the form that is open before somebody, where the platform shows any."""
        return None

    def hand_in(self, contact: str, filled: Mapping[str, str]) -> Push:
        """Return the push for handing in the form that is open before somebody."""
        raise LookupError(f"{self.channel} shows no forms: {contact} {filled}")

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed push from an hour ago."""
        raise LookupError(f"calls of {self.channel} carry no time: {contact} {text}")

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the push for tapping an option; without buttons: its number as text."""
        assert seen.options  # noqa: S101 - a test's or the demo's own mistake
        return self.say(seen.contact, str(option + 1))

    def show(
        self,
        contact: str,
        text: str,
        options: Sequence[tuple[str, str]] = (),
        platform_id: str | None = None,
        file: SeenFile | None = None,
        subject: str = "",
        cards: Sequence[Card] = (),
    ) -> Seen:
        """Put a message on the customer's screen."""
        number, now = len(self.screen) + 1, self.clock()
        kept = tuple(options), platform_id, now, file, subject, tuple(cards)
        seen = Seen(number, contact, text, *kept)
        self.screen.append(seen)
        self._shown.set()
        return seen

    async def waits_for(self, contact: str, words: str, after: int = 0) -> Seen:
        """Return the first message with `words` in it on this screen, waiting for it.

        Put a time-out around it; what never comes is waited for.
        """
        while True:
            self._shown.clear()
            for seen in self.seen_by(contact, after):
                if words in seen.text:
                    return seen
            await self._shown.wait()

    def answered(self, push: Push, body: bytes) -> None:  # noqa: B027 - optional
        """Read what the HTTP answer to a push said to the customer; most say nothing."""

    def seen_by(self, contact: str, after: int = 0) -> list[Seen]:
        """Return what `contact` sees, newest last."""
        return [s for s in list(self.screen) if s.contact == contact and s.number > after]

    def unanswered(self, push: Push) -> None:  # noqa: B027 - optional
        """Show the customer that nobody answered; most platforms say nothing."""

    def enter_address(self, url: str) -> None:  # noqa: B027 - optional
        """Note where the account's owner told the platform to call, where it can be asked."""

    def happened(self, push: Push) -> Push:
        """Let what `push` tells of be so, where the platform has to be asked for it; return it."""
        return push

    def unasked(self) -> int:
        """Return how much a platform that has to be asked still holds back."""
        return 0

    def dropped(self) -> None:  # noqa: B027 - optional
        """Note that who asked was killed: what was given last may not have been kept."""

    async def deliver(self, client: httpx.AsyncClient, url: str, push: Push) -> int:
        """Post a push as the platform does, with its retries; return the last status."""
        self.happened(push)
        status = 0
        for attempt in range(GIVE_UP):
            if attempt:
                await asyncio.sleep(0.05 * attempt)
            try:
                answer = await client.request(
                    push.method,
                    url,
                    params=dict(push.query),
                    headers=dict(push.headers),
                    content=push.body,
                    timeout=self.patience,
                )
            except httpx.HTTPError:
                continue
            status = answer.status_code
            if status < 300:  # noqa: PLR2004 - HTTP
                self.answered(push, answer.content)
                return status
            if status in (401, 403, 404, 413):
                return status
        self.unanswered(push)
        return status

    async def fault(self, request: HttpRequest) -> Fault | None:
        """Return the fault that hits this call; call it first.

        Its delay is over then, unless the work comes first: then the answer is late.
        """
        self.calls.append(request.url.path)
        if not self.faults:
            return None
        hit = self.faults[0]
        hit.times -= 1
        if hit.times <= 0:
            self.faults.popleft()
        if hit.delay and not hit.after_work:
            await hit.pause(hit.delay)
        return hit


class _Late(Response):
    """An answer that comes after the work, and after a while."""

    fault: Fault | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.fault is not None:
            await self.fault.pause(self.fault.delay)
        await super().__call__(scope, receive, send)


def answer_with(fault: Fault) -> Response:
    """Return the HTTP answer of a fault."""
    answer = _Late(fault.body, fault.status, dict(fault.headers))
    answer.fault = fault if fault.after_work and fault.delay else None
    return answer
