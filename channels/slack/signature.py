"""Is this call Slack's, and is it fresh?"""

from __future__ import annotations

from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier

from channels.base import Clock, Request
from channels.errors import BadRequest

LARGEST = 1024 * 1024
"""Bytes of a call; more is not read."""

LONGEST_STAMP = 12


class HouseClock(SdkClock):
    """Our clock as the SDK's verifier reads it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return this moment in seconds since 1970."""
        return self._clock().timestamp()


class Signature:
    """Checks calls against one signing secret."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._verifier = SignatureVerifier(secret, HouseClock(clock))

    def check(self, request: Request) -> str:
        """Return the body of a call that Slack signed less than five minutes ago.

        Raises:
            BadRequest: too large, forged, stale or garbled.
        """
        if len(request.body) > LARGEST:
            raise BadRequest("larger than 1 MiB", 413)
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        # The SDK's verifier raises on each of these instead of saying no.
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP):
            raise BadRequest("no time stamp", 401)
        if not signature.isascii():
            raise BadRequest("not a signature", 401)
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            raise BadRequest("not UTF-8", 401) from None
        if not self._verifier.is_valid(body, stamp, signature):
            raise BadRequest("forged or stale", 401)
        return body
