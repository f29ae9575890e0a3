"""From WeChat's XML to our words: nothing in it may surprise us.

A guard of our own reads the XML first (flat, no attributes, no document types, nothing
twice); only then wechatpy may look at it, which fails in untyped ways on the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

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
from channels.wechat.crypto import Unreadable

Fields = Mapping[str, str]
Told = Any
"""A message of wechatpy, which has no types."""

DEEPEST = 8
"""Levels of elements; WeChat's deepest message has five."""

LONGEST_KEY = 128
"""Characters of an openid or a message id; real ones have 28 and 17."""

KIND = 64
"""Characters that we repeat of a kind's unknown name."""

_UNHEARD = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF} - {9, 10, 13})
NORTH, EAST = 90.0, 180.0

NOTICES = frozenset(
    {
        "kf_close_session",
        "kf_create_session",
        "kf_switch_session",
        "location",
        "masssendjobfinish",
        "subscribe_msg_change_event",
        "subscribe_msg_popup_event",
        "subscribe_msg_sent_event",
        "templatesendjobfinish",
    }
)
"""Events that are no doing of a customer towards us, and call for no answer."""


class _Guard:
    """Collects the leaves under the root, and refuses what WeChat never sends."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes or len(self._path) >= DEEPEST:
            raise Unreadable("has attributes or too many levels")
        if len(self._path) == 1 and name in self.fields:
            raise Unreadable(f"says {name[:40]} twice")
        self._path.append(name)
        self._text.clear()

    def _end(self, name: str) -> None:
        self._path.pop()
        if len(self._path) == 1:
            self.fields[name] = "".join(self._text).strip()
        self._text.clear()

    def _doctype(self, *_: object) -> None:
        raise Unreadable("brings a document type")


def legible(xml: str) -> str:
    """Return a push without the characters that XML cannot hold; some phones send them."""
    return xml.translate(_UNHEARD)


def read(xml: str) -> Fields:
    """Return the fields of a message.

    Raises:
        Unreadable: it is no message, or a trap.
    """
    guard = _Guard()
    try:
        guard.parser.Parse(xml.encode("utf-8", "replace"), True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise Unreadable("is no XML") from error
    for name in ("ToUserName", "FromUserName", "CreateTime", "MsgType"):
        if not guard.fields.get(name):
            raise Unreadable(f"has no {name}")
    return guard.fields


def parse(inbox: str, xml: str, fields: Fields) -> IncomingMessage | None:
    """Translate a message that passed `read`; None for a notice without a customer.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        part = _part(parse_message(xml), fields)
        if part is None:
            return None
        contact = _short(fields["FromUserName"])
        return IncomingMessage(
            address=Address(inbox=inbox, thread=contact, contact=contact),
            dedupe_key=_dedupe_key(fields),
            sent_at=datetime.fromtimestamp(int(fields["CreateTime"]), UTC),
            parts=(part,),
            platform_id=_short(fields.get("MsgId", "")) or None,
        )
    except Unreadable:
        raise
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


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
        return _short(number)
    names = ("FromUserName", "CreateTime", "MsgType", "Event", "EventKey")
    if fields["MsgType"].lower() != "event":
        names = ("FromUserName", "CreateTime", "MsgType", "Content", "MediaId")
    told = "\0".join(fields.get(name, "") for name in names)
    return hashlib.sha256(told.encode()).hexdigest()


def _short(key: str) -> str:
    if len(key) > LONGEST_KEY:
        raise Unreadable("has an id that is far too long")
    return key
