"""Douyin's side of the wire: people who write and comment, and the API that answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.douyin.api import REPLY, SEND
from channels.douyin.signature import HEADER, signature
from channels.douyin.simulated_office import Office, no, yes
from channels.simulation import Fault, Push, answer_with

WINDOW, ANSWERS, ENTERED = timedelta(hours=24), 6, timedelta(seconds=30)
"""How long and how often a message may be answered, and how long a visit; third-party figures."""
LONGEST, LONGEST_COMMENT = 1000, 100


@dataclass(slots=True)
class _Heard:
    """What a customer did that can be answered."""

    contact: str
    talk: str
    scene: str
    until: datetime
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One comment of ours: under which video, to which comment."""

    item: str
    to: str
    text: str


def refusal(code: int, reason: str = "no", times: int = 1) -> Fault:
    """Return the fault of an API that says no in its own way: under 200."""
    return Fault(200, bytes(no(code, reason).body), times=times)


class Simulator(simulation.Simulator):
    """One simulated account; with `limited` the number and the time of answers are kept."""

    channel = "douyin"
    busy = b'{"data":{"error_code":2100004,"description":"busy"},"extra":{"error_code":2100004}}'
    patience = 5.0
    can_be_stale = False

    def __init__(
        self, inbox: str, clock: Clock, *, limited: bool = False, comments: bool = False
    ) -> None:
        super().__init__(inbox, clock)
        self.limited, self.comments = limited, comments
        self.client_key, self.client_secret = "awsimulated0001", "simulated-client-secret"
        self.open_id = "ba253642-0590-40bc-9bdf-9a1334b94059"
        self.answers: list[Answer] = []
        """Our comments, in order."""
        self.office = Office(self)
        self._number = self._senseless = self._events = 0
        self._heard: dict[str, _Heard] = {}
        self._comments: dict[str, str] = {}
        self._app = Starlette(
            routes=[
                *self.office.routes,
                Route(SEND, self._send, methods=["POST"]),
                Route(REPLY, self._reply, methods=["POST"]),
            ]
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account, without `base_url`."""
        return {
            "client_key": self.client_key,
            "client_secret": self.client_secret,
            "open_id": self.open_id,
            "refresh_token": self.office.granted,
            "comments": self.comments,
        }

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self._app

    def say(self, contact: str, text: str) -> Push:
        """Return the push with a customer's text; each is a new message."""
        return self.tell(contact, message_type="text", text=text)

    def tell(self, contact: str, **fields: Any) -> Push:  # noqa: ANN401 - whatever JSON holds
        """Return the rightly signed push of any private message."""
        return self._private(contact, "im_receive_msg", "im_reply_msg", WINDOW, fields)

    def enter(self, contact: str) -> Push:
        """Return the push for opening the talk."""
        scene = "im_enter_direct_msg"
        return self._private(contact, scene, scene, ENTERED, {"scene_type": 1})

    def echo(self, contact: str, text: str) -> Push:
        """Return the push that tells of a message of the account's own."""
        told = {"message_type": "text", "text": text, "source": self.client_key}
        fields = self._told(self._name("msg"), contact, told)
        return self.signed(contact, self._event("im_send_msg", self.open_id, contact, fields))

    def comment(self, contact: str, text: str, item: str = "@8hxdSimulatedVideo==") -> Push:
        """Return the push for a comment under a video of the account's."""
        number = self._name("cmt")
        self._comments[number] = item
        fields = {
            "comment_id": number,
            "comment_user_id": contact,
            "content": text,
            "create_time": int(self.clock().timestamp()),
            "digg_count": 0,
            "reply_comment_total": 0,
            "reply_to_comment_id": "",
            "reply_to_item_id": item,
            "at_user_id": "",
        }
        return self.signed(
            contact, self._event("item_comment_reply", contact, self.open_id, fields)
        )

    def url_check(self, challenge: int | str = 12345) -> Push:
        """Return the check of the callback address."""
        told = {"event": "verify_webhook", "client_key": "", "content": {"challenge": challenge}}
        return self.signed("", told)

    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content, another kind each time."""
        content = self._told("@x", contact, {"message_type": "text", "text": "半"})
        kinds: tuple[Any, ...] = (
            [],
            {"client_key": self.client_key, "to_user_id": self.open_id},
            self._event("im_receive_msg", contact, self.open_id, {**content, "text": ["?"]}),
            self._event("im_receive_msg", contact, self.open_id, {**content, "create_time": "x"}),
            {**self._event("im_receive_msg", contact, self.open_id, {}), "content": "{"},
            self._event("im_enter_direct_msg", contact, self.open_id, {"scene_type": 1}),
        )
        self._senseless += 1
        return self.signed(contact, kinds[self._senseless % len(kinds)])

    def forged(self, contact: str, text: str) -> Push:
        """Return a push that another app's secret signed."""
        push = self.say(contact, text)
        proof = signature("another-apps-secret", push.body)
        return push.changed(headers={**push.headers, HEADER: proof})

    def signed(self, contact: str, told: object) -> Push:
        """Return a push of anything, rightly signed."""
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.sealed(contact, body)

    def sealed(self, contact: str, body: bytes) -> Push:
        """Return a push of any bytes, rightly signed."""
        headers = {
            "content-type": "application/json",
            "msg-id": self._name("delivery"),
            HEADER: signature(self.client_secret, body),
        }
        return Push(contact, headers=headers, body=body)

    def _private(
        self, contact: str, event: str, scene: str, lasts: timedelta, fields: Mapping[str, Any]
    ) -> Push:
        name = self._name("msg")
        told = self._told(name, contact, fields)
        talk = told["conversation_short_id"]
        self._heard[name] = _Heard(contact, talk, scene, self.clock() + lasts)
        return self.signed(contact, self._event(event, contact, self.open_id, told))

    def _told(self, name: str, contact: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "conversation_short_id": f"@4F8A{contact}==",
            "server_message_id": name,
            "conversation_type": 1,
            "create_time": int(self.clock().timestamp() * 1000),
            "user_infos": [{"open_id": contact, "nick_name": f"抖音用户{contact}", "avatar": ""}],
            **fields,
        }

    def _event(self, event: str, one: str, other: str, content: object) -> dict[str, Any]:
        # Some events carry an object, others text that holds one: both are seen.
        self._events += 1
        held = content if self._events % 2 else json.dumps(content, ensure_ascii=False)
        return {
            "event": event,
            "client_key": self.client_key,
            "from_user_id": one,
            "to_user_id": other,
            "log_id": f"log-{self._number}",
            "content": held,
        }

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"@9Vw{kind}{int(self.clock().timestamp())}/{self._number}=="

    async def _send(self, request: Request) -> Response:
        fault, told, refused = await self._asked(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        answer = refused or self._taken(told)
        return answer_with(fault) if fault else answer

    async def _reply(self, request: Request) -> Response:
        fault, told, refused = await self._asked(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        answer = refused or self._put(told)
        return answer_with(fault) if fault else answer

    async def _asked(
        self, request: Request
    ) -> tuple[Fault | None, dict[str, Any], Response | None]:
        fault = await self.fault(request)
        told = json.loads(await request.body())
        if not self.office.lets_in(request.headers.get("access-token")):
            return fault, told, no(2190008, "access_token expired")
        if request.query_params.get("open_id") != self.open_id:
            return fault, told, no(2190015, "open_id does not match")
        return fault, told, None

    def _taken(self, told: Mapping[str, Any]) -> Response:
        heard, text = self._heard.get(told["msg_id"]), told["content"]["text"]["text"]
        mine = heard and (heard.contact, heard.talk, heard.scene)
        if heard is None or mine != (told["to_user_id"], told["conversation_id"], told["scene"]):
            return no(28003082, "not this person's message")
        if not text or len(text) > LONGEST:
            return no(28001038, "content invalid")
        if self.limited and heard.until <= self.clock():
            return no(28003081, "more than 24 hours")
        if self.limited and heard.answers >= ANSWERS:
            return no(28003070, "too many answers")
        heard.answers += 1
        seen = self.show(heard.contact, text, (), f"sent-{len(self.screen) + 1}")
        return yes(msg_id=seen.platform_id)

    def _put(self, told: Mapping[str, Any]) -> Response:
        if self._comments.get(told["comment_id"]) != told["item_id"]:
            return no(2100005, "no such comment")
        if not told["content"] or len(told["content"]) > LONGEST_COMMENT:
            return no(28001038, "content invalid")
        self.answers.append(Answer(told["item_id"], told["comment_id"], told["content"]))
        return yes(comment_id=f"@9VwOurs{len(self.answers)}==")
