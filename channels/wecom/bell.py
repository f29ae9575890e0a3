"""The doorbell: WeCom only calls to say for which account there is something to ask."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from channels.base import Clock, Memory
from channels.errors import ChannelError

TOKEN_LASTS = timedelta(minutes=9)
"""How long the token in a call is used: WeCom takes it for ten minutes."""
GLANCE = 1.0
"""Seconds between two looks whether another process was called."""
PATIENCE = 1.0
"""Seconds that a call waits to leave its hint: what hint is lost costs only time."""


class Bell:
    """Wakes who asks, in this process at once, in another one within a second."""

    def __init__(self, memory: Memory, clock: Clock, accounts: Sequence[str]) -> None:
        self.attended = False
        """Whether it is this process that asks."""
        self._memory, self._clock, self._accounts = memory, clock, accounts
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._waiting: set[str] = set()
        self._heard: dict[str, str] = {}
        self._rung = asyncio.Event()

    async def ring(self, account: str, token: str) -> None:
        """Note a call; one for an account that is not served here is nothing to us."""
        if account not in self._accounts:
            return
        self._note(account, token)
        if self.attended:
            return
        with contextlib.suppress(ChannelError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                hint = json.dumps({"token": token, "at": self._clock().isoformat()})
                await self._memory.set(_key(account), hint)

    async def wait(self, seconds: float) -> Mapping[str, str | None]:
        """Return the accounts to ask, with the token to ask with; all of them after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._waiting:
                    await self._listen()
        rung = sorted(self._waiting) or self._accounts
        self._waiting.clear()
        self._rung.clear()
        return {account: self.token(account) for account in rung}

    def token(self, account: str) -> str | None:
        """Return the token of the last call for an account, while it is good."""
        token, at = self._tokens.get(account, (None, self._clock()))
        return token if self._clock() - at < TOKEN_LASTS else None

    async def _listen(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GLANCE):
                await self._rung.wait()
                return
        for account in self._accounts:
            hint = await self._memory.get(_key(account))
            if hint is not None and hint != self._heard.get(account):
                self._heard[account] = hint
                self._note(account, json.loads(hint)["token"])

    def _note(self, account: str, token: str) -> None:
        self._tokens[account] = (token, self._clock())
        self._waiting.add(account)
        self._rung.set()


def _key(account: str) -> str:
    return f"bell:{account}"
