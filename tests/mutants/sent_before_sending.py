"""A reply counts as sent when it is handed to the adapter, which sends it a little later."""

from itertools import repeat

from tests.mutants.seams import send_later

expected = frozenset({"lost_reply"})
quiet = True


def seed() -> None:
    send_later(repeat(0.02))
