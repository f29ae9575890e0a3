"""What was being sent when the process died is sent again, on every platform."""

from bot import delivery

expected = frozenset({"dup_reply"})


def seed() -> None:
    assert callable(delivery._may_repeat)
    delivery._may_repeat = lambda _inbox: True
