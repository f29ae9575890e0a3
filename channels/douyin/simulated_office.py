"""Where Douyin gives out its tokens, and renews what an account's owner granted."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.douyin.authority import ACCESS, LASTS, MOST_RENEWALS, RENEW
from channels.simulation import Fault, Simulator, answer_with

LIFETIME = timedelta(days=15)
EXPIRED, TOO_OFTEN = 10010, 10020


class Office:
    """One account's tokens; there is no forcing: a new one comes when the old one has ended."""

    def __init__(self, phones: Simulator) -> None:
        self.granted = "rft.simulated-refresh-token-0"
        """What the settings hold; renewing makes others."""
        self.refresh_token = self.granted
        self.fetched = self.forced = self.renewals = 0
        """How often a token was asked for, and the authorisation renewed."""
        self.refuses_all = False
        """True: no token is good enough, however new."""
        self.keeps_refused = False
        """True: an expired token is given out again."""
        self.token_faults: deque[Fault] = deque()
        self.routes = [
            Route(ACCESS, self._token, methods=["POST"]),
            Route(RENEW, self._renew, methods=["POST"]),
        ]
        self._phones, self._tokens = phones, 0
        self._since = int(phones.clock().timestamp() * 1_000_000)
        self._good_until = phones.clock()
        self._ends = phones.clock() + LASTS

    def authorise(self, refresh_token: str) -> None:
        """Let the account's owner authorise the application anew."""
        self.refresh_token, self.renewals = refresh_token, 0
        self._ends = self._phones.clock() + LASTS

    def expire_token(self) -> None:
        """Let the current access token be refused from now on."""
        self._good_until = self._phones.clock() - timedelta(seconds=1)

    def lets_in(self, token: str | None) -> bool:
        """Say whether an access token is good."""
        is_good = token == self._good and self._good_until > self._phones.clock()
        return is_good and not self.refuses_all

    @property
    def _good(self) -> str:
        return f"act.simulated-access-token-{self._since}-{self._tokens}"

    async def _token(self, request: Request) -> Response:
        self.fetched += 1
        fault = await self._phones.fault(request)
        if self.token_faults:
            fault = self.token_faults.popleft()
        if fault and not fault.after_work:
            return answer_with(fault)
        if not await self._knows(request):
            return no(EXPIRED, "refresh_token expired")
        now = self._phones.clock()
        if self._good_until <= now and not (self.keeps_refused and self._tokens):
            self._tokens += 1
            self._good_until = now + LIFETIME
        if fault:
            return answer_with(fault)
        lasts = max(self._good_until - now, timedelta(seconds=60))
        return yes(access_token=self._good, expires_in=int(lasts.total_seconds()))

    async def _renew(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if not await self._knows(request):
            return no(EXPIRED, "refresh_token expired")
        if self.renewals >= MOST_RENEWALS:
            return no(TOO_OFTEN, "renewed too often")
        self.renewals += 1
        self.refresh_token = f"rft.simulated-refresh-token-{self.renewals}"
        self._ends = self._phones.clock() + LASTS
        answer = yes(refresh_token=self.refresh_token, expires_in="2592000")
        return answer_with(fault) if fault else answer

    async def _knows(self, request: Request) -> bool:
        told = dict(parse_qsl((await request.body()).decode()))
        return told.get("refresh_token") == self.refresh_token and self._phones.clock() < self._ends


def yes(**data: Any) -> Response:  # noqa: ANN401 - whatever JSON holds
    """Return how the API says yes."""
    told = {"error_code": 0, "description": ""}
    return JSONResponse({"data": {**told, **data}, "extra": told, "message": "success"})


def no(code: int, reason: str) -> Response:
    """Return how the API says no: under 200."""
    told = {"error_code": code, "description": reason, "sub_error_code": 0}
    return JSONResponse({"data": told, "extra": told, "message": "error"})
