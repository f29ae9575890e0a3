"""Weibo's side of the wire: fans who write private messages, and the API that answers them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels.base import Clock
from channels.files import Kind
from channels.message import Card
from channels.simulation import Fault, Push, Seen, answer_with
from channels.simulation import Simulator as Simulated
from channels.weibo.simulated_screen import seen
from channels.weibo.simulated_square import Square, no
from channels.weibo.simulated_standing import Standing

WINDOW = timedelta(hours=48)
"""How long a customer's message or event lets the account write, as often as it likes."""

TOO_LONG = 300
"""Characters of the shortest text that is refused."""

GARBLED = "（消息显示失败）"
"""What a customer sees when the answer to a push makes no sense."""

PATH, FILES = "/2/messages/reply.json", "/2/mss/msget"


WATCHING: dict[str, Any] = {
    "watch": ["comments", "comment_mentions", "mentions"],
    "poll_seconds": 1,
    "calls_per_hour": 1_000_000,
    "calls_per_day": 10_000_000,
}
"""What an account is told that reads in public too, and may ask as often as it likes."""


def refusal(code: int, reason: str = "no", times: int = 1, status: int = 403) -> Fault:
    """Return the fault of an API that says no in its own way."""
    return Fault(status, bytes(no(code, reason).body), times=times)


