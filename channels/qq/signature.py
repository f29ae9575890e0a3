"""Ed25519 as QQ uses it: the key's seed is the bot's secret, repeated to 32 bytes.

Signed are the time stamp's digits and the raw body; the check of the callback address is answered
with a signature of the platform's own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from channels.errors import BadRequest

SIGNATURE, TIMESTAMP = "x-signature-ed25519", "x-signature-timestamp"
SEED, PROOF, LONGEST_STAMP = 32, 64, 11
TOLERANCE = timedelta(minutes=10)
"""How old a call may be; the platform's own rule is unknown, and a repeat counts once anyway."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_PROVEN = re.compile(rb"[A-Za-z0-9_-]*")
"""What a proof that anybody may ask for is a signature of, and no call of the platform's is."""
_STAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


class Signer:
    """The key of one bot."""

    def __init__(self, secret: str) -> None:
        seed = secret.encode()
        seed = (seed * (SEED // len(seed) + 1))[:SEED]
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def sign(self, stamp: str, body: bytes) -> str:
        """Return the signature of a call, in hexadecimal digits."""
        return self._key.sign(stamp.encode() + body).hex()

    def challenge(self, stamp: str, token: str) -> str:
        """Return the proof that this callback address is the bot's own.

        Raises:
            BadRequest: what is to be signed could pass for a call.
        """
        if not (_STAMP.fullmatch(stamp) and _CHALLENGE.fullmatch(token)):
            raise BadRequest("not a check of the platform's", 401)
        return self.sign(stamp, token.encode())

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Let a call pass that the platform signed in the last ten minutes.

        Raises:
            BadRequest: unsigned, forged or stale.
        """
        stamp, told = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not _STAMP.fullmatch(stamp):
            raise BadRequest("no time stamp", 401)
        try:
            proof = bytes.fromhex(told)
        except ValueError:
            raise BadRequest("not a signature", 401) from None
        try:
            self._key.public_key().verify(proof, stamp.encode() + body)
        except InvalidSignature:
            raise BadRequest("forged", 401) from None
        if _PROVEN.fullmatch(body):
            raise BadRequest("signed by ourselves, when our address was checked", 401)
        then = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(stamp))
        if abs(now - then) > TOLERANCE:
            raise BadRequest("stale; is this machine's clock right?", 401)
