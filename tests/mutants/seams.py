"""Where several mutants take hold."""

import asyncio
from types import MethodType

from bot.inboxes import Inboxes
from channels.base import Sent


def wrap_sends(instead) -> None:
    """Let `instead(send, message, run)` stand for every adapter's `send`.

    `run(send, message, seconds)` sends in a task of its own after a while.
    """
    real, tasks = Inboxes.__init__, set()

    def run(send, message, seconds):
        async def later():
            await asyncio.sleep(seconds)
            await send(message)

        task = asyncio.create_task(later())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def init(self, *args, **kwargs):
        real(self, *args, **kwargs)
        for inbox in self.by_name.values():
            send = inbox.adapter.send

            async def wrapped(_self, message, send=send):
                await instead(send, message, run)
                return Sent()

            inbox.adapter.send = MethodType(wrapped, inbox.adapter)

    Inboxes.__init__ = init
