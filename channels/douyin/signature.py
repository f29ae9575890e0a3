"""Whether a call is Douyin's own. It carries no time: against replays only our memory helps."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from channels.errors import BadRequest

HEADER = "x-douyin-signature"


def signature(secret: str, body: bytes) -> str:
    """Return the platform's signature: SHA-1 over the app's secret and the body as it came."""
    return hashlib.sha1(secret.encode() + body).hexdigest()  # noqa: S324 - the platform's choice


def check(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    """Raise `BadRequest` unless the call is signed with the app's secret."""
    given = headers.get(HEADER, "").strip().lower().encode("utf-8", "replace")
    if not hmac.compare_digest(given, signature(secret, body).encode()):
        raise BadRequest("the signature is wrong: is `client_secret` the app's own?")
