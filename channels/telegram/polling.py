"""Asking for updates: one bad update is set aside, the rest goes on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

from channels.base import Reception
from channels.errors import Unavailable
from channels.telegram.parse import decode, unreadable, update_id_of

BATCH = 100
"""Updates at a time, which is Telegram's most."""

_NUMBER = re.compile(rb'"update_id"\s*:\s*(\d{1,18})\b')

Ask = Callable[[int | None, int], Awaitable[bytes]]
"""Returns the body of getUpdates(offset, limit)."""
Understand = Callable[[object], Awaitable[Reception]]
"""Translates one update, whatever it holds."""


async def follow(
    ask: Ask, understand: Understand, cursor: str | None
) -> AsyncIterator[tuple[str, Reception]]:
    """Yield every update with the cursor after it, for ever.

    Telegram forgets an update when a later offset is asked for, which happens only after the
    caller came back, and so has stored it.

    Raises:
        Unavailable: the answers make no sense.
    """
    offset, limit = _offset(cursor), BATCH
    while True:
        before = offset
        body = await ask(offset, limit)
        try:
            updates = _updates(body)
        except ValueError as error:
            if limit > 1:  # ask one by one, to lose no more than the one that is unreadable
                limit = 1
                continue
            offset = _number(body) + 1
            yield str(offset), unreadable(body.decode("utf-8", "replace"), str(error), offset - 1)
            updates = []
        limit = BATCH
        for update in updates:
            number = update_id_of(update)
            offset = offset if number is None else max(offset or 0, number + 1)
            yield "" if offset is None else str(offset), await understand(update)
        if updates and offset == before:
            raise Unavailable("getUpdates returned updates without a number")


def _offset(cursor: str | None) -> int | None:
    return int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else None


def _updates(body: bytes) -> list[object]:
    found = decode(body)
    if not isinstance(found, dict) or not isinstance(found.get("result"), list):
        raise ValueError("an answer without a list of updates")  # noqa: TRY004 - read as unreadable
    return list(found["result"])


def _number(body: bytes) -> int:
    found = _NUMBER.search(body)
    if not found:
        raise Unavailable("getUpdates answered with something senseless")
    return int(found[1])
