"""Access tokens that all processes share: fetched once, renewed early, forced rarely, no loops.

Who holds the lease fetches; the others wait for the token, or for the lease to end with its
holder. What went wrong is remembered for a while, so that those who wait do not ask in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from channels import errors
from channels.base import Clock, Memory
from channels.errors import ChannelError, RateLimited, Unauthorized, Unavailable

DEADLINE = 8.0
"""Seconds for everything under one lease: the lease is longer, so that no two fetch at a time."""
LEASE = timedelta(seconds=DEADLINE + 2)
"""How long a process that was killed while it fetched keeps the others waiting at most."""
PATIENCE = 5.0
"""Seconds that a send waits for a token before it is tried again later."""
GLANCE = 0.1
"""Seconds between two looks at what another process fetches."""
EARLIER = timedelta(minutes=5)
"""How long before its end a token is renewed; until then the old one goes on."""
FORCED_APART, FORCED_A_DAY = timedelta(seconds=60), 20
DAY = timedelta(days=1)
QUIET: Mapping[type[ChannelError], float] = {Unauthorized: 60.0, Unavailable: 2.0}
"""Seconds that nobody asks again after a fault."""
LONGEST_QUIET = 60.0
CARRIED = re.compile(r"[!-~]{1,4096}")
"""What can stand in a header."""


@dataclass(frozen=True, slots=True)
class Token:
    """What the platform gave out, and how long it lasts."""

    value: str = field(repr=False)
    lasts: timedelta


class Fetch(Protocol):
    """How a platform is asked for a token."""

    async def __call__(self, *, force: bool) -> Token:
        """Ask once; with `force` for another token than the one it keeps giving out.

        Raises:
            ChannelError: there is none; `Unauthorized` if only a human can mend that.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str = field(repr=False)
    value: str = field(repr=False)
    renew_at: datetime


class Tokens:
    """The access token of one account; close it when done."""

    def __init__(
        self,
        memory: Memory,
        clock: Clock,
        account: str,
        fetch: Fetch,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._memory, self._clock, self._fetch = memory, clock, fetch
        self._account, self._patience = account, patience
        self._me = secrets.token_hex(8)
        self._running: asyncio.Task[str] | None = None

    async def open(self) -> None:
        """Forget what went wrong before: the account may have been mended since."""
        await self._memory.set(self._key("trouble"), "")

    async def close(self) -> None:
        """Let go of what is being fetched."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def get(self, refused: str | None = None) -> str:
        """Return a token that is not `refused`, which the platform has just said no to.

        Raises:
            Unauthorized: the account needs a human.
            RateLimited: the platform gives no tokens now.
            Unavailable: there is none yet; nothing was sent, so try again.
        """
        kept = await self._kept()
        if kept is None or kept.value == refused:
            return await self._another(refused)
        if kept.renew_at <= self._clock():
            self._begin(None)
        return kept.value

    async def _another(self, refused: str | None) -> str:
        try:
            async with asyncio.timeout(self._patience):
                for _ in range(2):
                    value = await asyncio.shield(self._begin(refused))
                    if value != refused:
                        return value
        except TimeoutError:
            raise Unavailable("there is no access token yet") from None
        raise Unavailable("the access token is being renewed")

    def _begin(self, refused: str | None) -> asyncio.Task[str]:
        """Return the fetching that all of this process wait for."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._obtain(refused))
            self._running.add_done_callback(_heed)
        return self._running

    async def _obtain(self, refused: str | None) -> str:
        lease = self._key("lease")
        while True:
            await self._heed_trouble()
            free = await self._memory.get(lease) is None
            if free and await self._memory.swap(lease, None, self._me, LEASE):
                try:
                    return await self._fetch_once(refused)
                finally:
                    with contextlib.suppress(ChannelError):
                        await self._memory.swap(lease, self._me, None)
            await asyncio.sleep(GLANCE)
            if (fresh := await self._fresh(refused)) is not None:
                return fresh

    async def _fetch_once(self, refused: str | None) -> str:
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._renewed(refused)
        except TimeoutError:
            problem: ChannelError = Unavailable("the access token took too long")
        except ChannelError as error:
            problem = error
        await self._note(problem)
        raise problem

    async def _renewed(self, refused: str | None) -> str:
        if (fresh := await self._fresh(refused)) is not None:
            return fresh
        token = await self._given(force=False)
        if token.value == refused:
            token = await self._force(refused)
        await self._keep(token)
        return token.value

    async def _given(self, *, force: bool) -> Token:
        token = await self._fetch(force=force)
        if not CARRIED.fullmatch(token.value):
            raise Unauthorized("the platform gave out an access token that no call can carry")
        return token

    async def _force(self, refused: str) -> Token:
        if await self._may_force():
            token = await self._given(force=True)
            if token.value != refused:
                return token
        if (kept := await self._kept()) is not None:
            await self._memory.swap(self._key("token"), kept.text, None)
        raise Unauthorized("the platform refuses the access token that it has just given out")

    async def _may_force(self) -> bool:
        key, now = self._key("forced"), self._clock()
        text = await self._memory.get(key)
        times = [datetime.fromisoformat(each) for each in json.loads(text or "[]")]
        times = [each for each in times if now - each < DAY]
        if len(times) >= FORCED_A_DAY or (times and now - times[-1] < FORCED_APART):
            return False
        told = json.dumps([each.isoformat() for each in (*times, now)])
        return await self._memory.swap(key, text, told, DAY)

    async def _kept(self) -> _Kept | None:
        text = await self._memory.get(self._key("token"))
        if not text:
            return None
        found = json.loads(text)
        return _Kept(text, found["value"], datetime.fromisoformat(found["renew_at"]))

    async def _fresh(self, refused: str | None) -> str | None:
        kept = await self._kept()
        if kept is None or kept.value == refused or kept.renew_at <= self._clock():
            return None
        return kept.value

    async def _keep(self, token: Token) -> None:
        renew_at = self._clock() + max(token.lasts - EARLIER, token.lasts / 2)
        text = json.dumps({"value": token.value, "renew_at": renew_at.isoformat()})
        await self._memory.set(self._key("token"), text, token.lasts)

    async def _note(self, problem: ChannelError) -> None:
        seconds = next((QUIET[kind] for kind in QUIET if isinstance(problem, kind)), 1.0)
        if isinstance(problem, RateLimited):
            seconds = min(problem.retry_after, LONGEST_QUIET)
        told = {"error": type(problem).__name__, "reason": str(problem), "seconds": seconds}
        with contextlib.suppress(ChannelError):
            await self._memory.set(
                self._key("trouble"), json.dumps(told), timedelta(seconds=seconds)
            )

    async def _heed_trouble(self) -> None:
        text = await self._memory.get(self._key("trouble"))
        if not text:
            return
        told = json.loads(text)
        if told["error"] == RateLimited.__name__:
            raise RateLimited(told["seconds"])
        kind: type[ChannelError] = getattr(errors, told["error"])
        raise kind(told["reason"])

    def _key(self, name: str) -> str:
        return f"{name}:{self._account}"


def _heed(task: asyncio.Task[str]) -> None:
    # Those who waited may be gone by now; an error that nobody takes would only be complained of.
    if not task.cancelled():
        task.exception()
