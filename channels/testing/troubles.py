"""What any platform may answer when it is in trouble, by name."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from channels.simulation import Fault, Simulator
from channels.testing.server import HANG_UP

JSON = {"content-type": "application/json"}
MIB = 1024 * 1024


def short(simulator: Simulator, delay: float) -> dict[str, Fault]:
    """Return the faults that are over within seconds; `delay` outlasts the caller's patience."""
    if (own := simulator.troubles(delay)) is not None:
        return dict(own)
    return {
        "too fast": Fault(429, headers={"retry-after": "1"}),
        "500": Fault(500, b"<html>Internal Server Error</html>"),
        "502": Fault(502, b"<html>Bad Gateway</html>"),
        "503": Fault(503),
        "busy": Fault(200, simulator.busy, JSON),
        "slow": Fault(503, delay=delay),
        "slow after the work": Fault(200, b"{}", JSON, delay=delay, after_work=True),
        "reset": Fault(HANG_UP),
        "reset after the work": Fault(HANG_UP, after_work=True),
        "half an answer": Fault(200, b'{"ok":tr', {"content-length": "400"}, after_work=True),
        "malformed": Fault(200, b"{'ok': true", JSON, after_work=True),
        "not JSON": Fault(200, b"<html>ok</html>", {"content-type": "text/html"}),
    }


def severe(redirect: str) -> dict[str, Fault]:
    """Return the faults that attack, lie or last; a redirect leads to `redirect`."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    return {
        "too fast for half a minute": Fault(429, headers={"retry-after": "30"}),
        "too fast until a date": Fault(429, headers={"retry-after": soon}),
        "too fast, for how long is garbage": Fault(429, headers={"retry-after": "soon; drop"}),
        "too fast, for how long is negative": Fault(429, headers={"retry-after": "-5"}),
        "endless": Fault(200, b'{"ok":true,"x":"' + b"a" * 2 * MIB + b'"}', JSON),
        "deep": Fault(200, b"[" * 200_000, JSON),
        "a bomb": Fault(200, _bomb(), {**JSON, "content-encoding": "gzip"}),
        "a redirect": Fault(307, headers={"location": redirect}),
        "an expired token": Fault(401),
    }


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"ok":true,"result":{"x":"' + b"0" * 20 * MIB + b'"}}')
