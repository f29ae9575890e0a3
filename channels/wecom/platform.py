"""The simulated API of WeCom: tokens, pages of messages, two ways to send, service states."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.files import Kind
from channels.simulation import Fault, Simulator, answer_with
from channels.tencent.booth import Booth
from channels.tencent.cabinet import NO_FILE, Cabinet
from channels.tencent.platform import unescaped
from channels.wecom.simulated_states import States
from channels.wecom.states import ENDED, NEW, may_send

WINDOW, REPLIES = timedelta(hours=48), 5
TEXT_LIMIT, MENU_ITEMS, LONGEST_CURSOR = 2048, 10, 64
CALL_LASTS, WELCOME_LASTS = timedelta(minutes=10), timedelta(seconds=20)
MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")

FILES: Mapping[Kind, int] = {
    "image": 2_000_000,
    "voice": 2_000_000,
    "video": 10_000_000,
    "file": 20_000_000,
}
"""Bytes of what can be uploaded."""


@dataclass(slots=True)
class _Window:
    until: datetime
    left: int


@dataclass(slots=True)
class Account:
    """One customer-service account: what was said to it, and what it sent."""

    said: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    """Up to where who asks has everything: the place in the last question."""
    given: int = 0
    """Up to where the last answer went."""
    sent: set[str] = field(default_factory=set)
    states: dict[str, int] = field(default_factory=dict)
    windows: dict[str, _Window] = field(default_factory=dict)


class Platform(Booth):
    """What the company's API knows."""

    def __init__(self, phones: Simulator, *, limited: bool) -> None:
        super().__init__(phones.clock, overlap=timedelta())
        self.corp_id = "ww51a7e0c0ffee0001"
        self.secret = "simulated-corp-secret"  # noqa: S105 - nobody's
        self.limited = limited
        self.accounts: dict[str, Account] = {}
        self.listed = True
        """False: the address of this machine is not among the application's trusted ones."""
        self.powerless: set[str] = set()
        """Accounts that the application may see and not use."""
        self.page = 1000
        """Messages on a page, at most."""
        self.hollow = 0
        """How many pages are empty though there is more."""
        self.doubled = 0
        """How many pages bring the last message of the page before once more."""
        self.tokenless = True
        """False: who asks without the token of a call is told that it was too often."""
        self.synced = 0
        """How often messages were asked for."""
        self.sync_faults: deque[Fault] = deque()
        """What is answered to those who ask for messages, one each."""
        self.cabinet = Cabinet(FILES, videos_elsewhere=False)
        self._phones = phones
        self._calls: dict[str, datetime] = {}
        self._welcomes: dict[str, tuple[str, datetime]] = {}
        self.states = States(lambda: self.accounts, self._stranger, _says, self._code)
        self.app = Starlette(
            routes=[
                Route("/cgi-bin/gettoken", self._gettoken),
                Route("/cgi-bin/kf/account/list", self._list, methods=["POST"]),
                Route("/cgi-bin/kf/sync_msg", self._sync, methods=["POST"]),
                Route("/cgi-bin/kf/send_msg", self._send, methods=["POST"]),
                Route("/cgi-bin/kf/send_msg_on_event", self._send_on_event, methods=["POST"]),
                Route("/cgi-bin/media/get", self._get_media),
                Route("/cgi-bin/media/upload", self._take_media, methods=["POST"]),
                *self.states.routes,
            ]
        )

    def note_call(self, token: str) -> None:
        """Let messages be asked for with this token for ten minutes."""
        self._calls[token] = self._phones.clock() + CALL_LASTS

    def note_welcome(self, code: str, contact: str) -> None:
        """Let `contact` be greeted with this code, once, for twenty seconds."""
        self._welcomes[code] = (contact, self._phones.clock() + WELCOME_LASTS)

    def _code(self, contact: str) -> str:
        code = f"moved-{len(self.states.moved)}"
        self.note_welcome(code, contact)
        return code

    def open(self, account: str, contact: str) -> None:
        """Let the account write to `contact`, who has just written."""
        found = self.accounts[account]
        found.windows[contact] = _Window(self._phones.clock() + WINDOW, REPLIES)
        if found.states.get(contact) == ENDED:
            found.states[contact] = NEW

    async def _gettoken(self, request: Request) -> Response:
        fault = await self.fault(await self._phones.fault(request))
        if fault and not fault.after_work:
            return answer_with(fault)
        if request.query_params.get("corpid") != self.corp_id:
            return _says(40013, "invalid corpid")
        if request.query_params.get("corpsecret") != self.secret:
            return _says(40001, "invalid credential")
        given = {"errcode": 0, "errmsg": "ok", **self.give()}
        return answer_with(fault) if fault else JSONResponse(given)

    async def _sync(self, request: Request) -> Response:
        self.synced += 1
        fault = self.sync_faults.popleft() if self.sync_faults else None
        if fault and not fault.after_work:
            return answer_with(fault)
        told = json.loads(await request.body())
        refused = self._stranger(request) or self._no_page(told)
        answer = refused or JSONResponse(self._page(told))
        return answer_with(fault) if fault else answer

    def _no_page(self, told: dict[str, Any]) -> Response | None:
        token = told.get("token")
        if told.get("open_kfid") not in self.accounts:
            return _says(95004, "invalid open_kfid")
        if len(told.get("cursor", "")) > LONGEST_CURSOR:
            return _says(40058, "cursor is too long")
        if token is None:
            return None if self.tokenless else _says(45009, "api freq out of limit")
        if self._calls.get(token, self._phones.clock()) <= self._phones.clock():
            return _says(95007, "invalid msg token")
        return None

    def _page(self, told: dict[str, Any]) -> dict[str, Any]:
        account = self.accounts[told["open_kfid"]]
        said, place = account.said, int((told.get("cursor") or "c0")[1:])
        account.asked = place
        if self.hollow and place < len(said):
            self.hollow -= 1
            return self._listed([], place, more=True)
        size = min(self.page, told.get("limit", 1000))
        listed = said[place : place + size]
        if self.doubled and place and listed:
            self.doubled -= 1
            listed = [said[place - 1], *listed]
        account.given = after = min(place + size, len(said))
        return self._listed(listed, after, more=after < len(said))

    def _listed(self, items: list[dict[str, Any]], place: int, *, more: bool) -> dict[str, Any]:
        told = {"next_cursor": f"c{place}", "has_more": int(more), "msg_list": items}
        return {"errcode": 0, "errmsg": "ok", **told}

    async def _send(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        told = await _unescaped(request)
        answer = self._stranger(request) or self._taken(told)
        return answer_with(fault) if fault else answer

    def _taken(self, told: dict[str, Any]) -> Response:
        account, contact = self.accounts.get(told["open_kfid"]), str(told["touser"])
        if account is None:
            return _says(95000, "invalid open_kfid")
        name = told.get("msgid", "")
        if not MSGID.fullmatch(name):
            return _says(40058, "msgid has a wrong form")
        if name in account.sent:
            return _says(40058, "invalid Request Parameter: msgid was used before")
        refused = self._refused(account, contact) or self._misshapen(told)
        if refused is not None:
            return refused
        account.sent.add(name)
        return self._shown(contact, told, name)

    def _refused(self, account: Account, contact: str) -> Response | None:
        if not may_send(account.states.get(contact, NEW)):
            return _says(95018, "invalid session status")
        window = account.windows.get(contact)
        if not self.limited:
            return None
        if window is None or window.until <= self._phones.clock():
            return _says(95002, "out of the time to send")
        if not window.left:
            return _says(95001, "out of the number to send")
        window.left -= 1
        return None

    async def _send_on_event(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        told = await _unescaped(request)
        answer = self._stranger(request) or self._ungreeting(told) or self._welcomed(told)
        return answer_with(fault) if fault else answer

    def _welcomed(self, told: dict[str, Any]) -> Response:
        contact, until = self._welcomes.pop(told["code"], ("", self._phones.clock()))
        if until <= self._phones.clock():
            return _says(40058, "invalid code")
        return self._shown(contact, told, told["msgid"])

    async def _list(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault:
            return answer_with(fault)
        rows = [
            {"open_kfid": name, "name": name, "manage_privilege": name not in self.powerless}
            for name in self.accounts
        ]
        found = {"errcode": 0, "errmsg": "ok", "account_list": rows}
        return self._stranger(request) or JSONResponse(found)

    async def _get_media(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        return self._stranger(request) or self.cabinet.get(request) or _says(*NO_FILE)

    async def _take_media(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        taken = self._stranger(request) or await self.cabinet.take(request)
        return taken or _says(40004, "invalid media type or size")

    def _stranger(self, request: Request) -> Response | None:
        if not self.listed:
            return _says(60020, "not allow to access from your ip, from ip: 203.0.113.7")
        given = request.query_params.get("access_token")
        return None if self.takes(given) else _says(42001, "access_token expired")

    def _shown(self, contact: str, told: dict[str, Any], name: str) -> Response:
        if told["msgtype"] in FILES:
            file = self.cabinet.uploaded(told[told["msgtype"]]["media_id"])
            self._phones.show(contact, "", (), name, file)
        else:
            text, options = _words(told)
            self._phones.show(contact, text, options, name)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": name})

    def _ungreeting(self, told: dict[str, Any]) -> Response | None:
        if told["msgtype"] in FILES:
            return _says(40008, "invalid message type")
        return self._misshapen(told)

    def _misshapen(self, told: dict[str, Any]) -> Response | None:
        if told["msgtype"] not in FILES:
            return _misshapen(told)
        given = self.cabinet.uploaded(told[told["msgtype"]]["media_id"])
        return None if given and given.kind == told["msgtype"] else _says(*NO_FILE)


async def _unescaped(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unescaped(await request.body()))
    return found


def _words(told: dict[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    if told["msgtype"] == "text":
        return told["text"]["content"], ()
    menu = told["msgmenu"]
    clicks = [item["click"] for item in menu["list"] if item["type"] == "click"]
    return menu["head_content"], tuple((click["id"], click["content"]) for click in clicks)


def _misshapen(told: dict[str, Any]) -> Response | None:
    if told["msgtype"] not in ("text", "msgmenu"):
        return _says(40008, "invalid message type")
    text, options = _words(told)
    if not text:
        return _says(44004, "empty content")
    if len(text.encode()) > TEXT_LIMIT or len(options) > MENU_ITEMS:
        return _says(45002, "content size out of limit")
    return None


def _says(code: int, reason: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": reason})
