"""How long an account's authorisation lasts: access tokens made of it, and it renewed in time.

What the account's owner granted gives a refresh token of 30 days; each renewal makes a new one and
ends the old one, five times at most. Then the owner has to authorise the app again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.base import Clock, Memory
from channels.douyin.config import Config
from channels.errors import ChannelError, Unauthorized
from channels.token import Token

log = structlog.get_logger(__name__)

ACCESS, RENEW = "/oauth/refresh_token/", "/oauth/renew_refresh_token/"
LONGEST = timedelta(days=5)
"""How long an access token is used at most, so that the refresh token is looked at meanwhile."""
LASTS, RENEW_AFTER = timedelta(days=30), timedelta(days=20)
"""How long a refresh token lasts, and at what age it is renewed."""
MOST_RENEWALS = 5

Ask = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""Posts a form and returns what the answer's `data` holds; raises a `ChannelError`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The refresh token of now, and of which one in the settings it was made."""

    of: str
    value: str = field(repr=False)
    since: str
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How an authorisation is doing: how often it was renewed, and the days until it is over."""

    renewals: int
    days_left: int


class Authority:
    """One account's authorisation; callers hold the token's lease."""

    def __init__(self, config: Config, memory: Memory, clock: Clock, ask: Ask) -> None:
        self._config, self._memory, self._clock, self._ask = config, memory, clock, ask
        self._key = f"authority:{config.open_id}"

    async def fetch(self, *, force: bool) -> Token:
        """Return an access token. Douyin knows no forcing: a new one comes when the old one ends.

        Raises:
            Unauthorized: the account has to be authorised again.
            ChannelError: none is to be had now.
        """
        _ = force
        kept = await self._renewed(await self._kept())
        told = {"grant_type": "refresh_token", "refresh_token": kept.value}
        found = await self._ask(ACCESS, self._named(told))
        token, seconds = found.get("access_token"), _seconds(found.get("expires_in"))
        if not (isinstance(token, str) and token and seconds):
            raise Unauthorized("Douyin gave no access token; authorise the account again")
        return Token(token, min(timedelta(seconds=seconds), LONGEST))

    async def standing(self) -> Standing:
        """Return how long it lasts if each renewal comes when it is due."""
        kept = await self._kept()
        age = self._clock() - datetime.fromisoformat(kept.since)
        left = LASTS - age + max(MOST_RENEWALS - kept.renewals, 0) * RENEW_AFTER
        return Standing(kept.renewals, max(left.days, 0) if age < LASTS else 0)

    async def _kept(self) -> Kept:
        given = self._config.refresh_token.get_secret_value()
        of = hashlib.sha256(given.encode()).hexdigest()
        text = await self._memory.get(self._key)
        kept = Kept(**json.loads(text)) if text else None
        if kept is None or kept.of != of:
            kept = Kept(of, given, self._clock().isoformat())
            await self._keep(kept)
        return kept

    async def _renewed(self, kept: Kept) -> Kept:
        age = self._clock() - datetime.fromisoformat(kept.since)
        if age < RENEW_AFTER:
            return kept
        if kept.renewals >= MOST_RENEWALS:
            left = max((LASTS - age).days, 0)
            log.warning("authorise the Douyin account again: it ends soon", days=left)
            return kept
        try:
            found = await self._ask(RENEW, self._named({"refresh_token": kept.value}))
        except ChannelError as error:
            log.warning("the authorisation was not renewed", error=str(error))
            return kept
        value = found.get("refresh_token")
        if not isinstance(value, str) or not value:
            log.warning("the authorisation was not renewed", error="no refresh_token in the answer")
            return kept
        now, renewals = self._clock().isoformat(), kept.renewals + 1
        fresh = replace(kept, value=value, since=now, renewals=renewals)
        await self._keep(fresh)
        return fresh

    async def _keep(self, kept: Kept) -> None:
        await self._memory.set(self._key, json.dumps(asdict(kept)))

    def _named(self, told: Mapping[str, str]) -> dict[str, str]:
        return {"client_key": self._config.client_key, **told}


def _seconds(told: object) -> int:
    """Read how long a token lasts: digits, in a text or not."""
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004
