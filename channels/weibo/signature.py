"""Whether a call is Weibo's own: signed with the app's secret, and of now."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from channels.errors import BadRequest

FRESH = timedelta(minutes=5)
"""How far the platform's clock and ours may differ."""

MILLISECONDS = 100_000_000_000
"""A time stamp from here on counts milliseconds; both were seen."""

_DIGITS = re.compile(r"[0-9]{1,16}")


def signature(*pieces: str) -> str:
    """Return the platform's signature: SHA-1 over the sorted, joined `pieces`."""
    joined = b"".join(sorted(piece.encode("utf-8", "replace") for piece in pieces))
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 - the platform's choice


def check(query: Mapping[str, str], secret: str, now: datetime) -> None:
    """Raise `BadRequest` unless the call is Weibo's own, and of now.

    The protocol signs the time and the nonce only, not the body.
    """
    given, timestamp = query.get("signature", ""), query.get("timestamp", "")
    expected = signature(secret, timestamp, query.get("nonce", ""))
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise BadRequest("the signature is wrong: is `app_secret` the app's own?")
    if not _DIGITS.fullmatch(timestamp):
        raise BadRequest("the timestamp is not a number")
    seconds = int(timestamp) / (1000 if int(timestamp) >= MILLISECONDS else 1)
    if abs(seconds - now.timestamp()) > FRESH.total_seconds():
        raise BadRequest("the call is too old, or this machine's clock is wrong")
