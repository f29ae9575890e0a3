"""The simulated API of WeChat: tokens, the customer-service message, windows and quotas."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Fault, Simulator, answer_with

WINDOW = timedelta(hours=48)
"""How long a customer's message lets the account write; five messages then."""

TEXT_LIMIT, MENU_ITEMS = 2048, 10
LIFETIME, OVERLAP = timedelta(seconds=7200), timedelta(minutes=5)
"""How long a token lasts, and before its end, with which the next one is good too."""


@dataclass(slots=True)
class _Window:
    until: datetime
    left: int


class Platform:
    """What the account's API knows: its secret, its token, and who may be written to."""

    def __init__(self, phones: Simulator, *, app_id: str, limited: bool) -> None:
        self.app_id = app_id
        self.app_secret = "simulated-app-secret"  # noqa: S105 - nobody's
        self.limited = limited
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
        self._phones = phones
        self._tokens = 0
        self._good: dict[str, datetime] = {}
        """Until when each token is good."""
        self._windows: dict[str, _Window] = {}
        self._gone: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/cgi-bin/stable_token", self._stable_token, methods=["POST"]),
                Route("/cgi-bin/message/custom/send", self._send, methods=["POST"]),
            ]
        )

    def expire_token(self) -> None:
        """Let the current token be refused from now on."""
        self._good.clear()

    def open(self, contact: str, length: timedelta, messages: int) -> None:
        """Let the account write to `contact`; a shorter permission never shortens a longer one."""
        self._gone.discard(contact)
        fresh = _Window(self._phones.clock() + length, messages)
        old = self._windows.get(contact)
        if old is None or length >= WINDOW or old.until < fresh.until:
            self._windows[contact] = fresh

    def leave(self, contact: str) -> None:
        """Let nothing reach `contact` any more."""
        self._gone.add(contact)

    async def _stable_token(self, request: Request) -> Response:
        self.fetched += 1
        fault = await self._phones.fault(request)
        await self.hangs.wait()
        if self.token_faults:
            fault = self.token_faults.popleft()
        if fault and not fault.after_work:
            return answer_with(fault)
        told = json.loads(await request.body())
        if told.get("appid") != self.app_id:
            return _says(40013, "invalid appid")
        if told.get("secret") != self.app_secret:
            return _says(40125, "invalid appsecret")
        forced = bool(told.get("force_refresh"))
        self.forced += forced
        lasts = self._lasts()
        if forced:
            self._good.clear()
        if forced or (lasts <= OVERLAP and not (self.keeps_refused and self._tokens)):
            self._tokens += 1
            lasts = LIFETIME
            self._good[self._token] = self._phones.clock() + lasts
        if fault:
            return answer_with(fault)
        seconds = int(lasts.total_seconds()) or int(LIFETIME.total_seconds())
        return JSONResponse({"access_token": self._token, "expires_in": seconds})

    @property
    def _token(self) -> str:
        return f"simulated-access-token-{self._tokens}"

    def _lasts(self, token: str | None = None) -> timedelta:
        now = self._phones.clock()
        return max(self._good.get(token or self._token, now) - now, timedelta())

    async def _send(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        given = request.query_params.get("access_token")
        if self.refuses_all or not (given and self._lasts(given)):
            return _says(40001, "invalid credential, access_token is invalid or not latest")
        # the real platform shows \uXXXX to the customer as it stands
        told = json.loads((await request.body()).replace(b"\\u", b"\\\\u"))
        answer = self._refused(str(told["touser"])) or self._shown(told)
        return answer_with(fault) if fault else answer

    def _refused(self, contact: str) -> Response | None:
        if contact in self._gone:
            return _says(43004, "require subscribe")
        window = self._windows.get(contact)
        if not self.limited:
            return None
        if window is None or window.until <= self._phones.clock():
            return _says(45015, "response out of time limit or subscription is canceled")
        if not window.left:
            return _says(45047, "out of response count limit")
        window.left -= 1
        return None

    def _shown(self, told: dict[str, Any]) -> Response:
        contact, kind = str(told["touser"]), told["msgtype"]
        options: tuple[tuple[str, str], ...] = ()
        if kind == "text":
            text = told["text"]["content"]
        elif kind == "msgmenu":
            menu = told["msgmenu"]
            text = menu["head_content"]
            options = tuple((item["id"], item["content"]) for item in menu["list"])
        else:
            return _says(40008, "invalid message type")
        if not text:
            return _says(44004, "empty content")
        if len(text.encode()) > TEXT_LIMIT or len(options) > MENU_ITEMS:
            return _says(45002, "content size out of limit")
        self._phones.show(contact, text, options)
        return _says(0, "ok")


def _says(code: int, reason: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": reason})
