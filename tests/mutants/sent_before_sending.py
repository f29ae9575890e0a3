"""A reply counts as sent when it is handed to the adapter, which sends it a little later."""

import asyncio
from collections import defaultdict
from itertools import repeat

from tests.mutants.seams import send_later

expected = frozenset({"lost_reply"})
quiet = True


def seed() -> None:
    turns = defaultdict(asyncio.Lock)
    send_later(repeat(0.02), lambda message: turns[message.address.inbox, message.address.thread])
