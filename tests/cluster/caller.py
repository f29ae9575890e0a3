"""A platform's connection to a webhook, kept open, with as little work for each call as can be.

Hundreds of customers talk from one process beside the product: what their calls cost, it lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

PATIENCE = 6.0
"""Seconds until a call is given up and made again."""


class Caller:
    """Makes one call at a time; a connection that broke is opened anew."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(
        self, method: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> int | None:
        """Return the status of the answer, None where there was none."""
        path = f"{self._path}?{urlencode(query)}" if query else self._path
        told = {"host": f"{self._host}:{self._port}", **headers, "content-length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in told.items())]
        request = "\r\n".join([*lines, "\r\n"]).encode() + body
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(request)
        except (OSError, EOFError, TimeoutError):
            self.close()
            return None
        except asyncio.CancelledError:
            self.close()
            raise

    async def _ask(self, request: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        if b"connection: close" in head:
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
