"""Lets customers see that somebody writes, where their channel can show it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from bot.inboxes import Inboxes
from channels.base import Typing
from channels.errors import ChannelError
from channels.message import Address

log = structlog.get_logger(__name__)

LONG_SECONDS = 1.0
"""Who is answered sooner needs no sign."""
AGAIN_SECONDS = 4.0
"""How soon a sign is renewed; platforms show one for about five seconds."""
SPACING_SECONDS = 2.5
"""How soon a thread is not shown it again, whoever writes: desks say so every three seconds."""
ASKING_SECONDS = 3.0
"""How long a platform may take to show it."""


class Composing:
    """Shows it, at most once in a while for each thread; that it fails costs nobody anything."""

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes
        self._lately: dict[tuple[str, str], float] = {}

    async def show(self, address: Address) -> None:
        """Show for a few seconds that somebody writes."""
        inbox = self._inboxes.get(address.inbox)
        if inbox is None or not isinstance(inbox.adapter, Typing):
            return
        if inbox.name not in self._inboxes.able() or not self._is_time(address):
            return
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                await inbox.adapter.typing(address)
        except (ChannelError, TimeoutError) as problem:
            log.info("that somebody writes was not shown", inbox=inbox.name, problem=problem)
        except Exception:
            log.exception("an adapter broke while showing that somebody writes", inbox=inbox.name)

    @contextmanager
    def while_thinking(self, address: Address) -> Iterator[None]:
        """Show it as long as an answer takes, once it takes long."""
        shown: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        waiting = loop.call_later(
            LONG_SECONDS, lambda: shown.append(loop.create_task(self._go_on(address)))
        )
        try:
            yield
        finally:
            waiting.cancel()
            for task in shown:
                task.cancel()

    async def _go_on(self, address: Address) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await self.show(address)
                await asyncio.sleep(AGAIN_SECONDS)

    def _is_time(self, address: Address) -> bool:
        now = asyncio.get_running_loop().time()
        self._lately = {key: at for key, at in self._lately.items() if now - at < SPACING_SECONDS}
        key = address.inbox, address.thread
        if key in self._lately:
            return False
        self._lately[key] = now
        return True
