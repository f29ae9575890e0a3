"""Replies of one conversation are on their way side by side, and overtake each other."""

from contextlib import nullcontext
from itertools import cycle

from tests.mutants.seams import send_later

expected = frozenset({"order"})
quiet = False


def seed() -> None:
    send_later(cycle((0.12, 0.0, 0.06)), lambda _message: nullcontext())
