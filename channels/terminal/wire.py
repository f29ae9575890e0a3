"""The keyboard and the screen of a terminal."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from contextlib import suppress
from threading import Thread
from typing import Protocol, TextIO, runtime_checkable

AT_ONCE = 4096


@runtime_checkable
class Wire(Protocol):
    """Where lines come from and where replies are shown."""

    async def read(self) -> str | None:
        """Return the next line without its end; None when nobody will type any more."""
        ...

    async def write(self, text: str) -> None:
        """Show one reply.

        Raises:
            OSError: the screen is gone.
        """
        ...


class Console:
    """This process's own terminal, or any two files."""

    def __init__(self, keyboard: int = 0, screen: TextIO | None = None) -> None:
        self._keyboard = keyboard
        self._screen = screen
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._reader: Thread | None = None

    async def read(self) -> str | None:
        """Return the next typed line."""
        if self._reader is None:
            # A daemon that reads the bare file: neither Ctrl+C nor the end waits for Enter.
            loop = asyncio.get_running_loop()
            self._reader = Thread(target=self._follow, args=(loop,), daemon=True)
            self._reader.start()
        line = await self._lines.get()
        if line is None:
            self._lines.put_nowait(None)
        return line

    async def write(self, text: str) -> None:
        """Print one reply."""
        await asyncio.to_thread(self._print, text)

    def _print(self, text: str) -> None:
        screen = self._screen or sys.stdout
        screen.write(f"{text}\n")
        screen.flush()

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending = ""
        try:
            while chunk := os.read(self._keyboard, AT_ONCE):
                *lines, pending = (pending + decoder.decode(chunk)).split("\n")
                self._hand_on(loop, *lines)
        except OSError:
            pass  # the keyboard was taken away: the same as its end
        self._hand_on(loop, *filter(None, [pending]), None)

    def _hand_on(self, loop: asyncio.AbstractEventLoop, *lines: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            for line in lines:
                loop.call_soon_threadsafe(self._lines.put_nowait, line and line.rstrip("\r"))


def printable(text: str) -> str:
    """Return `text` without what could command a terminal; line ends and tabs stay."""
    return "".join(
        point for point in text if point in "\n\t" or not (point < " " or "\x7f" <= point <= "\x9f")
    )
