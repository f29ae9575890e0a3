"""From WeChat's XML to our words: nothing in it may surprise us.

A guard of our own reads the XML first (flat, no attributes, no document types, nothing
twice); only then wechatpy may look at it, which fails in untyped ways on the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wechatpy import parse_message

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
from channels.tencent import consents, leaves
from channels.tencent.leaves import Fields, short
from channels.tencent.seal import Unreadable

Told = Any
"""A message of wechatpy, which has no types."""

NEEDED = ("ToUserName", "FromUserName", "CreateTime", "MsgType")
"""What every push says."""

KIND = 64
"""Characters that we repeat of a kind's unknown name."""

NORTH, EAST = 90.0, 180.0

RESULT = "templatesendjobfinish"
"""The event that says what became of a template message."""
NOTICES = frozenset(
    {
        "kf_close_session",
        "kf_create_session",
        "kf_switch_session",
        "location",
        "masssendjobfinish",
        "templatesendjobfinish",
    }
)
"""Events that are no doing of a customer towards us, and call for no answer."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the account's own things are called."""

    menu: Mapping[str, str] = field(default_factory=dict)
    """What stands on the entries of its menu, by what a tap sends."""
    notices: Mapping[str, str] = field(default_factory=dict)
    """What people read of its notices, by their templates."""


UNNAMED = Names()


def read(xml: str) -> Fields:
    """Return the fields of a message.

    Raises:
        Unreadable: it is no message, or a trap.
    """
    return leaves.read(xml, NEEDED)


def parse(inbox: str, xml: str, fields: Fields, names: Names = UNNAMED) -> IncomingMessage | None:
    """Translate a message that passed `read`; None for a notice without a customer.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        parts = _parts(xml, fields, names)
        if not parts:
            return None
        contact = short(fields["FromUserName"])
        return IncomingMessage(
            address=Address(inbox=inbox, thread=contact, contact=contact),
            dedupe_key=_dedupe_key(fields),
            sent_at=datetime.fromtimestamp(int(fields["CreateTime"]), UTC),
            parts=parts,
            platform_id=short(fields.get("MsgId", "")) or None,
        )
    except Unreadable:
        raise
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def _parts(xml: str, fields: Fields, names: Names) -> tuple[Part, ...]:
    if fields.get("Event", "").lower() in consents.AGREEMENTS:
        return consents.agreements(consents.items_of(xml), names.notices)
    part = _part(parse_message(xml), fields)
    if isinstance(part, Selection) and part.label is None:
        part = Selection(value=part.value, label=names.menu.get(part.value))
    return () if part is None else (part,)


def _part(message: Told, fields: Fields) -> Part | None:
    kind = fields["MsgType"].lower()
    if kind == "event":
        event = fields.get("Event", "")
        if event.lower() in NOTICES:
            return None
        meant = _EVENTS.get(event.lower())
        return (
            meant(message, fields) if meant else Unsupported(platform_kind=f"event:{event[:KIND]}")
        )
    said = _MESSAGES.get(kind)
    return said(message, fields) if said else Unsupported(platform_kind=fields["MsgType"][:KIND])


def _text(message: Told, fields: Fields) -> Part:
    if tapped := fields.get("bizmsgmenuid"):
        return Selection(value=tapped, label=message.content)
    return Text(text=message.content or "")


def _image(message: Told, _: Fields) -> Part:
    return Media(kind="image", ref=message.media_id)


def _voice(message: Told, _: Fields) -> Part:
    return Media(kind="voice", ref=message.media_id, transcript=message.recognition)


def _video(message: Told, _: Fields) -> Part:
    return Media(kind="video", ref=message.media_id)


def _location(message: Told, _: Fields) -> Part:
    latitude, longitude = float(message.location_x), float(message.location_y)
    if not (abs(latitude) <= NORTH and abs(longitude) <= EAST):
        raise Unreadable("is nowhere on earth")
    return Location(latitude=latitude, longitude=longitude, label=message.label)


def _link(message: Told, _: Fields) -> Part:
    return Text(text="\n".join(filter(None, (message.title, message.url))))


def _card(_: Told, fields: Fields) -> Part:
    told = (fields.get("Title"), fields.get("PagePath"))
    words = "\n".join(filter(None, told))
    return Text(text=words) if words else Unsupported(platform_kind="miniprogrampage")


def _followed(_: Told, fields: Fields) -> Part:
    scene = fields.get("EventKey", "").removeprefix("qrscene_")
    return ContactEvent(event="followed", context=scene or None)


def _unfollowed(_: Told, __: Fields) -> Part:
    return ContactEvent(event="unfollowed")


def _scanned(message: Told, _: Fields) -> Part:
    return ContactEvent(event="opened", context=message.scene_id)


def _clicked(message: Told, _: Fields) -> Part:
    return Selection(value=message.key)


def _viewed(_: Told, fields: Fields) -> Part:
    return ContactEvent(event="opened", context=fields.get("EventKey") or None)


def _entered(_: Told, fields: Fields) -> Part:
    return ContactEvent(event="opened", context=fields.get("SessionFrom") or None)


_Meaning = Callable[[Told, Fields], Part]

_MESSAGES: Mapping[str, _Meaning] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
    "miniprogrampage": _card,
}

_EVENTS: Mapping[str, _Meaning] = {
    "subscribe": _followed,
    "unsubscribe": _unfollowed,
    "scan": _scanned,
    "click": _clicked,
    "view": _viewed,
    "view_miniprogram": _viewed,
    "user_enter_tempsession": _entered,
}


def _dedupe_key(fields: Fields) -> str:
    if (number := fields.get("MsgId", "")).strip("0"):
        return short(number)
    names = ("FromUserName", "CreateTime", "MsgType", "Event", "EventKey")
    if fields["MsgType"].lower() != "event":
        names = ("FromUserName", "CreateTime", "MsgType", "Content", "MediaId")
    told = "\0".join(fields.get(name, "") for name in names)
    return hashlib.sha256(told.encode()).hexdigest()
