"""WeCom's side of the wire: customers who write, calls that only say so, and the API."""

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
from channels.tencent.seal import signature
from channels.wecom.parse import CUSTOMER, SERVICER, SYSTEM
from channels.wecom.platform import Account, Platform
from channels.wecom.states import ENDED, SERVED

ACCOUNT, OTHER = "wkSIMULATED0001", "wkSIMULATED0002"
"""The accounts of the company; all customers write to the first one unless told otherwise."""


def refusal(code: int, reason: str = "no", times: int = 1) -> Fault:
    """Return the fault of an API that says no in its own way: an errcode under HTTP 200."""
    return Fault(200, json.dumps({"errcode": code, "errmsg": reason}).encode(), times=times)


class Simulator(Simulated):
    """One simulated company with two accounts, with limits kept or not."""

    channel = "wecom"
    busy = b'{"errcode":-1,"errmsg":"system busy"}'
    patience = 5.0

    def __init__(self, inbox: str, clock: Clock, *, limited: bool = False) -> None:
        super().__init__(inbox, clock)
        self.token = "simulated-callback-token"  # noqa: S105 - nobody's
        self.aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
        self.platform = Platform(self, limited=limited)
        self.platform.accounts = {ACCOUNT: Account(), OTHER: Account()}
        self._crypto = WeChatCrypto(self.token, self.aes_key, self.platform.corp_id)
        self._number = int(clock().timestamp() * 1_000_000)
        self._senseless = 0
        self._unsaid: dict[bytes, tuple[str, dict[str, Any]]] = {}
        """What is said once the platform has called for it, by the call's body."""

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this company, without `base_url`."""
        return {
            "corp_id": self.platform.corp_id,
            "secret": self.platform.secret,
            "token": self.token,
            "aes_key": self.aes_key,
            "accounts": [ACCOUNT],
        }

    @property
    def app(self) -> ASGIApp:
        """The platform's API; serve it where the inbox's `base_url` points."""
        return self.platform.app

    def say(self, contact: str, text: str) -> Push:
        """Return the call for a customer's text; each call is a new message."""
        return self.speak(contact, "text", content=text)

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the call for tapping a menu's item; of a numbered list: typing its number."""
        if not seen.options:
            return self.say(seen.contact, str(option + 1))
        value, label = seen.options[option]
        return self.speak(seen.contact, "text", content=label, menu_id=value)

    def speak(
        self,
        contact: str,
        kind: str,
        *,
        origin: int = CUSTOMER,
        account: str = ACCOUNT,
        **said: Any,  # noqa: ANN401 - the platform's own fields
    ) -> Push:
        """Return the call for a message of any kind."""
        who = {"open_kfid": account, "external_userid": contact, "origin": origin}
        if origin == SERVICER:
            who["servicer_userid"] = "simulated-servicer"
        return self._called(account, {"msgid": self._name(), **who, "msgtype": kind, kind: said})

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the call for a customer's file."""
        media_id = self.platform.cabinet.keep(kind, content, name)
        return self.speak(contact, kind, media_id=media_id)

    def forget_files(self) -> None:
        """Let three days pass for every file that customers sent."""
        self.platform.cabinet.forget()

    def enter(self, contact: str, scene: str = "", param: str = "", *, greets: bool = True) -> Push:
        """Return the call for a customer who comes in; they may be greeted for 20 seconds."""
        code = f"welcome-{self._name()}" if greets else ""
        if code:
            self.platform.note_welcome(code, contact)
        came = {"scene": scene, "scene_param": param, "welcome_code": code}
        return self.happen(contact, "enter_session", **{k: v for k, v in came.items() if v})

    def bounce(self, seen: Seen, fail_type: int) -> Push:
        """Return the call that says that a message did not arrive after all."""
        self.screen.remove(seen)
        told = {"fail_msgid": seen.platform_id, "fail_type": fail_type}
        return self.happen(seen.contact, "msg_send_fail", **told)

    def happen(self, contact: str, event: str, **told: Any) -> Push:  # noqa: ANN401 - likewise
        """Return the call for an event, which comes without an id of its own."""
        found = {"open_kfid": ACCOUNT, "external_userid": contact, "event_type": event, **told}
        return self._called(ACCOUNT, {"origin": SYSTEM, "msgtype": "event", "event": found})

    def serve(self, contact: str, state: int) -> None:
        """Put a customer into a service state, as somebody may do in WeCom's own client."""
        self.platform.accounts[ACCOUNT].states[contact] = state

    def take(self, contact: str, servicer: str = "simulated-servicer") -> Push:
        """Return the call for a servicer who takes a customer out of WeCom's queue."""
        self.serve(contact, SERVED)
        told = {"change_type": 1, "new_servicer_userid": servicer, "msg_code": self._name()}
        return self.happen(contact, "session_status_change", **told)

    def release(self, contact: str, servicer: str = "simulated-servicer") -> Push:
        """Return the call for a servicer who ends what a customer has with them."""
        self.serve(contact, ENDED)
        told = {"change_type": 3, "old_servicer_userid": servicer, "msg_code": self._name()}
        return self.happen(contact, "session_status_change", **told)

    def carried(self, push: Push) -> str | None:
        """Return the id of the message that a call was made for."""
        _, item = self._unsaid.get(push.body, ("", {}))
        return item.get("msgid")

    def url_check(self, echo: str = "6112358132134") -> Push:
        """Return the check of the server URL, which is sealed."""
        return self._sealed("", echo, self.clock(), method="GET")

    def garbage(self, contact: str) -> Push:
        """Return the call for a senseless entry of the list, another kind each time."""
        odd: tuple[dict[str, Any], ...] = (
            {"msgtype": "text", "origin": CUSTOMER},
            {"msgtype": "text", "origin": CUSTOMER, "text": {"content": ["x"]}},
            {"msgtype": "location", "origin": CUSTOMER, "location": {"latitude": "north"}},
            {"msgtype": None, "origin": CUSTOMER},
            {"msgtype": "event", "origin": SYSTEM, "event": "enter_session"},
            {"msgtype": "text", "origin": "customer", "text": {"content": "x"}},
        )
        self._senseless += 1
        who = {"msgid": self._name(), "open_kfid": ACCOUNT, "external_userid": contact}
        return self._called(ACCOUNT, {**who, **odd[self._senseless % len(odd)]})

    def forged(self, contact: str, text: str) -> Push:
        """Return a call whose signature is wrong, and behind which there is no message."""
        push = self._call(ACCOUNT, self.clock())
        return push.changed(contact=contact, query={**push.query, "msg_signature": "0" * 40})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed call from an hour ago."""
        return self._call(ACCOUNT, self.clock() - timedelta(hours=1)).changed(contact=contact)

    def happened(self, push: Push) -> Push:
        """Let what a call was made for be in the list, if it is not yet; return the call."""
        account, item = self._unsaid.get(push.body, ("", {}))
        said = self.platform.accounts[account].said if account else []
        if account and not any(item is each for each in said):
            said.append(item)
            contact = item.get("external_userid")
            if item.get("origin") == CUSTOMER and contact:
                self.platform.open(account, contact)
        return push

    def unasked(self) -> int:
        """Return how many messages to the first account nobody has asked for."""
        account = self.platform.accounts[ACCOUNT]
        return len(account.said) - account.given

    def dropped(self) -> None:
        """Take back what was given last, until it is asked for anew."""
        for account in self.platform.accounts.values():
            account.given = account.asked

    def _called(self, account: str, item: dict[str, Any]) -> Push:
        item["send_time"] = int(self.clock().timestamp())
        push = self._call(account, self.clock()).changed(contact=item.get("external_userid", ""))
        self._unsaid[push.body] = (account, item)
        return push

    def _call(self, account: str, then: datetime) -> Push:
        token = f"call-{self._name()}"
        self.platform.note_call(token)
        told = {
            "ToUserName": self.platform.corp_id,
            "CreateTime": str(int(then.timestamp())),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": token,
            "OpenKfId": account,
        }
        leaves = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
        return self._sealed("", f"<xml>{leaves}</xml>", then)

    def _sealed(self, contact: str, content: str, then: datetime, method: str = "POST") -> Push:
        timestamp, nonce = str(int(then.timestamp())), str(self._next() % 1_000_000_000)
        whole = self._crypto.encrypt_message(content, nonce, timestamp)
        encrypted = whole.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        query = {
            "msg_signature": signature(self.token, timestamp, nonce, encrypted),
            "timestamp": timestamp,
            "nonce": nonce,
        }
        if method == "GET":
            return Push(contact, "GET", {**query, "echostr": encrypted})
        body = (
            f"<xml><ToUserName><![CDATA[{self.platform.corp_id}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        return Push(contact, query=query, headers={"content-type": "text/xml"}, body=body.encode())

    def _name(self) -> str:
        return f"sim{self._next()}"

    def _next(self) -> int:
        self._number += 1
        return self._number
