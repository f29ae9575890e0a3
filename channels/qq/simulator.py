"""QQ's side of the wire: people and groups that write to a bot, and the API that answers them."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.files import Kind
from channels.qq import signature
from channels.qq.api import ME, TOKEN_PATH
from channels.qq.render import TYPES
from channels.qq.signature import Signer
from channels.simulation import Fault, Push, Seen, SeenFile, answer_with

LIFETIME = timedelta(seconds=7200)
ANSWERS, WINDOW, GROUP_WINDOW = 5, timedelta(minutes=60), timedelta(minutes=5)
"""How often and how long one message may be answered."""
RICH = 7
"""The kind of a message that shows a file."""
DECLARED: Mapping[Kind, str] = {
    "image": "image/jpeg",
    "voice": "voice",
    "video": "video/mp4",
    "file": "file",
}
LONGEST = 2000
"""Characters of a text that the platform still takes."""


def refusal(code: int, reason: str = "no", times: int = 1, status: int = 400) -> Fault:
    """Return the fault of an API that says no in its own way."""
    return Fault(status, json.dumps({"code": code, "message": reason}).encode(), times=times)


class Simulator(simulation.Simulator):
    """One simulated bot; with `limited` the number and the time of answers are kept."""

    channel = "qq"
    busy = b'{"code":304016,"message":"send error"}'
    patience = 5.0

    def __init__(self, inbox: str, clock: Clock, *, limited: bool = False) -> None:
        super().__init__(inbox, clock)
        self.limited = limited
        self.app_id, self.app_secret = "102000001", "simulated-bot-secret"
        self.fetched = self.forced = 0
        """How often a token was asked for; QQ knows no forcing."""
        self.refuses_all = False
        """True: no token is good enough, however new."""
        self.keeps_refused = False
        """True: an expired token is given out again."""
        self.listed = True
        """False: the address of this machine is not in the bot's IP allow-list."""
        self.token_faults: deque[Fault] = deque()
        self._signer = Signer(self.app_secret)
        self._number, self._tokens, self._senseless = 0, 0, 0
        self._since = int(clock().timestamp() * 1_000_000)
        self._good_until = clock()
        self._messages: dict[str, tuple[str, datetime, timedelta]] = {}
        self._answers: dict[str, set[int]] = {}
        self.root = "https://multimedia.nt.qq.com.cn"
        """Where files lie: here, once it is known where that is."""
        self._held: dict[str, bytes] = {}
        self._given: dict[str, tuple[str, SeenFile]] = {}
        self._app = Starlette(
            routes=[
                Route(TOKEN_PATH, self._token, methods=["POST"]),
                Route(ME, self._me),
                Route("/v2/users/{openid}/messages", self._post, methods=["POST"]),
                Route("/v2/groups/{group}/messages", self._post, methods=["POST"]),
                Route("/v2/users/{to}/files", self._take_file, methods=["POST"]),
                Route("/v2/groups/{to}/files", self._take_file, methods=["POST"]),
                Route("/download/{number}", self._give_file),
            ]
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this bot, without `base_url`."""
        return {"app_id": self.app_id, "app_secret": self.app_secret}

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self._app

    def expire_token(self) -> None:
        """Let the current token be refused from now on."""
        self._good_until = self.clock() - timedelta(seconds=1)

    def say(self, contact: str, text: str) -> Push:
        """Return the call with a person's text; each is a new message."""
        return self.tell(contact, content=text)

    def say_in(self, group: str, contact: str, text: str) -> Push:
        """Return the call with what a member of a group said to the bot."""
        author = {"id": contact, "member_openid": contact}
        fields = {"author": author, "group_openid": group, "content": f" {text} "}
        return self._message(contact, "GROUP_AT_MESSAGE_CREATE", GROUP_WINDOW, fields)

    def tell(self, contact: str, **fields: Any) -> Push:  # noqa: ANN401 - whatever JSON holds
        """Return the rightly signed call of any message of a person's."""
        author = {"id": contact, "user_openid": contact}
        return self._message(contact, "C2C_MESSAGE_CREATE", WINDOW, {"author": author, **fields})

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the call with a person's file, which lies at an address of the platform's."""
        number = f"{kind}-{len(self._held) + 1}"
        self._held[number] = content
        file = {
            "content_type": DECLARED[kind],
            "url": f"{self.root}/download/{number}",
            "filename": name or f"{number}.bin",
            "size": len(content),
        }
        return self.tell(contact, content="", attachments=[file])

    def forget_files(self) -> None:
        """Lose what people sent."""
        self._held.clear()

    def befriend(self, contact: str) -> Push:
        """Return the call that somebody added the bot."""
        return self._event(contact, "FRIEND_ADD")

    def unfriend(self, contact: str) -> Push:
        """Return the call that somebody removed the bot."""
        return self._event(contact, "FRIEND_DEL")

    def url_check(self, token: str = "Arq0D5A61EgUu4OxUvOp") -> Push:  # noqa: S107 - no secret
        """Return the check of the callback address."""
        stamp = str(int(self.clock().timestamp()))
        return self._signed("", {"op": 13, "d": {"plain_token": token, "event_ts": stamp}})

    def garbage(self, contact: str) -> Push:
        """Return a call with a good signature and senseless content, another kind each time."""
        author = {"user_openid": contact}
        kinds: tuple[Any, ...] = (
            [],
            {"op": 0, "t": "C2C_MESSAGE_CREATE"},
            {"op": 0, "t": "C2C_MESSAGE_CREATE", "d": {"id": "x", "author": author}},
            {"op": 0, "t": "C2C_MESSAGE_CREATE", "d": {"id": 7, "author": author, "content": "?"}},
            {"op": 0, "t": "FRIEND_ADD", "d": {"openid": contact, "timestamp": "yesterday"}},
            {"op": 0, "t": "INTERACTION_CREATE", "d": {"id": "x", "data": {"resolved": {}}}},
        )
        self._senseless += 1
        return self._signed(contact, kinds[self._senseless % len(kinds)])

    def forged(self, contact: str, text: str) -> Push:
        """Return a call that another key signed."""
        push = self.say(contact, text)
        stamp = push.headers[signature.TIMESTAMP]
        proof = Signer("another-bots-secret").sign(stamp, push.body)
        return push.changed(headers={**push.headers, signature.SIGNATURE: proof})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed call from an hour ago."""
        told = json.loads(self.say(contact, text).body)
        return self._signed(contact, told, self.clock() - timedelta(hours=1))

    def _message(
        self, contact: str, kind: str, window: timedelta, fields: Mapping[str, Any]
    ) -> Push:
        self._number += 1
        message_id = f"ROBOT1.0_{int(self.clock().timestamp())}_{self._number}"
        self._messages[message_id] = (contact, self.clock() + window, window)
        given = {"id": message_id, "timestamp": self.clock().isoformat(timespec="seconds")}
        told = {"op": 0, "s": self._number, "t": kind, "id": f"{kind}:{message_id}"}
        return self._signed(contact, {**told, "d": {**given, **fields}})

    def _event(self, contact: str, kind: str) -> Push:
        self._number += 1
        event_id, stamp = f"{kind}:{self._number}", int(self.clock().timestamp())
        self._messages[event_id] = (contact, self.clock() + WINDOW, WINDOW)
        given = {"openid": contact, "timestamp": stamp}
        return self._signed(contact, {"op": 0, "t": kind, "id": event_id, "d": given})

    def _signed(self, contact: str, told: object, then: datetime | None = None) -> Push:
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.signed(contact, body, then)

    def signed(self, contact: str, body: bytes, then: datetime | None = None) -> Push:
        """Return a rightly signed call with any body."""
        stamp = str(int((then or self.clock()).timestamp()))
        proof = {
            signature.TIMESTAMP: stamp,
            signature.SIGNATURE: self._signer.sign(stamp, body),
        }
        return Push(contact, headers={"content-type": "application/json", **proof}, body=body)

    @property
    def _good(self) -> str:
        return f"simulated-access-token-{self._since}-{self._tokens}"

    async def _token(self, request: Request) -> Response:
        self.fetched += 1
        self.root = str(request.base_url).rstrip("/")
        fault = await self.fault(request)
        if self.token_faults:
            fault = self.token_faults.popleft()
        if fault and not fault.after_work:
            return answer_with(fault)
        told = json.loads(await request.body())
        if (told.get("appId"), told.get("clientSecret")) != (self.app_id, self.app_secret):
            return JSONResponse({"code": 100007, "message": "appid invalid"})
        if self._good_until <= self.clock() and not (self.keeps_refused and self._tokens):
            self._tokens += 1
            self._good_until = self.clock() + LIFETIME
        if fault:
            return answer_with(fault)
        lasts = max(self._good_until - self.clock(), timedelta(seconds=60))
        seconds = int(lasts.total_seconds())
        return JSONResponse({"access_token": self._good, "expires_in": str(seconds)})

    async def _me(self, request: Request) -> Response:
        if fault := await self.fault(request):
            return answer_with(fault)
        me = {"id": self.app_id, "username": "模拟机器人", "bot": True}
        return self._unknown(request) or JSONResponse(me)

    def _unknown(self, request: Request) -> Response | None:
        given = request.headers.get("authorization")
        if self.refuses_all or given != f"QQBot {self._good}" or self._good_until <= self.clock():
            return JSONResponse({"code": 11244, "message": "token not exist or expire"}, 401)
        if not self.listed:
            return JSONResponse({"code": 11298, "message": "接口访问源IP不在白名单"}, 401)
        return None

    async def _post(self, request: Request) -> Response:
        fault = await self.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(await request.body())
        answer = self._refused(told) or self._put(told)
        return answer_with(fault) if fault else answer

    async def _give_file(self, request: Request) -> Response:
        if fault := await self.fault(request):
            return answer_with(fault)
        content = self._held.get(request.path_params["number"])
        found = Response(content, media_type="application/octet-stream")
        return Response(status_code=404) if content is None else found

    async def _take_file(self, request: Request) -> Response:
        if fault := await self.fault(request):
            return answer_with(fault)
        if (unknown := self._unknown(request)) is not None:
            return unknown
        told = json.loads(await request.body())
        kind = next((one for one, number in TYPES.items() if number == told["file_type"]), None)
        if kind is None or told["srv_send_msg"]:
            return _no(850019, "文件格式不支持")
        info = f"file-info-{len(self._given) + 1}"
        file = SeenFile(kind, base64.b64decode(told["file_data"], validate=True))
        self._given[info] = request.path_params["to"], file
        return JSONResponse({"file_uuid": info, "file_info": info, "ttl": 3600})

    def _refused(self, told: Mapping[str, Any]) -> Response | None:
        known = self._messages.get(told.get("msg_id") or told.get("event_id") or "")
        if known is None:
            return _no(304026, "MSG_ID")
        if len(told["content"]) > LONGEST:
            return _no(304020, "too long")
        if told["msg_type"] == RICH and told["media"]["file_info"] not in self._given:
            return _no(304081, "file_info invalid")
        used = self._answers.setdefault(told.get("msg_id") or told["event_id"], set())
        if told["msg_seq"] in used:
            return _no(40054005, "消息被去重，请检查请求msgseq")
        if self.limited and known[1] <= self.clock():
            return _no(304027, "MSG_EXPIRE")
        if self.limited and len(used) >= ANSWERS:
            return _no(22009, "msg limit exceed")
        used.add(told["msg_seq"])
        return None

    def _put(self, told: Mapping[str, Any]) -> Response:
        contact = self._messages[told.get("msg_id") or told["event_id"]][0]
        _, file = self._given[told["media"]["file_info"]] if "media" in told else ("", None)
        number = f"sent-{len(self.screen) + 1}"
        seen: Seen = self.show(contact, told["content"], (), number, file)
        return JSONResponse({"id": seen.platform_id, "timestamp": self.clock().isoformat()})


def _no(code: int, reason: str) -> Response:
    return JSONResponse({"code": code, "message": reason}, 400)
