"""Replies of one conversation are on their way side by side, and overtake each other."""

import asyncio
from itertools import cycle

from tests.mutants.seams import wrap_sends

DELAYS = (0.12, 0.0, 0.06)
expected = frozenset({"order"})


def seed() -> None:
    delays = cycle(DELAYS)

    async def overtake(send, message, run):
        run(send, message, next(delays))
        await asyncio.sleep(0)

    wrap_sends(overtake)
