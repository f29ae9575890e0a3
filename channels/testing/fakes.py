"""A channel and a memory without a platform; both keep what they were given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Self

from channels.base import Capabilities, Clock, Request, Sent
from channels.errors import ChannelError, Gone, Unavailable
from channels.files import OURS, File
from channels.message import OutgoingMessage
from channels.simulation import Push


class FakeChannel:
    """An adapter that keeps what was sent, and fails when told to."""

    def __init__(self, inbox: str = "main", capabilities: Capabilities | None = None) -> None:
        self.inbox = inbox
        self.capabilities = capabilities or Capabilities(text_limit=4000, max_choices=10)
        self.sent: list[OutgoingMessage] = []
        self.pieces = 1
        self.is_open = True
        self._faults: deque[tuple[ChannelError | None, bool]] = deque()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self.is_open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.is_open = False

    def fail(self, *errors: ChannelError | None, after_work: bool = False) -> None:
        """Let the next sends raise `errors`, one each; None lets one through.

        With `after_work` the message arrives and then the error is raised: the lost answer.
        """
        self._faults.extend((error, after_work) for error in errors)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Keep the message, or fail as told."""
        if not self.is_open:
            raise Unavailable("this channel is closed")
        error, after_work = self._faults.popleft() if self._faults else (None, False)
        if error is not None and not after_work:
            raise error
        self.sent.append(message)
        async with self._changed:
            self._changed.notify_all()
        if error is not None:
            raise error
        return Sent(f"fake-{len(self.sent)}", self.pieces)

    async def until(self, count: int) -> list[OutgoingMessage]:
        """Wait until `count` messages were sent, and return them all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.sent) >= count)
        return list(self.sent)


class HeldFiles:
    """`Files` that lie in this process's memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str, bytes]] = {}

    def keep(self, name: str, media_type: str, content: bytes) -> str:
        """Keep a file and return its `ref`."""
        ref = f"{OURS}{len(self.kept) + 1}"
        self.kept[ref] = name, media_type, content
        return ref

    @asynccontextmanager
    async def open(self, ref: str) -> AsyncIterator[File]:
        """Open a file that is kept.

        Raises:
            Gone: there is no such file.
        """
        if ref not in self.kept:
            raise Gone
        name, media_type, content = self.kept[ref]
        with BytesIO(content) as stream:
            yield File(name, media_type, len(content), stream)


class RememberedMemory:
    """A `Memory` that lasts as long as the process; without a clock nothing expires.

    While it is `full` it takes nothing, as a database whose disk is.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.full = False
        self.kept: dict[str, tuple[str, datetime | None]] = {}
        self._clock = clock

    async def get(self, key: str) -> str | None:
        """Return what was kept under `key` and has not expired."""
        value, until = self.kept.get(key, (None, None))
        return None if until and self._clock and self._clock() >= until else value

    async def set(self, key: str, value: str, expires_in: timedelta | None = None) -> None:
        """Keep `value` under `key`."""
        if self.full:
            raise Unavailable("this memory is full")
        until = self._clock() + expires_in if expires_in and self._clock else None
        self.kept[key] = (value, until)

    async def swap(
        self, key: str, old: str | None, new: str | None, expires_in: timedelta | None = None
    ) -> bool:
        """Put `new` in the place of `old`, if that is what is there."""
        if self.full:
            raise Unavailable("this memory is full")
        if await self.get(key) != old:
            return False
        if new is None:
            self.kept.pop(key, None)
        else:
            await self.set(key, new, expires_in)
        return True


def as_request(push: Push) -> Request:
    """Return what the web server makes of a platform's call."""
    return Request(
        method=push.method,
        query=dict(push.query),
        headers={name.lower(): value for name, value in push.headers.items()},
        body=push.body,
    )
