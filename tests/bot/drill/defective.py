"""The product with one defect: `python -m tests.bot.drill.defective forgetful run ...`."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from uuid import uuid4

from bot.cli.main import main
from bot.drill import script
from channels.message import text_of
from storage import transport
from storage.transport import Accepted

_accept_all, _row = transport.accept_all, transport._row
_held = []


def _is_doomed(arrival):
    numbers = [script.asked(text_of(m.parts)) for m in arrival.reception.messages]
    return any(number is not None and number % 4 == 1 for number in numbers)


@wraps(_accept_all)
def forgetful(connection, arrivals):
    """Acknowledge every fourth message without storing it."""
    kept = iter(_accept_all(connection, [one for one in arrivals if not _is_doomed(one)]))
    return [
        [Accepted(uuid4(), None, new=False)] if _is_doomed(one) else next(kept) for one in arrivals
    ]


@wraps(_accept_all)
def dawdling(connection, arrivals):
    """Acknowledge every fourth message at once, and store it behind the next one."""
    stored = forgetful(connection, arrivals)
    if not all(_is_doomed(one) for one in arrivals):
        _accept_all(connection, _held)
        _held.clear()
    _held.extend(one for one in arrivals if _is_doomed(one))
    return stored


def stuttering(arrival, key, payload):
    """Take every call for a new one."""
    return _row(arrival, f"{key}:{uuid4().hex}", payload)


def _die_for_good():
    """Start once, and never again."""
    mark = Path("started")
    if mark.exists():
        raise SystemExit("there is no second life")
    mark.touch()


if __name__ == "__main__":
    match sys.argv.pop(1):
        case "forgetful":
            transport.accept_all = forgetful
        case "dawdling":
            transport.accept_all = dawdling
        case "stuttering":
            transport._row = stuttering
        case "mortal":
            _die_for_good()
        case unknown:
            raise SystemExit(f"no such defect: {unknown}")
    main()
