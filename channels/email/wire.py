"""A connection that speaks in lines, as IMAP and SMTP do: encrypted, bounded, timed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from channels.errors import Unauthorized, Unavailable

Security = Literal["tls", "starttls", "none"]
MIB = 1024 * 1024
LONGEST_LINE = 4 * MIB
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A server, how it is spoken to, and how many seconds it has for each answer."""

    host: str
    port: int
    security: Security
    timeout: float
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Wire:
    """One open connection; everything that goes wrong with it is `Unavailable`."""

    def __init__(
        self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.place, self._reader, self._writer = place, reader, writer

    async def line(self) -> bytes:
        """Return the next line without its end."""
        with _lost(self.place):
            async with asyncio.timeout(self.place.timeout):
                line = await self._reader.readuntil(b"\n")
        return line.rstrip(b"\r\n")

    async def line_within(self, seconds: float) -> bytes | None:
        """Return the next line; None if none begins within `seconds`, which is no failure."""
        with _lost(self.place):
            try:
                async with asyncio.timeout(seconds):
                    line = await self._reader.readuntil(b"\n")
            except TimeoutError:
                return None
        return line.rstrip(b"\r\n")

    async def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        parts = []
        while count:
            with _lost(self.place):
                async with asyncio.timeout(self.place.timeout):
                    part = await self._reader.readexactly(min(count, CHUNK))
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, however slowly they are taken."""
        for start in range(0, len(data), CHUNK):
            with _lost(self.place):
                self._writer.write(data[start : start + CHUNK])
                async with asyncio.timeout(self.place.timeout):
                    await self._writer.drain()

    async def secure(self) -> None:
        """Go on encrypted; what came before in plain text must not be taken for an answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                if await self._reader.read(1):
                    raise Unavailable(f"{self.place} spoke before it was asked: not to be trusted")
        with _lost(self.place):
            async with asyncio.timeout(self.place.timeout):
                await self._writer.start_tls(
                    trusted(self.place.ca_file), server_hostname=self.place.host
                )

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def connect(place: Place) -> AsyncIterator[Wire]:
    """Open a connection for as long as the block lasts; STARTTLS is the protocol's business.

    Raises:
        Unavailable: not reached, or it is not who it says.
    """
    with _lost(place):
        async with asyncio.timeout(place.timeout):
            reader, writer = await asyncio.open_connection(
                place.host,
                place.port,
                limit=LONGEST_LINE,
                ssl=trusted(place.ca_file) if place.security == "tls" else None,
            )
    wire = Wire(place, reader, writer)
    try:
        yield wire
    finally:
        wire.close()


@cache
def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return whom to believe; reading the authorities takes long, so they are kept.

    Raises:
        Unauthorized: the file of the authority cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise Unauthorized(f"ca_file cannot be read: {type(error).__name__}") from None


class _lost:  # noqa: N801 - reads as a word
    """Turns what a connection can die of into `Unavailable`, without the error's own text."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            return
        if issubclass(kind, ssl.SSLCertVerificationError):
            raise Unavailable(f"the certificate of {self._place} is not to be trusted") from None
        if issubclass(kind, asyncio.LimitOverrunError):
            raise Unavailable(f"{self._place} sent a line without an end") from None
        if issubclass(kind, OSError | EOFError | TimeoutError | ValueError):
            raise Unavailable(f"{self._place}: {kind.__name__}") from None
