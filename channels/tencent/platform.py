"""The simulated API of WeChat: tokens, the customer-service message, windows and quotas."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.message import Card
from channels.simulation import Simulator, answer_with
from channels.tencent.booth import Booth
from channels.tencent.cabinet import LARGEST, NO_FILE, Cabinet

WINDOW = timedelta(hours=48)
"""How long a customer's message lets the account write; five messages then."""

TEXT_LIMIT, MENU_ITEMS, MOST_BUTTONS = 2048, 10, 3
KINDS = frozenset({"text", "msgmenu", "news", *LARGEST})


_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def unescaped(body: bytes) -> bytes:
    """Return JSON as the real platform reads it: an escaped character is shown as it stands."""
    return _ESCAPE.sub(lambda found: b"\\\\u" if found[1] == b"u" else found[0], body)


@dataclass(slots=True)
class _Window:
    until: datetime
    left: int


class Platform(Booth):
    """What the account's API knows: its secret, its token, and who may be written to."""

    def __init__(
        self, phones: Simulator, *, app_id: str, limited: bool, takes: Collection[str] = KINDS
    ) -> None:
        super().__init__(phones.clock)
        self.app_id = app_id
        self.app_secret = "simulated-app-secret"  # noqa: S105 - nobody's
        self.limited = limited
        self.typing: list[tuple[str, str]] = []
        """Who was shown that somebody writes, or stopped (contact, command)."""
        taken = {kind: size for kind, size in LARGEST.items() if kind in takes}
        self.menu: list[dict[str, Any]] = []
        """The buttons of the account's menu."""
        self.agreed: set[str] | None = None
        """Who takes notices; None: everybody."""
        self.cabinet = Cabinet(taken)
        self.day = 500_000
        """How many replies a day may have."""
        self.sent_today = 0
        self.listed = True
        """False: the address of this machine is not in the account's IP allow-list."""
        self.may_reply = True
        """False: the account's type has no customer-service replies."""
        self.reached = True
        """False: no ping comes through to the server URL."""
        self.resolved = True
        """False: the name in the server URL leads nowhere."""
        self._kinds, self._phones = takes, phones
        self._windows: dict[str, _Window] = {}
        self._gone: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/cgi-bin/stable_token", self._stable_token, methods=["POST"]),
                Route("/cgi-bin/message/custom/send", self._send, methods=["POST"]),
                Route("/cgi-bin/message/custom/typing", self._typing, methods=["POST"]),
                Route("/cgi-bin/message/custom/business/typing", self._typing, methods=["POST"]),
                Route("/cgi-bin/message/template/send", self._notify, methods=["POST"]),
                Route("/cgi-bin/message/subscribe/bizsend", self._notify, methods=["POST"]),
                Route("/cgi-bin/message/subscribe/send", self._notify, methods=["POST"]),
                Route("/cgi-bin/menu/get", self._get_menu),
                Route("/cgi-bin/menu/create", self._create_menu, methods=["POST"]),
                Route("/cgi-bin/openapi/quota/get", self._quota, methods=["POST"]),
                Route("/cgi-bin/customservice/getkflist", self._servants),
                Route("/cgi-bin/callback/check", self._network, methods=["POST"]),
                Route("/cgi-bin/media/get", self._get_media),
                Route("/cgi-bin/media/upload", self._take_media, methods=["POST"]),
                Route("/simulated-video/{media_id}", self.cabinet.video),
            ]
        )

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
        fault = await self.fault(await self._phones.fault(request))
        if fault and not fault.after_work:
            return answer_with(fault)
        told = json.loads(await request.body())
        if not self.listed:
            return _says(40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist")
        if told.get("appid") != self.app_id:
            return _says(40013, "invalid appid")
        if told.get("secret") != self.app_secret:
            return _says(40125, "invalid appsecret")
        given = self.give(forced=bool(told.get("force_refresh")))
        return answer_with(fault) if fault else JSONResponse(given)

    async def _send(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(unescaped(await request.body()))
        answer = self._refused(str(told["touser"])) or self._shown(told)
        return answer_with(fault) if fault else answer

    async def _notify(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(await request.body())
        answer = self._notified(str(told["touser"]), told)
        return answer_with(fault) if fault else answer

    def _notified(self, contact: str, told: dict[str, Any]) -> Response:
        if contact in self._gone or (self.agreed is not None and contact not in self.agreed):
            return _says(43101, "user refuse to accept the msg")
        words = [field["value"] for field in told["data"].values()]
        if not told["template_id"] or not all(words):
            return _says(47003, "argument invalid!")
        number = len(self._phones.screen) + 200_000_001
        self._phones.show(contact, "\n".join(words), (), str(number))
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": number})

    async def _typing(self, request: Request) -> Response:
        fault = await self._phones.fault(request)
        if fault:
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(await request.body())
        contact, command = str(told["touser"]), str(told["command"])
        if command not in ("Typing", "CancelTyping"):
            return _says(45072, "command should be Typing or CancelTyping")
        if command == "Typing" and self._last_command(contact) == "Typing":
            return _says(45081, "you are already typing")
        self.typing.append((contact, command))
        return _says(0, "ok")

    async def _get_menu(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        if not self.menu:
            return _says(46003, "menu no exist")
        return JSONResponse({"menu": {"button": self.menu}})

    async def _create_menu(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(unescaped(await request.body()))["button"]
        if not 0 < len(told) <= MOST_BUTTONS:
            return _says(40016, "invalid button size")
        self.menu = told
        return _says(0, "ok")

    async def _quota(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        if json.loads(await request.body()).get("cgi_path") != "/cgi-bin/message/custom/send":
            return _says(76021, "cgi_path not found, please check")
        used = min(self.sent_today, self.day)
        told = {"daily_limit": self.day, "used": used, "remain": self.day - used}
        return JSONResponse({"errcode": 0, "errmsg": "ok", "quota": told})

    async def _servants(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        return JSONResponse({"kf_list": []}) if self.may_reply else _says(48001, "api unauthorized")

    async def _network(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        address, loss = "203.0.113.7", "0%" if self.reached else "100%"
        ping = {"ip": address, "from_operator": "CAP", "package_loss": loss, "time": "20.0ms"}
        dns = [{"ip": address, "real_operator": "UNICOM"}] if self.resolved else []
        return JSONResponse({"dns": dns, "ping": [ping] if dns else []})

    async def _get_media(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        return self._unknown(request) or self.cabinet.get(request) or _says(*NO_FILE)

    async def _take_media(self, request: Request) -> Response:
        if fault := await self._phones.fault(request):
            return answer_with(fault)
        taken = self._unknown(request) or await self.cabinet.take(request)
        return taken or _says(40005, "invalid file type or size")

    def _unknown(self, request: Request) -> Response | None:
        if self.takes(request.query_params.get("access_token")):
            return None
        return _says(40001, "invalid credential, access_token is invalid or not latest")

    def _last_command(self, contact: str) -> str | None:
        return next((done for who, done in reversed(self.typing) if who == contact), None)

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
        if kind not in self._kinds:
            return _says(40008, "invalid message type")
        if kind in LARGEST:
            return self._shown_file(contact, told[kind]["media_id"])
        if kind in ("news", "link"):
            return self._shown_card(contact, told[kind].get("articles", [told[kind]]))
        options: tuple[tuple[str, str], ...] = ()
        if kind == "text":
            text = told["text"]["content"]
        else:
            menu = told["msgmenu"]
            text = menu["head_content"]
            options = tuple((item["id"], item["content"]) for item in menu["list"])
        if not text:
            return _says(44004, "empty content")
        if len(text.encode()) > TEXT_LIMIT or len(options) > MENU_ITEMS:
            return _says(45002, "content size out of limit")
        if self._last_command(contact) == "Typing":  # a message ends it
            self.typing.append((contact, "CancelTyping"))
        self._phones.show(contact, text, options)
        return _says(0, "ok")

    def _shown_card(self, contact: str, told: list[dict[str, str]]) -> Response:
        if len(told) != 1:
            return _says(45008, "article size out of limit")
        article, link = told[0], told[0]["url"].startswith(("http://", "https://"))
        picture = article.get("picurl", "") or article.get("thumb_url", "")
        if not (article["title"] and link) or ("thumb_url" in article and not picture):
            return _says(47001, "data format error")
        words = {"description": article["description"] or None, "picture": picture or None}
        card = Card(title=article["title"], url=article["url"], **words)
        self._phones.show(contact, card.lines, cards=(card,))
        return _says(0, "ok")

    def _shown_file(self, contact: str, media_id: str) -> Response:
        file = self.cabinet.uploaded(media_id)
        if file is None:
            return _says(*NO_FILE)
        self._phones.show(contact, "", (), None, file)
        return _says(0, "ok")


def _says(code: int, reason: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": reason})
