"""Sending in pieces, files first: what all accounts of Tencent's do alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from channels.attached import opened, sendable
from channels.base import Memory, Sent
from channels.errors import Refused, piece
from channels.files import File, Files, Kind, Takes
from channels.message import Part
from channels.tencent.menu import Body

UPLOADED_FOR = timedelta(days=2)
"""How long an upload is used again; the platforms keep it for three days."""

Upload = Callable[[str, File], Awaitable[str]]
"""Gives the platform a file of a kind, and returns its id of it."""


class Uploads:
    """Files of ours that the platform was given: each once, however often its message is tried."""

    def __init__(self, memory: Memory, takes: Mapping[Kind, Takes]) -> None:
        self._memory, self._takes = memory, takes
        self._files: Files | None = None

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._files = files

    async def ids(self, parts: Sequence[Part], upload: Upload) -> Mapping[str, str]:
        """Return the platform's ids of the files in a message, by their refs.

        Raises:
            ChannelError: one of them is gone, or is not taken.
        """
        found: dict[str, str] = {}
        for part in sendable(parts, self._takes):
            key = f"upload:{part.ref}"
            known = await self._memory.get(key)
            if known is None:
                async with opened(self._files, part, self._takes) as file:
                    known = await upload(part.kind, file)
                await self._memory.set(key, known, UPLOADED_FOR)
            found[part.ref] = known
        return found


async def send_each(bodies: Sequence[Body], send: Callable[[Body], Awaitable[None]]) -> Sent:
    """Send the pieces of a message, of which the platform recognises none.

    Raises:
        Uncertain: a piece was taken and a later one was not; resending would repeat it.
        ChannelError: nothing was taken.
    """
    if not bodies:
        raise Refused("there is nothing to say in it")
    for number, body in enumerate(bodies):
        with piece(number, len(bodies)):
            await send(body)
    return Sent(pieces=len(bodies))