class Simulator(Simulated):
    """One simulated verified account, with the reply window kept or not."""

    channel = "weibo"
    busy = b'{"error_code":10009,"error":"Too many pending tasks, system is busy"}'
    patience = 5.0

    def __init__(
        self,
        inbox: str,
        clock: Clock,
        *,
        mode: str = "active",
        limited: bool = False,
        watched: bool = False,
    ) -> None:
        super().__init__(inbox, clock)
        self.mode = mode
        self.limited = limited
        self.watched = watched
        self.uid = "1902538057"
        self.app_secret = "simulated-app-secret"  # noqa: S105 - nobody's
        self.access_token = "2.00simulated-access-token"  # noqa: S105 - likewise
        self._is_expired = False
        self._nonces = 0
        self._senseless = 0
        self._latest: dict[str, datetime] = {}
        self._open_until: dict[str, datetime] = {}
        self._gone: set[str] = set()
        self._held: dict[int, bytes] = {}
        self.square = Square(self, self.stranger, self.uid)
        self.standing = Standing(self, self.stranger, self.uid)
        self._app = Starlette(
            routes=[
                Route(PATH, self._reply, methods=["POST"]),
                Route(FILES, self._file),
                *self.standing.routes,
                *self.square.routes,
            ]
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account, without `base_url`."""
        return {
            "uid": self.uid,
            "app_key": "3141592653",
            "app_secret": self.app_secret,
            "access_token": self.access_token,
            "mode": self.mode,
            **(WATCHING if self.watched else {}),
        }

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self._app

    def expire_token(self) -> None:
        """Let the account's token be refused from now on."""
        self._is_expired = True

    def say(self, contact: str, text: str) -> Push:
        """Return the push for a customer's text; each call is a new message."""
        return self.push(contact, type="text", text=text, data={})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the push for choosing from a numbered list."""
        return self.say(seen.contact, str(option + 1))

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the push for a picture or a voice; Weibo tells no name of it."""
        _ = name
        number = 821804459 + 10 * len(self._held)
        self._held[number] = content
        data = {"vfid": number - 1, "tovfid": number}
        text = {"image": "发了一张图片", "voice": "发了一个语音消息"}[kind]
        return self.push(contact, type=kind, text=text, data=data)

    def forget_files(self) -> None:
        """Lose every file."""
        self._held.clear()

    def mention(self, contact: str, text: str) -> Push:
        """Return the push that tells of a post that names the account."""
        return self.push(contact, type="event", text=text, data={"subtype": "mention"})

    def follow(self, contact: str, scene: str | None = None) -> Push:
        """Return the push for following the account, by a scanned code or by search."""
        if scene:
            data = {"subtype": "scan_follow", "key": scene, "ticket": "simulated"}
            return self.push(contact, type="event", text="扫描二维码", data=data)
        return self.push(contact, type="event", text="关注事件消息", data={"subtype": "follow"})

    def unfollow(self, contact: str) -> Push:
        """Return the push for leaving; from now on nothing reaches the customer."""
        push = self.push(contact, type="event", text="取消关注", data={"subtype": "unfollow"})
        self._gone.add(contact)
        return push

    def click(self, contact: str, key: str) -> Push:
        """Return the push for a tap on the account's own menu."""
        data = {"subtype": "click", "key": key}
        return self.push(contact, type="event", text="点击菜单", data=data)

    def push(self, contact: str, **fields: Any) -> Push:  # noqa: ANN401 - whatever JSON holds
        """Return the rightly signed push of any message."""
        self._open_until[contact] = self.clock() + WINDOW
        self._gone.discard(contact)
        return self._signed(contact, _json(self._told(contact, **fields)), self.clock())

    def url_check(self, echo: str = "6112358132134") -> Push:
        """Return the check of the callback URL."""
        push = self._signed("", b"", self.clock())
        return push.changed(method="GET", query={**push.query, "echostr": echo}, headers={})

    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content, another kind each time."""
        whole = self._told(contact, type="text", text="半", data={})
        kinds = (
            b"{",
            b"[]",
            _json(whole)[:-20],
            _json({**whole, "text": ["?"]}),
            _json({**whole, "created_at": "yesterday"}),
            _json({**whole, "type": "image"}),
            _json({**whole, "type": "position", "data": {"latitude": "NaN", "longitude": 1}}),
            _json({**whole, "sender_id": None}),
        )
        self._senseless += 1
        return self._signed(contact, kinds[self._senseless % len(kinds)], self.clock())

    def forged(self, contact: str, text: str) -> Push:
        """Return a push whose signature is wrong."""
        push = self.say(contact, text)
        return push.changed(query={**push.query, "signature": "0" * 40})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed push from an hour ago."""
        return self._signed(
            contact, self.say(contact, text).body, self.clock() - timedelta(hours=1)
        )

    def answered(self, push: Push, body: bytes) -> None:
        """Show what the HTTP answer said to the customer."""
        if push.method == "GET" or not body:
            return
        try:
            contact, text, cards = self._opened(body)
        except (ValueError, KeyError, TypeError):
            contact, text, cards = push.contact, GARBLED, ()
        self.show(contact, text, cards=cards)

    def _opened(self, body: bytes) -> tuple[str, str, tuple[Card, ...]]:
        told = json.loads(body)
        text, cards = seen(told["type"], json.loads(unquote(told["data"])))
        heading = (told["result"], told["sender_id"])
        if heading != (True, self.uid) or (len(text) >= TOO_LONG and not cards):
            raise ValueError(heading)
        return told["receiver_id"], text, cards

    def _told(self, contact: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
        return {
            "receiver_id": int(self.uid),
            "sender_id": int(contact) if contact.isdecimal() else contact,
            "created_at": self._moment(f"{contact} {fields}"),
            **fields,
        }

    def _moment(self, said: str) -> str:
        """Return the time of a message; nobody says the same thing twice in one second."""
        moment = self.clock().astimezone(UTC).replace(microsecond=0)
        if said in self._latest:
            moment = max(moment, self._latest[said] + timedelta(seconds=1))
        self._latest[said] = moment
        return f"{moment:%a %b %d %H:%M:%S %z %Y}"

    def _signed(self, contact: str, body: bytes, then: datetime) -> Push:
        self._nonces += 1
        timestamp, nonce = str(int(then.timestamp() * 1000)), f"{self._nonces:09}"
        joined = "".join(sorted((self.app_secret, timestamp, nonce))).encode()
        query = {
            "signature": hashlib.sha1(joined).hexdigest(),  # noqa: S324 - the platform's choice
            "timestamp": timestamp,
            "nonce": nonce,
        }
        return Push(contact, query=query, headers={"content-type": "application/json"}, body=body)

    async def _reply(self, request: Request) -> Response:
        fault = await self.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        told = dict(parse_qsl((await request.body()).decode()))
        answer = self._taken(told)
        return answer_with(fault) if fault else answer

    async def _file(self, request: Request) -> Response:
        fault = await self.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if refused := self.stranger(request.query_params.get("access_token")):
            return refused
        content = self._held.get(int(request.query_params.get("fid") or 0))
        if content is None:
            return Response("no such file", 404)
        answer = Response(content, media_type="application/octet-stream")
        return answer_with(fault) if fault else answer

    def stranger(self, token: str | None) -> Response | None:
        """Return how a call with a wrong or an old token is refused."""
        if self._is_expired:
            return no(21327, "expired_token")
        return None if token == self.access_token else no(21332, "invalid_access_token")

    def _taken(self, told: dict[str, str]) -> Response:
        if refused := self.stranger(told.get("access_token")):
            return refused
        contact = told.get("receiver_id", "")
        is_open = self._open_until.get(contact, self.clock()) > self.clock()
        if contact in self._gone or (self.limited and not is_open):
            return no(20304, "can't send direct message to this user")
        try:
            text, cards = seen(told["type"], json.loads(told["data"]))
        except (ValueError, KeyError, TypeError):
            return no(10008, "param error, see doc for more info.")
        if len(text) >= TOO_LONG and not cards:
            return no(20012, "text too long")
        self.show(contact, text, cards=cards)
        return JSONResponse({"result": True, "sender_id": self.uid, "receiver_id": contact})


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
