"""Where a simulated platform gives out access tokens, and knows which are good."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta

from channels.base import Clock
from channels.simulation import Fault

LIFETIME, OVERLAP = timedelta(seconds=7200), timedelta(minutes=5)
"""How long a token lasts, and before its end, with which the next one is good too."""


class Booth:
    """The tokens of one account, and what may go wrong with them."""

    def __init__(self, clock: Clock, overlap: timedelta = OVERLAP) -> None:
        self.fetched = 0
        """How often a token was asked for."""
        self.forced = 0
        """How often a new one was forced."""
        self.refuses_all = False
        """True: no token is good enough, however new."""
        self.keeps_refused = False
        """True: an expired token is given out again, unless a new one is forced."""
        self.hangs = asyncio.Event()
        """While it is not set, no token is given out, nor refused."""
        self.hangs.set()
        self.token_faults: deque[Fault] = deque()
        """What is answered to those who ask for a token, one each."""
        self._clock, self._overlap = clock, overlap
        self._tokens, self._since = 0, int(clock().timestamp() * 1_000_000)
        self._good: dict[str, datetime] = {}
        """Until when each token is good."""

    def expire_token(self) -> None:
        """Let the current token be refused from now on."""
        self._good.clear()

    async def fault(self, fault: Fault | None) -> Fault | None:
        """Return what hits the one who asks now; `fault` hits all calls alike."""
        self.fetched += 1
        await self.hangs.wait()
        return self.token_faults.popleft() if self.token_faults else fault

    def give(self, *, forced: bool = False) -> dict[str, object]:
        """Return what who asks rightly is told: the current token, or a new one near its end."""
        self.forced += forced
        lasts = self._lasts()
        if forced:
            self._good.clear()
        if forced or (lasts <= self._overlap and not (self.keeps_refused and self._tokens)):
            self._tokens += 1
            lasts = LIFETIME
            self._good[self._token] = self._clock() + lasts
        seconds = int(lasts.total_seconds()) or int(LIFETIME.total_seconds())
        return {"access_token": self._token, "expires_in": seconds}

    def takes(self, token: str | None) -> bool:
        """Say whether a call with this token is let in."""
        return not self.refuses_all and bool(token and self._lasts(token))

    @property
    def _token(self) -> str:
        # A platform that was started anew knows none that it gave out before, nor gives it again.
        return f"simulated-access-token-{self._since}-{self._tokens}"

    def _lasts(self, token: str | None = None) -> timedelta:
        now = self._clock()
        return max(self._good.get(token or self._token, now) - now, timedelta())
