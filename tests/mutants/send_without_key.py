"""What was being sent when the process died is sent again, on every platform."""

from bot import attempts, delivery
from tests.mutants.seams import replace

expected = frozenset({"dup_reply"})
quiet = True


def seed() -> None:
    for place in (attempts, delivery):
        replace(place, "may_repeat", lambda _ask: lambda _inbox: True)
