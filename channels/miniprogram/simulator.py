"""A mini program's side of the wire: phones that push XML or JSON, and the API that answers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from starlette.types import ASGIApp
from wechatpy.crypto import WeChatCrypto

from channels.base import Clock
from channels.files import Kind
from channels.simulation import Fault, Push, Seen
from channels.simulation import Simulator as Simulated
from channels.tencent.platform import WINDOW, Platform
from channels.tencent.seal import signature
from channels.tencent.simulated_consents import choice, outcome, with_items


def refusal(code: int, reason: str = "no", times: int = 1) -> Fault:
    """Return the fault of an API that says no in its own way: an errcode under HTTP 200."""
    return Fault(200, json.dumps({"errcode": code, "errmsg": reason}).encode(), times=times)


class Simulator(Simulated):
    """One simulated mini program: XML or JSON, plain, compatible or encrypted."""

    channel = "miniprogram"
    busy = b'{"errcode":-1,"errmsg":"system error"}'
    patience = 5.0

    def __init__(
        self,
        inbox: str,
        clock: Clock,
        *,
        form: str = "json",
        mode: str = "encrypted",
        limited: bool = False,
    ) -> None:
        super().__init__(inbox, clock)
        self.form, self.mode = form, mode
        self.account = "gh_51a7e0c0aaaa"
        self.token = "simulated-callback-token"  # noqa: S105 - nobody's
        self.aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
        takes = frozenset({"text", "link", "image"})
        self.platform = Platform(self, app_id="wx51a7e0c0ffee0002", limited=limited, takes=takes)
        self._crypto = WeChatCrypto(self.token, self.aes_key, self.platform.app_id)
        self._number = int(clock().timestamp() * 1_000_000)
        self._senseless = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account, without `base_url`."""
        told = {
            "app_id": self.platform.app_id,
            "app_secret": self.platform.app_secret,
            "token": self.token,
            "account": self.account,
        }
        return told if self.mode == "plain" else {**told, "aes_key": self.aes_key}

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self.platform.app

    def say(self, contact: str, text: str) -> Push:
        """Return the push for a customer's text; each call is a new message."""
        return self.speak(contact, MsgType="text", Content=text)

    def speak(self, contact: str, **fields: str) -> Push:
        """Return the push for a message of any kind."""
        self.platform.open(contact, WINDOW, 5)
        number = str(self._next())
        return self.push(contact, self._content(contact, **fields, MsgId=number))

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the push for a customer's picture: there are no other files here, and no names."""
        if kind != "image":
            return super().attach(contact, kind, content, name)
        media_id = self.platform.cabinet.keep(kind, content)
        url = "https://mmbiz.qpic.cn/simulated/0"
        return self.speak(contact, MsgType=kind, PicUrl=url, MediaId=media_id)

    def forget_files(self) -> None:
        """Let three days pass for every picture that customers sent."""
        self.platform.cabinet.forget()

    def enter(self, contact: str, session_from: str = "") -> Push:
        """Return the push for opening the customer service, from where the page says."""
        self.platform.open(contact, timedelta(minutes=1), 2)
        told = {"Event": "user_enter_tempsession", "SessionFrom": session_from}
        return self.push(contact, self._content(contact, MsgType="event", **told))

    def agree(self, contact: str, template: str, *, agrees: bool = True) -> Push:
        """Return the push for a customer's answer, when they were asked for a notice."""
        event = "subscribe_msg_popup_event"
        content = self._content(contact, MsgType="event", Event=event)
        return self.push(contact, with_items(content, event, [choice(template, agrees=agrees)]))

    def brought(self, seen: Seen, code: str = "0", status: str = "success") -> Push:
        """Return the push that says what became of a subscription message."""
        event = "subscribe_msg_sent_event"
        if code != "0":
            self.screen.remove(seen)
        content = self._content(seen.contact, MsgType="event", Event=event)
        told = outcome("TEMPLATE", seen.platform_id or "", code, status)
        return self.push(seen.contact, with_items(content, event, [told]))

    def push(self, contact: str, content: str) -> Push:
        """Return the rightly signed push of any content."""
        return self._signed(contact, content, self.clock())

    def url_check(self, echo: str = "6112358132134") -> Push:
        """Return the check of the server URL, which is never encrypted."""
        return Push("", "GET", {**self._proof(self.clock()), "echostr": echo})

    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content, another kind each time."""
        text = self._content(contact, MsgType="text", Content="半")
        kinds = (
            "<xml><a>",
            "",
            text[:-40],
            '{"MsgType":"text","MsgType":"image"}',
            self._content(contact, MsgType="image"),
            text.replace('"CreateTime"', '"Time"').replace("<CreateTime>", "<CreateTime>x"),
        )
        self._senseless += 1
        return self.push(contact, kinds[self._senseless % len(kinds)])

    def forged(self, contact: str, text: str) -> Push:
        """Return a push whose signature is wrong."""
        push = self.say(contact, text)
        wrong = {name: "0" * 40 for name in ("signature", "msg_signature") if name in push.query}
        return push.changed(query={**push.query, **wrong})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed push from an hour ago."""
        content = self._content(contact, MsgType="text", Content=text, MsgId=str(self._next()))
        return self._signed(contact, content, self.clock() - timedelta(hours=1))

    def _content(self, contact: str, **fields: str) -> str:
        told: dict[str, Any] = {
            "ToUserName": self.account,
            "FromUserName": contact,
            "CreateTime": int(self.clock().timestamp()),
            **fields,
        }
        if self.form == "xml":
            return _xml(told)
        if "MsgId" in told:
            told["MsgId"] = int(told["MsgId"])
        return json.dumps(told, ensure_ascii=False)

    def _signed(self, contact: str, content: str, then: datetime) -> Push:
        query = {**self._proof(then), "openid": contact}
        kind = {"content-type": "application/json" if self.form == "json" else "text/xml"}
        if self.mode == "plain":
            return Push(contact, query=query, headers=kind, body=content.encode())
        whole = self._crypto.encrypt_message(content, query["nonce"], query["timestamp"])
        sealed = whole.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        proof = signature(self.token, query["timestamp"], query["nonce"], sealed)
        query |= {"encrypt_type": "aes", "msg_signature": proof}
        body = self._envelope(sealed, content)
        return Push(contact, query=query, headers=kind, body=body.encode())

    def _envelope(self, sealed: str, content: str) -> str:
        """Return a sealed body; in the compatible mode the plain words stand beside it."""
        open_too = {"Content": content} if self.mode == "compatible" else {}
        told = {"ToUserName": self.account, **open_too, "Encrypt": sealed}
        return _xml(told) if self.form == "xml" else json.dumps(told)

    def _proof(self, then: datetime) -> dict[str, str]:
        timestamp, nonce = str(int(then.timestamp())), str(self._next() % 1_000_000_000)
        proof = signature(self.token, timestamp, nonce)
        return {"signature": proof, "timestamp": timestamp, "nonce": nonce}

    def _next(self) -> int:
        self._number += 1
        return self._number


def _xml(fields: dict[str, Any]) -> str:
    leaves = "".join(f"<{name}>{_cdata(str(value))}</{name}>" for name, value in fields.items())
    return f"<xml>{leaves}</xml>"


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
