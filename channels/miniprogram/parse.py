"""From a mini program's pushes, XML or JSON as its console says, to our words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Media,
    Part,
    Text,
    Unsupported,
)
from channels.tencent import consents, leaves
from channels.tencent.leaves import Fields, short
from channels.tencent.seal import Unreadable

NEEDED = ("ToUserName", "FromUserName", "CreateTime", "MsgType")
"""What every push says."""
NAMELESS: Mapping[str, str] = {}
"""Notices of which nothing is known."""
KIND = 64
"""Characters that we repeat of a kind's unknown name."""


def read(content: str) -> Fields:
    """Return the fields of a push.

    Raises:
        Unreadable: it is no push, or a trap.
    """
    if not content.lstrip().startswith("{"):
        return leaves.read(content, NEEDED)
    try:
        found = json.loads(content, object_pairs_hook=_once)
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no JSON") from error
    fields = {name: str(value) for name, value in found.items() if _is_plain(value)}
    for name in NEEDED:
        if not fields.get(name):
            raise Unreadable(f"has no {name}")
    return fields


def parse(
    inbox: str, content: str, fields: Fields, notices: Mapping[str, str] = NAMELESS
) -> IncomingMessage | None:
    """Translate a push that passed `read`; None for one that is no doing of a customer's.

    `notices` has what people read of the account's notices, by their templates.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    parts = _parts(content, fields, notices)
    if not parts:
        return None
    try:
        sent_at = datetime.fromtimestamp(int(fields["CreateTime"]), UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise Unreadable(f"has no sensible time ({type(error).__name__})") from error
    contact = short(fields["FromUserName"])
    return IncomingMessage(
        address=Address(inbox=inbox, thread=contact, contact=contact),
        dedupe_key=_dedupe_key(fields),
        sent_at=sent_at,
        parts=parts,
        platform_id=short(fields.get("MsgId", "")) or None,
    )


def _parts(content: str, fields: Fields, notices: Mapping[str, str]) -> tuple[Part, ...]:
    event = fields.get("Event") if fields["MsgType"] == "event" else None
    if event in consents.NOTICES:
        agrees = event in consents.AGREEMENTS
        return consents.agreements(consents.items_of(content), notices) if agrees else ()
    return (_part(fields),)


def _part(fields: Fields) -> Part:
    kind = fields["MsgType"]
    if kind == "event":
        event = fields.get("Event", "")
        if event == "user_enter_tempsession":
            return ContactEvent(event="opened", context=fields.get("SessionFrom") or None)
        return Unsupported(platform_kind=f"event:{event[:KIND]}")
    said = _KINDS.get(kind)
    return said(fields) if said else Unsupported(platform_kind=kind[:KIND])


def _text(fields: Fields) -> Part:
    return Text(text=fields.get("Content", ""))


def _image(fields: Fields) -> Part:
    if not fields.get("MediaId"):
        raise Unreadable("has no MediaId")
    return Media(kind="image", ref=fields["MediaId"])


def _card(fields: Fields) -> Part:
    told = (fields.get("Title"), fields.get("PagePath"))
    return Text(text="\n".join(filter(None, told)))


_KINDS: Mapping[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image": _image,
    "miniprogrampage": _card,
}


def _dedupe_key(fields: Fields) -> str:
    if (number := fields.get("MsgId", "")).strip("0"):
        return short(number)
    names = ("FromUserName", "CreateTime", "MsgType", "Event", "SessionFrom", "Content", "MediaId")
    told = "\0".join(fields.get(name, "") for name in names)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("says something twice")
    return found


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
