"""Replies of one conversation are on their way side by side, and the second overtakes the first."""

import asyncio
from collections import defaultdict

from tests.mutants.seams import send_later

LONGEST = 5.0
expected = frozenset({"order"})
quiet = False


def seed() -> None:
    begun, overtaken = defaultdict(int), defaultdict(asyncio.Event)

    async def side_by_side(send, message):
        talk = message.address.inbox, message.address.thread
        begun[talk] += 1
        if begun[talk] == 1:
            await asyncio.wait([asyncio.create_task(overtaken[talk].wait())], timeout=LONGEST)
        await send(message)
        overtaken[talk].set()

    send_later(side_by_side)
