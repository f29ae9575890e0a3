"""From QQ's JSON to our words: nothing in it may surprise us."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
    Visibility,
)

Fields = Mapping[str, Any]

LONGEST_ID, LONGEST_KEY, KIND, MOST_FILES = 128, 200, 64, 20
EVENT = "event:"
"""How the id begins that answers an event and not a message."""
NAMES: Mapping[str, Literal["followed", "unfollowed", "blocked", "opened"]] = {
    "FRIEND_ADD": "followed",
    "FRIEND_DEL": "unfollowed",
    "C2C_MSG_REJECT": "blocked",
    "C2C_MSG_RECEIVE": "opened",
}
FILES: Mapping[str, Literal["image", "voice", "video"]] = {
    "image": "image",
    "audio": "voice",
    "voice": "voice",
    "video": "video",
}


class Unreadable(ValueError):
    """Genuine, but it makes no sense to us."""


def read(body: bytes) -> Fields:
    """Return the fields of a call.

    Raises:
        Unreadable: it is no call of the platform's.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no JSON") from error
    if not isinstance(fields, dict):
        raise Unreadable("is no JSON object")
    return fields


def parse(inbox: str, fields: Fields, now: datetime) -> IncomingMessage | None:
    """Translate a call; None for what says nothing of a customer.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        kind, given = str(fields["t"]), fields["d"]
        match kind:
            case "C2C_MESSAGE_CREATE" | "GROUP_AT_MESSAGE_CREATE" | "GROUP_MESSAGE_CREATE":
                return _message(inbox, given)
            case "INTERACTION_CREATE":
                return _tap(inbox, given, now)
            case "FRIEND_ADD" | "FRIEND_DEL" | "C2C_MSG_REJECT" | "C2C_MSG_RECEIVE":
                return _event(inbox, kind, fields, given)
            case _:
                return None
    except Unreadable:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def _message(inbox: str, given: Fields) -> IncomingMessage:
    message_id = _identifier(given, "id", LONGEST_KEY)
    found = tuple(_parts(given))
    return IncomingMessage(
        address=_address(inbox, given, given["author"]),
        dedupe_key=message_id,
        sent_at=_moment(given["timestamp"]),
        parts=found or (Unsupported(platform_kind=_kind(given)),),
        platform_id=message_id,
    )


def _tap(inbox: str, given: Fields, now: datetime) -> IncomingMessage:
    tap_id, button = _identifier(given, "id", LONGEST_KEY), given["data"]["resolved"]
    value = button.get("button_data") or button.get("button_id")
    if not isinstance(value, str) or not value:
        raise Unreadable("is a tap on nothing")
    then = given.get("timestamp")
    return IncomingMessage(
        address=_address(inbox, given, given),
        dedupe_key=f"{EVENT}{tap_id}",
        sent_at=_moment(then) if then is not None else now,
        parts=(Selection(value=value),),
        platform_id=f"{EVENT}{tap_id}",
    )


def _event(inbox: str, kind: str, fields: Fields, given: Fields) -> IncomingMessage:
    contact, then = _identifier(given, "openid"), given["timestamp"]
    event_id = str(fields.get("id") or f"{kind}:{contact}:{then}")[:LONGEST_KEY]
    return IncomingMessage(
        address=Address(inbox=inbox, thread=f"c2c:{contact}", contact=contact),
        dedupe_key=f"{EVENT}{event_id}",
        sent_at=_moment(then),
        parts=(ContactEvent(event=NAMES[kind]),),
        platform_id=f"{EVENT}{event_id}",
    )


def _address(inbox: str, given: Fields, author: Fields) -> Address:
    """A person in a group is a thread of its own: others' questions are not theirs."""
    if given.get("group_openid") is None:
        contact = _identifier(author, "user_openid")
        return Address(inbox=inbox, thread=f"c2c:{contact}", contact=contact)
    group = _identifier(given, "group_openid")
    name = "member_openid" if "member_openid" in author else "group_member_openid"
    contact = _identifier(author, name)
    return Address(
        inbox=inbox,
        thread=f"group:{group}:{contact}",
        contact=contact,
        visibility=Visibility.PUBLIC,
    )


def _parts(given: Fields) -> Iterator[Part]:
    words = given.get("content") or ""
    if not isinstance(words, str):
        raise Unreadable("has a senseless content")
    if words.strip():
        yield Text(text=words.strip() if given.get("group_openid") else words)
    files = given.get("attachments") or []
    if not isinstance(files, list):
        raise Unreadable("has senseless attachments")
    for file in files[:MOST_FILES]:
        yield _file(file)


def _file(file: Fields) -> Part:
    url, kind = file.get("url"), str(file.get("content_type") or "file")
    if not isinstance(url, str) or not url:
        return Unsupported(platform_kind=kind[:KIND])
    size, words = file.get("size"), file.get("asr_refer_text")
    name = file.get("filename")
    return Media(
        kind=FILES.get(kind.partition("/")[0], "file"),
        ref=url if "://" in url else f"https://{url.lstrip('/')}",
        name=name if isinstance(name, str) and name else None,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        transcript=words if isinstance(words, str) and words else None,
    )


def _kind(given: Fields) -> str:
    return str(given.get("message_type") or "message")[:KIND]


def _identifier(fields: Fields, name: str, longest: int = LONGEST_ID) -> str:
    found = fields.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= longest:
        raise Unreadable(f"has no {name}")
    return found


def _moment(told: object) -> datetime:
    """Read seconds since 1970, or a date with its zone."""
    if isinstance(told, int) and not isinstance(told, bool):
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=told)
    if isinstance(told, str) and told.isascii() and told.isdigit():
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(told[:LONGEST_ID]))
    then = datetime.fromisoformat(str(told))
    if then.tzinfo is None:
        raise Unreadable("has a time without its zone")
    return then
