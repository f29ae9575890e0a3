"""Signatures as Standard Webhooks 1.0 defines them (standardwebhooks.com).

Signed are the id, the second and the raw body, joined by full stops; the header may hold several
signatures, so that a key can be changed without an outage.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from channels.errors import BadRequest

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX, VERSION = "whsec_", "v1"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""
TOLERANCE = timedelta(minutes=5)
LONGEST_ID, LONGEST_STAMP, MOST_SIGNATURES = 256, 12, 10


def key(secret: str) -> bytes:
    """Return the key in a secret.

    Raises:
        ValueError: it is not whsec_ and 24 to 64 bytes in base64.
    """
    advice = "must be whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)"
    if not secret.startswith(PREFIX):
        raise ValueError(advice)
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(advice) from None
    if not SHORTEST <= len(found) <= LONGEST:
        raise ValueError(advice)
    return found


def headers(
    keys: Sequence[bytes], message_id: str, body: bytes, now: datetime
) -> Mapping[str, str]:
    """Return the headers of a call with this body, signed with each of the keys."""
    stamp = str(int(now.timestamp()))
    signed = [f"{VERSION},{_sign(each, message_id, stamp, body)}" for each in keys]
    return {ID: message_id, TIMESTAMP: stamp, SIGNATURE: " ".join(signed)}


def check(keys: Sequence[bytes], given: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a call that one of the keys signed less than five minutes ago.

    Raises:
        BadRequest: unsigned, forged or stale; says which, without a secret in it.
    """
    message_id, stamp = _stated(given, now)
    told = given.get(SIGNATURE, "").split()[:MOST_SIGNATURES]
    parts = [each.partition(",") for each in told]
    proofs = [proof for version, _, proof in parts if version == VERSION]
    right = [_sign(each, message_id, stamp, body) for each in keys]
    if not any(_same(proof, each) for proof in proofs for each in right):
        raise BadRequest(f"no {SIGNATURE} in it is of this inbox's secret and this very body", 401)
    return message_id


def _stated(given: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """Return the id and the second that a call says are its own."""
    message_id, stamp = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not 0 < len(message_id) <= LONGEST_ID or not message_id.isascii():
        raise BadRequest(f"the header {ID} is missing or longer than {LONGEST_ID}", 401)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP):
        raise BadRequest(f"the header {TIMESTAMP} must hold seconds since 1970", 401)
    then = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(stamp[:11]))
    if abs(now - then) > TOLERANCE:
        raise BadRequest(f"the {TIMESTAMP} is not of the last five minutes; check the clocks", 401)
    return message_id, stamp


def _same(proof: str, right: str) -> bool:
    return hmac.compare_digest(proof.encode("utf-8", "replace"), right.encode())


def _sign(key_bytes: bytes, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key_bytes, signed, hashlib.sha256).digest()).decode()
