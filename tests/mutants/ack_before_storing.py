"""The platform is thanked first, and the message stored a little later."""

import asyncio

from bot.intake import Intake
from tests.mutants.seams import Later, replace

LATER = 0.02
expected = frozenset({"lost_inbound"})
quiet = True


def seed() -> None:
    later = Later()

    def make(keep):
        async def store(*args):
            await asyncio.sleep(LATER)
            await keep(*args)

        async def thank(*args):
            later.run(store(*args))
            return []

        return thank

    replace(Intake, "_keep", make)
