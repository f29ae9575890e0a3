"""A reply counts as sent when it is handed to the adapter, which sends it a little later."""

import asyncio

from tests.mutants.seams import wrap_sends

LATER = 0.02
expected = frozenset({"lost_reply"})


def seed() -> None:
    async def hand_over(send, message, run):
        run(send, message, LATER)
        await asyncio.sleep(0)

    wrap_sends(hand_over)
