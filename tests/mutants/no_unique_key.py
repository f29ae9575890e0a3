"""Every push is taken for a new message."""

from dataclasses import replace as changed
from itertools import count

from bot.intake import Intake
from tests.mutants.seams import replace

expected = frozenset({"dup_inbound"})
quiet = False


def seed() -> None:
    numbers = count()

    def anew(message):
        key = f"{message.dedupe_key}:{next(numbers)}"
        return message.model_copy(update={"dedupe_key": key, "platform_id": None})

    def make(keep):
        async def wrapped(self, inbox, reception, *args):
            messages = tuple(anew(message) for message in reception.messages)
            return await keep(self, inbox, changed(reception, messages=messages), *args)

        return wrapped

    replace(Intake, "_keep", make)
