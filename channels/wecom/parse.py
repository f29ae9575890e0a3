"""From what `sync_msg` lists to our words: customers, the system, and servicers of WeCom's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from channels.base import Bounced
from channels.errors import Blocked, ChannelError, QuotaUsed, Refused, WindowClosed
from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.tencent.leaves import short
from channels.tencent.seal import Unreadable
from channels.wecom.msgid import delivery_of

Fields = Mapping[str, Any]

CUSTOMER, SYSTEM, SERVICER = 3, 4, 5
"""Who a message is from; 5 is a person who writes in WeCom's own client, and is not answered."""
KIND = 64
"""Characters that we repeat of a kind's unknown name."""
NORTH, EAST = 90.0, 180.0

NOTICES = frozenset({"servicer_status_change", "servicer_recall_msg"})
"""Events that are no doing of a customer, and call for no answer."""

FAILS: Mapping[int, ChannelError] = {
    1: Refused("the customer-service account was deleted"),
    2: Refused("the app was closed"),
    4: WindowClosed("the customer wrote more than 48 hours ago"),
    5: WindowClosed("the session was closed"),
    6: QuotaUsed("five messages were sent since the customer wrote"),
    8: Refused("the company is not verified"),
    10: Blocked("the customer refuses messages"),
    11: Refused("no member of the company has signed in to the app"),
    12: Refused("this kind of message is forbidden"),
    13: Refused("held back for safety"),
}
"""Why a message that was taken did not arrive (fail_type)."""


BY_OTHERS = frozenset({"served", "released"})
"""What is no doing of the customer's."""
OVER = 3
"""What `change_type` says of a session that ended; any other says that a servicer has it now."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who may be greeted before they wrote, and with what code, for some seconds."""

    thread: str
    code: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What one entry of the list means; all None: nothing that concerns us."""

    at: datetime
    message: IncomingMessage | None = None
    bounced: Bounced | None = None
    welcome: Welcome | None = None


def thread_of(account: str, contact: str) -> str:
    """Return the thread of a customer with one of the company's accounts."""
    return f"{account}:{contact}"


def read(inbox: str, item: object) -> Heard:
    """Translate one entry.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        return _read(inbox, _fields(item))
    except Unreadable:
        raise
    except (KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def _read(inbox: str, item: Fields) -> Heard:
    at, kind, origin = _moment(item["send_time"]), _word(item, "msgtype"), item.get("origin")
    if kind == "event":
        return _event(inbox, item, _fields(item["event"]), at)
    if origin == SERVICER:
        return Heard(at)
    if origin != CUSTOMER:
        raise Unreadable("is from nobody we know of")
    said = _KINDS.get(kind)
    part = said(_fields(item[kind])) if said else Unsupported(platform_kind=kind[:KIND])
    return Heard(at, _message(inbox, item, item, part, at))


def _event(inbox: str, item: Fields, event: Fields, at: datetime) -> Heard:
    kind = _word(event, "event_type")
    if kind in NOTICES or not event.get("external_userid"):
        return Heard(at)
    if kind == "msg_send_fail":
        return Heard(at, bounced=_bounced(event))
    meant = _EVENTS.get(kind)
    part = meant(event) if meant else Unsupported(platform_kind=f"event:{kind[:KIND]}")
    if part is None:
        return Heard(at)
    message = _message(inbox, item, event, part, at)
    code = event.get("welcome_code")
    greets = kind == "enter_session" and isinstance(code, str) and code
    welcome = Welcome(message.address.thread, short(code)) if greets and code else None
    return Heard(at, message, welcome=welcome)


def _message(inbox: str, item: Fields, whose: Fields, part: Part, at: datetime) -> IncomingMessage:
    contact, number = short(_word(whose, "external_userid")), item.get("msgid")
    thread = thread_of(short(_word(whose, "open_kfid")), contact)
    platform_id = short(number) if isinstance(number, str) and number else None
    return IncomingMessage(
        address=Address(inbox=inbox, thread=thread, contact=contact),
        dedupe_key=platform_id or _digest(item),
        sent_at=at,
        parts=(part,),
        platform_id=platform_id,
        automatic=isinstance(part, ContactEvent) and part.event in BY_OTHERS,
    )


def _bounced(event: Fields) -> Bounced | None:
    delivery = delivery_of(_word(event, "fail_msgid"))
    if delivery is None:
        return None
    kind = event.get("fail_type")
    known = FAILS.get(kind) if isinstance(kind, int) else None
    error = known or Refused("for a reason that WeCom does not say")
    told = f"WeCom says that it did not arrive: {error} ({kind if known else 'unknown'})"
    return Bounced(delivery, type(error)(told))


def _text(said: Fields) -> Part:
    words, tapped = _word(said, "content"), said.get("menu_id")
    if isinstance(tapped, str) and tapped:
        return Selection(value=tapped, label=words)
    return Text(text=words)


def _media(kind: str) -> Callable[[Fields], Part]:
    def found(said: Fields) -> Part:
        return Media.model_validate({"kind": kind, "ref": _word(said, "media_id")})

    return found


def _location(said: Fields) -> Part:
    latitude, longitude = float(said["latitude"]), float(said["longitude"])
    if not (abs(latitude) <= NORTH and abs(longitude) <= EAST):
        raise Unreadable("is nowhere on earth")
    label = _lines(said, "name", "address")
    return Location(latitude=latitude, longitude=longitude, label=label or None)


def _link(said: Fields) -> Part:
    return Text(text=_lines(said, "title", "url"))


def _card(said: Fields) -> Part:
    return Text(text=_lines(said, "title", "pagepath"))


def _entered(event: Fields) -> Part:
    scene, param = event.get("scene"), event.get("scene_param")
    told = [scene if isinstance(scene, str) else ""]
    told.append(unquote_plus(param) if isinstance(param, str) else "")
    return ContactEvent(event="opened", context=" ".join(filter(None, told)) or None)


def _recalled(event: Fields) -> Part:
    return ContactEvent(event="recalled", context=short(_word(event, "recall_msgid")))


def _session(event: Fields) -> Part:
    if event.get("change_type") == OVER:
        return ContactEvent(event="released")
    return ContactEvent(event="served", context=short(_word(event, "new_servicer_userid")))


def _refused(event: Fields) -> Part | None:
    return ContactEvent(event="blocked") if event.get("reject_switch") == 1 else None


_KINDS: Mapping[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image": _media("image"),
    "voice": _media("voice"),
    "video": _media("video"),
    "file": _media("file"),
    "location": _location,
    "link": _link,
    "miniprogram": _card,
}

_EVENTS: Mapping[str, Callable[[Fields], Part | None]] = {
    "enter_session": _entered,
    "session_status_change": _session,
    "user_recall_msg": _recalled,
    "reject_customer_msg_switch_change": _refused,
}


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise Unreadable("is no object")
    return value


def _word(fields: Fields, name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str) or not found:
        raise Unreadable(f"has no {name}")
    return found


def _lines(fields: Fields, *names: str) -> str:
    found = [fields.get(name) for name in names]
    return "\n".join(line for line in found if isinstance(line, str) and line)


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise Unreadable("has no send_time")
    return datetime.fromtimestamp(seconds, UTC)


def _digest(item: Fields) -> str:
    told = json.dumps(item, sort_keys=True).encode()
    return f"event:{hashlib.sha256(told).hexdigest()}"
