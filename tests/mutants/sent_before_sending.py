"""A reply is stored as sent, and handed to the platform a little later."""

import asyncio

from bot.delivery import Sender
from channels.base import Sent
from tests.mutants.seams import replace

LATER = 0.05
expected = frozenset({"lost_reply"})
quiet = True


def seed() -> None:
    def make(_send):
        async def wrapped(self, inbox, begun, lane, token):
            more = await self._sent(inbox, begun, Sent(), lane, token)
            await asyncio.sleep(LATER)
            await inbox.adapter.send(begun.started.message)
            return more

        return wrapped

    replace(Sender, "_send", make)
