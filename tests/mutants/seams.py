"""Where mutants take hold; a place that is gone fails loudly."""

import asyncio
from types import MethodType

from bot.inboxes import Inboxes
from channels.base import Sent


def replace(owner, name, make) -> None:
    """Put `make(what is there)` in the place of an attribute.

    Raises:
        AttributeError: there is none; the code has changed, and so must the mutant.
    """
    setattr(owner, name, make(getattr(owner, name)))


class Later:
    """Runs coroutines in tasks of their own."""

    def __init__(self) -> None:
        self._tasks = set()

    def run(self, coroutine) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def send_later(delays, turns) -> None:
    """Let every adapter's `send` say at once that it was sent, and send after the next delay.

    Messages for which `turns` returns the same lock go one after the other.
    """
    later = Later()

    async def late(send, message):
        async with turns(message):
            await asyncio.sleep(next(delays))
            await send(message)

    def impatient(adapter):
        def make(send):
            async def wrapped(_adapter, message):
                later.run(late(send, message))
                await asyncio.sleep(0)
                return Sent()

            return MethodType(wrapped, adapter)

        replace(adapter, "send", make)

    def make(init):
        def wrapped(self, *args, **kwargs):
            init(self, *args, **kwargs)
            for inbox in self.by_name.values():
                impatient(inbox.adapter)

        return wrapped

    replace(Inboxes, "__init__", make)
