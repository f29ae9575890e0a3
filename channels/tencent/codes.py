"""Error codes as data: what a platform's number means to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from channels import errors
from channels.errors import ChannelError, RateLimited
from channels.http import redact

ErrorName = Literal[
    "Blocked",
    "Gone",
    "QuotaUsed",
    "RateLimited",
    "Refused",
    "TooLong",
    "Unauthorized",
    "Unavailable",
    "WindowClosed",
]
"""What an error code of the platform can mean to us."""
PAUSE = 60.0
"""Seconds until it makes sense to try again, where a platform says "too fast"."""
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Codes:
    """One platform's table; a code that is not in it means that the call was refused."""

    platform: str
    errors: Mapping[int, ErrorName]
    stale: frozenset[int]
    """The token is wrong, illegal or expired: worth one new token."""
    pauses: Mapping[int, float] = field(default_factory=dict)
    """Seconds to wait where it is not `PAUSE`."""

    def error(self, code: int, reason: str, told: Mapping[int, ErrorName]) -> ChannelError:
        """Return what an error code means; `told` is the inbox's own table."""
        name = told.get(code) or self.errors.get(code, "Refused")
        if name == "RateLimited":
            return RateLimited(self.pauses.get(code, PAUSE))
        kind: type[ChannelError] = getattr(errors, name)
        said = redact(reason)[:LONGEST_REASON]
        return kind(f"{kind.__doc__} ({self.platform} {code}: {said})")
