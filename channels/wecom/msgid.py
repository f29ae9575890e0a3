"""Names of our own for what we send: WeCom takes each once, which makes a retry harmless.

A name holds the delivery's id, so that a later "it did not arrive" leads back to it, the number
of the piece, and a digest of what is said: other words under the same delivery are another
message, which must not be swallowed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re

from channels.errors import TooLong
from channels.tencent.menu import Body

LENGTH = 32
"""Characters of a name, of letters, digits, - and _."""
OWNER, DIGEST = 22, 8
MOST_PIECES = 100

_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[0-9A-Za-z_-]{32}")


def msgid(delivery_id: str, piece: int, body: Body) -> str:
    """Return the name of one piece of a delivery."""
    if piece >= MOST_PIECES:
        raise TooLong
    raw = (
        bytes.fromhex(delivery_id)
        if _ID.fullmatch(delivery_id)
        else hashlib.sha256(delivery_id.encode("utf-8", "replace")).digest()[:16]
    )
    said = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    return f"{_letters(raw)[:OWNER]}{piece:02d}{_letters(said)[:DIGEST]}"


def delivery_of(name: str) -> str | None:
    """Return the id of the delivery that a name belongs to; None if it is none of ours."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return base64.urlsafe_b64decode(f"{name[:OWNER]}==").hex()
    except binascii.Error:
        return None


def _letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
