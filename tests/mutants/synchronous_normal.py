"""A commit returns before the disk has it; only a power cut can tell."""

from sqlalchemy import event
from sqlalchemy.pool import Pool

expected = frozenset({"lost_inbound"})
quiet = True
power = True


def seed() -> None:
    def checkout(raw, _record, _proxy) -> None:
        raw.execute("PRAGMA synchronous = NORMAL")

    event.listen(Pool, "checkout", checkout)
