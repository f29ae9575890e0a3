"""A terminal as a channel: typed lines come in, replies are printed."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Self

from channels.base import Accept, Capabilities, Clock, Memory, Reception, Sent
from channels.errors import Unavailable
from channels.message import Address, IncomingMessage, OutgoingMessage, Text
from channels.terminal.config import Config
from channels.terminal.wire import Console, Wire, printable
from channels.text import plain, split

THREAD = "terminal"


class Adapter:
    """One developer's chat with the bot."""

    capabilities = Capabilities(text_limit=4000, signed=False)
    listening = True

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.config = config
        self.wire: Wire = config.wire or Console()
        self._clock = clock
        self._numbers = count(1)
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._open = False

    async def listen(self, accept: Accept) -> None:
        """Hand on each typed line until cancelled; after the last one, wait quietly."""
        while (line := await self.wire.read()) is not None:
            if line.strip():
                await accept(Reception((self._message(line),)))
        await asyncio.Event().wait()

    async def send(self, message: OutgoingMessage) -> Sent:
        """Print a reply, in pieces when it is long."""
        if not self._open:
            raise Unavailable("this terminal is closed")
        for piece in split(printable(plain(message.parts)), self.capabilities.text_limit):
            try:
                await self.wire.write(f"{self.config.prefix}{piece}")
            except (OSError, ValueError) as error:
                raise Unavailable(f"nothing can be printed: {type(error).__name__}") from error
        return Sent()

    def _message(self, line: str) -> IncomingMessage:
        now = self._clock()
        return IncomingMessage(
            address=Address(inbox=self.inbox, thread=THREAD, contact=self.config.person),
            dedupe_key=f"{now.isoformat()}#{next(self._numbers)}",
            sent_at=now,
            parts=(Text(text=line),),
        )
