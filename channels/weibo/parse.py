"""From Weibo's JSON to our words: nothing in it may surprise us."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

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

Fields = Mapping[str, Any]

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
NORTH, EAST = 90.0, 180.0
LONGEST_ID = 64
KIND = 64
"""Characters that we repeat of a kind's unknown name."""

_TIME = re.compile(r"\w{3} (\w{3}) (\d\d?) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})", re.ASCII)


class Unreadable(ValueError):
    """Genuine, but it makes no sense to us."""


def read(body: bytes) -> Fields:
    """Return the fields of a push.

    Raises:
        Unreadable: it is no message.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no JSON") from error
    if not isinstance(fields, dict):
        raise Unreadable("is no JSON object")
    return fields


def parse(inbox: str, fields: Fields) -> IncomingMessage:
    """Translate a push.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        contact = identifier(fields, "sender_id")
        return IncomingMessage(
            address=Address(inbox=inbox, thread=contact, contact=contact),
            dedupe_key=_dedupe_key(fields),
            sent_at=moment(fields["created_at"]),
            parts=(_part(fields),),
        )
    except Unreadable:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def is_mention(fields: Fields) -> bool:
    """Say whether a push only tells that a post named the account."""
    data = fields.get("data")
    subtype = data.get("subtype") if isinstance(data, dict) else None
    kind = fields.get("type")
    return kind == "mention" or (kind == "event" and subtype == "mention")


def identifier(fields: Fields, name: str) -> str:
    """Return the number of an account, which may come as a number or as text."""
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise Unreadable(f"has no {name}")
    if not 0 < len(str(found)) <= LONGEST_ID:
        raise Unreadable(f"has a senseless {name}")
    return str(found)


def _part(fields: Fields) -> Part:
    kind, data = fields["type"], fields.get("data")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("has no type")
    if kind == "event":
        return _event(data if isinstance(data, dict) else {})
    said = _MESSAGES.get(kind)
    return said(fields) if said else Unsupported(platform_kind=kind[:KIND])


def _text(fields: Fields) -> Part:
    return Text(text=fields["text"])


def _image(fields: Fields) -> Part:
    return Media(kind="image", ref=identifier(fields["data"], "tovfid"))


def _voice(fields: Fields) -> Part:
    return Media(kind="voice", ref=identifier(fields["data"], "tovfid"))


def _position(fields: Fields) -> Part:
    latitude, longitude = (float(fields["data"][name]) for name in ("latitude", "longitude"))
    if not (abs(latitude) <= NORTH and abs(longitude) <= EAST):
        raise Unreadable("is nowhere on earth")
    return Location(latitude=latitude, longitude=longitude, label=fields.get("text") or None)


_MESSAGES: Mapping[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "position": _position,
}


def _event(data: Fields) -> Part:
    subtype, key = str(data.get("subtype", "")), str(data.get("key") or "")
    match subtype:
        case "follow" | "subscribe" | "scan_follow":
            return ContactEvent(event="followed", context=key or None)
        case "unfollow" | "unsubscribe":
            return ContactEvent(event="unfollowed")
        case "scan" | "view":
            return ContactEvent(event="opened", context=key or None)
        case "click" if key:
            return Selection(value=key)
        case _:
            return Unsupported(platform_kind=f"event:{subtype[:KIND]}")


def moment(created_at: str) -> datetime:
    """Read `Mon Jul 16 18:09:20 +0800 2012`, whatever the machine's language."""
    found = _TIME.fullmatch(created_at)
    if found is None:
        raise Unreadable("has no created_at")
    month, day, time, zone, year = found.groups()
    return datetime.fromisoformat(
        f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}T{time}{zone[:3]}:{zone[3:]}"
    )


def _dedupe_key(fields: Fields) -> str:
    """Weibo numbers no message, and its times count seconds: all that was said is the key."""
    names = ("type", "sender_id", "receiver_id", "created_at", "text", "data")
    told = json.dumps([fields.get(name) for name in names], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
