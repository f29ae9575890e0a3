"""WeChat's side of the wire: phones that sign and encrypt, and the API that answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from starlette.types import ASGIApp
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from channels.base import Clock
from channels.files import Kind
from channels.message import Card
from channels.simulation import Fault, Push, Seen
from channels.simulation import Simulator as Simulated
from channels.tencent.platform import WINDOW, Platform
from channels.tencent.simulated_consents import choice, outcome, with_items

OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"
"""What a customer sees when the answer to a push makes no sense, or never comes."""

PHONE_LIMIT = 2048
"""Bytes of a passive text that still arrive."""

MENU = timedelta(minutes=1)
"""How long a follow, a scan or a tap lets the account write; three messages then."""


def refusal(code: int, reason: str = "no", times: int = 1) -> Fault:
    """Return the fault of an API that says no in its own way: an errcode under HTTP 200."""
    return Fault(200, json.dumps({"errcode": code, "errmsg": reason}).encode(), times=times)


class Simulator(Simulated):
    """One simulated official account, plain or encrypted, with limits kept or not."""

    channel = "wechat"
    busy = b'{"errcode":-1,"errmsg":"system error"}'
    patience = 5.0

    def __init__(
        self,
        inbox: str,
        clock: Clock,
        *,
        encrypted: bool = False,
        mode: str = "active",
        limited: bool = False,
    ) -> None:
        super().__init__(inbox, clock)
        self.encrypted = encrypted
        self.mode = mode
        self.account = "gh_51a7e0c0ffee"
        self.token = "simulated-callback-token"  # noqa: S105 - nobody's
        self.aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
        self.platform = Platform(self, app_id="wx51a7e0c0ffee0001", limited=limited)
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
            "mode": self.mode,
        }
        return {**told, "aes_key": self.aes_key} if self.encrypted else told

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self.platform.app

    def say(self, contact: str, text: str) -> Push:
        """Return the push for a customer's text; each call is a new message."""
        self.platform.open(contact, WINDOW, 5)
        return self._message(contact, MsgType="text", Content=text)

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the push for a customer's file; WeChat keeps no names."""
        self.platform.open(contact, WINDOW, 5)
        media_id = self.platform.cabinet.keep(kind, content)
        more = {
            "image": {"PicUrl": "http://mmbiz.qpic.cn/simulated/0"},
            "voice": {"Format": "amr"},
            "video": {"ThumbMediaId": "simulated-thumb"},
        }
        return self._message(contact, MsgType=kind, MediaId=media_id, **more[kind])

    def forget_files(self) -> None:
        """Let three days pass for every file that customers sent."""
        self.platform.cabinet.forget()

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the push for tapping a menu's item; of a numbered list: typing its number."""
        if not seen.options:
            return self.say(seen.contact, str(option + 1))
        value, label = seen.options[option]
        self.platform.open(seen.contact, MENU, 3)
        return self._message(seen.contact, MsgType="text", Content=label, bizmsgmenuid=value)

    def follow(self, contact: str, scene: str | None = None) -> Push:
        """Return the push for following the account, by a scanned code or by search."""
        self.platform.open(contact, MENU, 3)
        key = f"qrscene_{scene}" if scene else ""
        return self._event(contact, Event="subscribe", EventKey=key)

    def unfollow(self, contact: str) -> Push:
        """Return the push for leaving; from now on nothing reaches the customer."""
        self.platform.leave(contact)
        return self._event(contact, Event="unsubscribe", EventKey="")

    def click(self, contact: str, key: str) -> Push:
        """Return the push for a tap on the account's own menu."""
        self.platform.open(contact, MENU, 3)
        return self._event(contact, Event="CLICK", EventKey=key)

    def finish(self, seen: Seen, status: str = "success") -> Push:
        """Return the push that says what became of a template message."""
        number = seen.platform_id or ""
        if status != "success":
            self.screen.remove(seen)
        return self._event(seen.contact, Event="TEMPLATESENDJOBFINISH", MsgID=number, Status=status)

    def agree(self, contact: str, template: str, *, agrees: bool = True) -> Push:
        """Return the push for a customer's answer, when they were asked for a notice."""
        event = "subscribe_msg_popup_event"
        content = self._xml(contact, MsgType="event", Event=event)
        return self.push(contact, with_items(content, event, [choice(template, agrees=agrees)]))

    def brought(self, seen: Seen, code: str = "0", status: str = "success") -> Push:
        """Return the push that says what became of a subscription message."""
        event = "subscribe_msg_sent_event"
        if code != "0":
            self.screen.remove(seen)
        content = self._xml(seen.contact, MsgType="event", Event=event)
        told = outcome("TEMPLATE", seen.platform_id or "", code, status)
        return self.push(seen.contact, with_items(content, event, [told]))

    def scan(self, contact: str, scene: str) -> Push:
        """Return the push for a follower's scan of a code."""
        self.platform.open(contact, MENU, 3)
        return self._event(contact, Event="SCAN", EventKey=scene, Ticket="simulated")

    def push(self, contact: str, xml: str) -> Push:
        """Return the rightly signed push of any XML."""
        return self._signed(contact, xml, self.clock())

    def url_check(self, echo: str = "6112358132134") -> Push:
        """Return the check of the server URL, which is never encrypted."""
        timestamp, nonce = _seconds(self.clock()), self._nonce()
        query = {
            "signature": _signature(self.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        return Push("", "GET", query)

    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content, another kind each time."""
        kinds = (
            "<xml><a>",
            "",
            self._xml(contact, MsgType="text", Content="半")[:-40],
            self._xml(contact, MsgType="text").replace("<MsgType>", "<MsgType></MsgType><MsgType>"),
            self._xml(contact, MsgType="location", Location_X="north", Location_Y="NaN"),
            '<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
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
        then = self.clock() - timedelta(hours=1)
        return self._signed(contact, self._xml(contact, MsgType="text", Content=text), then)

    def answered(self, push: Push, body: bytes) -> None:
        """Show what the HTTP answer said to the customer, as their phone would."""
        if push.method == "GET" or body in (b"", b"success"):
            return
        try:
            answer = self._opened(body)
            contact, cards = answer["ToUserName"], _cards(answer)
            text = "\n".join(card.lines for card in cards) or answer["Content"]
            assert answer["FromUserName"] == self.account  # noqa: S101 - caught below
            assert answer["MsgType"] == ("news" if cards else "text")  # noqa: S101 - likewise
            assert len(text.encode()) <= PHONE_LIMIT  # noqa: S101 - likewise
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the phone shows the same
            self.show(push.contact, OUT_OF_ORDER)
        else:
            self.show(contact, text, cards=cards)

    def unanswered(self, push: Push) -> None:
        """Show the customer that the account is out of order: the platform gave up."""
        if push.method != "GET":
            self.show(push.contact, OUT_OF_ORDER)

    def _opened(self, body: bytes) -> Mapping[str, str]:
        xml = body.decode()
        if self.encrypted:
            told = _leaves(xml)
            xml = self._crypto.decrypt_message(
                told, told["MsgSignature"], told["TimeStamp"], told["Nonce"]
            )
        return _leaves(xml)

    def _message(self, contact: str, **fields: str) -> Push:
        return self.push(contact, self._xml(contact, **fields))

    def _event(self, contact: str, **fields: str) -> Push:
        return self.push(contact, self._xml(contact, MsgType="event", **fields))

    def _xml(self, contact: str, **fields: str) -> str:
        self._number += 1
        told = {
            "ToUserName": self.account,
            "FromUserName": contact,
            "CreateTime": _seconds(self.clock()),
            **fields,
        }
        if fields["MsgType"] != "event":
            told["MsgId"] = str(self._number)
        leaves = "".join(f"<{name}>{_cdata(value)}</{name}>" for name, value in told.items())
        return f"<xml>{leaves}</xml>"

    def _signed(self, contact: str, xml: str, then: datetime) -> Push:
        timestamp, nonce = _seconds(then), self._nonce()
        query = {
            "signature": _signature(self.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": contact,
        }
        if self.encrypted:
            closed = _leaves(self._crypto.encrypt_message(xml, nonce, timestamp))
            query |= {"encrypt_type": "aes", "msg_signature": closed["MsgSignature"]}
            xml = (
                f"<xml><ToUserName>{_cdata(self.account)}</ToUserName>"
                f"<Encrypt>{_cdata(closed['Encrypt'])}</Encrypt></xml>"
            )
        return Push(contact, query=query, headers={"content-type": "text/xml"}, body=xml.encode())

    def _nonce(self) -> str:
        self._number += 1
        return str(self._number % 1_000_000_000)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _signature(*pieces: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*pieces)
    signed: str = signer.signature
    return signed


def _leaves(xml: str) -> dict[str, str]:
    root = ET.fromstring(xml)  # noqa: S314 - the customer's phone reads what we answered
    return {leaf.tag: leaf.text or "" for leaf in root} | {
        f"Articles:{leaf.tag}": leaf.text or "" for leaf in root.iterfind("Articles/item/*")
    }


def _cards(answer: Mapping[str, str]) -> tuple[Card, ...]:
    """Return the article of a passive reply, of which there is one at most."""
    if "Articles:Title" not in answer:
        return ()
    told = {name: answer[f"Articles:{name}"] for name in ("Title", "Description", "PicUrl", "Url")}
    words = {"description": told["Description"] or None, "picture": told["PicUrl"] or None}
    return (Card(title=told["Title"], url=told["Url"], **words),)


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
