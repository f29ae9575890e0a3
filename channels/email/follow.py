"""Reading on from where one left off: every mail once, none twice, none lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from channels.base import Clock, Quarantined, Reception
from channels.email.imap import Box, Fetched, No
from channels.errors import Unavailable

STUBBORN = 5
"""How often a mail is asked for that the server does not give out, before it is passed over."""
OVERLAP = timedelta(days=2)
"""How far back a folder is read again whose numbers have changed; dates are those of its server."""

Understand = Callable[[Fetched, str], Awaitable[Reception]]
"""Translates one mail, named by where it lies; never raises."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last mail that was stored, and when: numbers mean nothing once `validity` changes."""

    validity: int
    uid: int
    at: int

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{self.at}"

    @classmethod
    def of(cls, text: str | None) -> Cursor | None:
        """Read one; None if it is none."""
        numbers = (text or "").split(":")
        if len(numbers) != 3 or not all(each.isascii() and each.isdigit() for each in numbers):  # noqa: PLR2004 - as above
            return None
        return cls(*map(int, numbers))


@dataclass(slots=True)
class Follower:
    """Reads one folder; remembers which of its mails the server does not give out."""

    open: Callable[[], AbstractAsyncContextManager[Box]]
    understand: Understand
    clock: Clock
    idle: float
    pause: Callable[[], Awaitable[None]]
    refused: Counter[str]

    async def follow(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield every mail with the cursor after it, for ever.

        Without a cursor it begins with what comes from now on: nobody wants a year of mail
        answered in one night.

        Raises:
            ChannelError: the connection or the login is lost.
        """
        async with self.open() as box:
            last = Cursor.of(cursor)
            if last is not None and last.validity != box.validity:
                async for reception in self._again(box, last):
                    yield str(last), reception
                last = None
            if last is None:
                last = Cursor(box.validity, box.next_uid - 1, self._second())
                yield str(last), Reception()
            while True:
                for uid in await box.after(last.uid):
                    reception = await self._read(box, uid)
                    last = replace(last, uid=uid, at=self._second())
                    yield str(last), reception
                await (box.wait(self.idle) if box.can_wait else self.pause())

    async def _again(self, box: Box, last: Cursor) -> AsyncIterator[Reception]:
        """Read what came about when the numbers changed; what was stored before counts once."""
        begin = datetime.fromtimestamp(last.at, UTC) - OVERLAP
        for uid in await box.since(begin.date()):
            if uid < box.next_uid:
                yield await self._read(box, uid)

    async def _read(self, box: Box, uid: int) -> Reception:
        place = f"{box.validity}:{uid}"
        try:
            fetched = await box.fetch(uid)
        except No:
            self.refused[place] += 1
            if self.refused[place] < STUBBORN:
                raise Unavailable(f"the server does not give out mail {uid} now") from None
            reason = f"the server does not give out mail {uid} (UIDVALIDITY {box.validity})"
            return Reception(quarantined=(Quarantined(f"uid:{place}", reason, ""),))
        return Reception() if fetched is None else await self.understand(fetched, place)

    def _second(self) -> int:
        return int(self.clock().timestamp())
