"""A reply counts as sent when it is handed to the adapter, which sends it a little later."""

import asyncio
from collections import defaultdict

from tests.mutants.seams import send_later

LATER = 0.02
expected = frozenset({"lost_reply"})
quiet = True


def seed() -> None:
    turns = defaultdict(asyncio.Lock)

    async def later(send, message):
        async with turns[message.address.inbox, message.address.thread]:
            await asyncio.sleep(LATER)
            await send(message)

    send_later(later)
