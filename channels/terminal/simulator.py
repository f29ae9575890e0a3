"""A keyboard that tests type on, and a screen that tests read."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.simulation import Push
from channels.terminal.config import Config


class Simulator(simulation.Simulator):
    """One developer; a push is a typed line, and `type` presses Enter."""

    channel = "terminal"
    can_be_stale = False

    def __init__(self, inbox: str, clock: Clock) -> None:
        super().__init__(inbox, clock)
        self._person: str = Config.model_fields["person"].default
        self._prefix: str = Config.model_fields["prefix"].default
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings that join the adapter to this keyboard and screen."""
        return {"wire": self}

    @property
    def app(self) -> ASGIApp:
        """Return an app without a route: a terminal calls nobody."""
        return Starlette()

    def say(self, contact: str, text: str) -> Push:
        """Return a line to type."""
        return Push(contact, body=text.encode())

    def garbage(self, contact: str) -> Push:
        """Return a line that is no UTF-8."""
        return Push(contact, body=b"\xff\xfe\0")

    def forged(self, contact: str, text: str) -> Push:
        """Return the same line: a keyboard does not know whose fingers touch it."""
        return self.say(contact, text)

    def type(self, push: Push) -> None:
        """Type a line and press Enter."""
        self._typed.put_nowait(push.body.decode("utf-8", "replace"))

    def leave(self) -> None:
        """Close the keyboard (Ctrl+D)."""
        self._typed.put_nowait(None)

    async def read(self) -> str | None:
        """Return the next typed line, as the adapter's wire."""
        return await self._typed.get()

    async def write(self, text: str) -> None:
        """Show a printed reply, as the adapter's wire."""
        self.show(self._person, text.removeprefix(self._prefix))
