"""From Douyin's JSON to our words: nothing in it may surprise us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Part,
    Text,
    Unsupported,
    Visibility,
)

Fields = Mapping[str, Any]

LONGEST_ID, KIND, NAME = 256, 64, 100
ENTERED, COMMENT = "enter:", "comment:"
"""How the name of what is answered begins when it is no message: a visit, or a comment."""
TALK, ITEM = "im:", "item:"
"""How the name of a thread begins: a private talk, or one person under one video."""
MILLISECONDS = 100_000_000_000
"""A time from here on counts milliseconds: messages do, comments count seconds."""

_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)
_ID = re.compile(r"[\w@+/=\-.]+", re.ASCII)


class Unreadable(ValueError):
    """Genuine, but it makes no sense to us."""


def read(body: bytes) -> Fields:
    """Return the fields of a push.

    Raises:
        Unreadable: it is no push of the platform's.
    """
    found = _json(body)
    if not isinstance(found, dict):
        raise Unreadable("is no JSON object")
    return found


def challenge(fields: Fields) -> int | str | None:
    """Return what the check of our address wants to read again; None if this is no check."""
    if fields.get("event") != "verify_webhook":
        return None
    found = _content(fields).get("challenge")
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise Unreadable("has no challenge")
    return found


def concerns(fields: Fields, own: str) -> bool:
    """Say whether a push is about this account: an app may serve several with one address."""
    return own in (fields.get("to_user_id"), fields.get("from_user_id"))


def parse(inbox: str, own: str, fields: Fields, *, comments: bool) -> IncomingMessage | None:
    """Translate a push; None for what no customer did, our own messages above all.

    Raises:
        Unreadable: a field that its kind needs is missing or senseless.
    """
    try:
        match fields["event"]:
            case "item_comment_reply":
                return _comment(inbox, own, _content(fields)) if comments else None
            case "im_receive_msg" | "im_enter_direct_msg" | "im_recall_msg" as event:
                return _private(inbox, own, event, fields)
            case _:
                return None
    except Unreadable:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def talk_of(thread: str) -> str | None:
    """Return the conversation that a private thread is; None if it is none."""
    return thread.removeprefix(TALK) if thread.startswith(TALK) else None


def item_of(thread: str) -> str | None:
    """Return the video that a public thread is held under; None if it is none."""
    match thread.split(":"):
        case ["item", item, _] if item:
            return item
        case _:
            return None


def _private(inbox: str, own: str, event: str, fields: Fields) -> IncomingMessage | None:
    contact, content = _identifier(fields, "from_user_id"), _content(fields)
    if contact == own:
        return None
    message_id = _identifier(content, "server_message_id")
    address = Address(
        inbox=inbox,
        thread=f"{TALK}{_identifier(content, 'conversation_short_id')}",
        contact=contact,
    )
    name = f"{ENTERED}{message_id}" if event == "im_enter_direct_msg" else message_id
    return IncomingMessage(
        address=address,
        # Msg-Id is not signed: who repeats a call under another one must not be heard twice.
        dedupe_key=f"{event}:{message_id}",
        sent_at=_moment(content["create_time"]),
        parts=(_part(event, content, message_id),),
        contact_name=_name(content.get("user_infos"), contact),
        platform_id=None if event == "im_recall_msg" else name,
    )


def _part(event: str, content: Fields, message_id: str) -> Part:
    if event == "im_enter_direct_msg":
        return ContactEvent(event="opened")
    if event == "im_recall_msg":
        return ContactEvent(event="recalled", context=message_id)
    kind = content["message_type"]
    if not isinstance(kind, str) or not kind:
        raise Unreadable("has no message_type")
    if kind != "text":
        return Unsupported(platform_kind=kind[:KIND])
    words = content["text"]
    if not isinstance(words, str):
        raise Unreadable("has a senseless text")
    return Text(text=words)


def _comment(inbox: str, own: str, content: Fields) -> IncomingMessage | None:
    contact = _identifier(content, "comment_user_id")
    if contact == own:
        return None
    item, number = _identifier(content, "reply_to_item_id"), _identifier(content, "comment_id")
    words = content["content"]
    if not isinstance(words, str):
        raise Unreadable("has no words")
    return IncomingMessage(
        address=Address(
            inbox=inbox,
            thread=f"{ITEM}{item}:{contact}",
            contact=contact,
            visibility=Visibility.PUBLIC,
        ),
        dedupe_key=f"{COMMENT}{number}",
        sent_at=_moment(content["create_time"]),
        parts=(Text(text=words),),
        platform_id=f"{COMMENT}{number}",
    )


def _content(fields: Fields) -> Fields:
    """Return what happened, which comes as an object or as text that holds one."""
    found = fields.get("content")
    if isinstance(found, str):
        found = _json(found)
    if not isinstance(found, dict):
        raise Unreadable("has no content")
    return found


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no JSON") from error


def _identifier(fields: Fields, name: str) -> str:
    """Return a name that the platform gave; a colon in it would make two threads one."""
    found = fields.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63:
        return str(found)
    if not isinstance(found, str) or len(found) > LONGEST_ID or not _ID.fullmatch(found):
        raise Unreadable(f"has no {name}")
    return found


def _name(users: object, contact: str) -> str | None:
    for user in users if isinstance(users, list) else ():
        if isinstance(user, dict) and user.get("open_id") == contact:
            found = user.get("nick_name")
            return found[:NAME] if isinstance(found, str) and found.strip() else None
    return None


def _moment(told: object) -> datetime:
    """Read seconds or milliseconds since 1970."""
    if isinstance(told, bool) or not _DIGITS.fullmatch(f"{told}"[:17]):
        raise Unreadable("has no create_time")
    number = int(f"{told}")
    return datetime.fromtimestamp(0, UTC) + (
        timedelta(milliseconds=number) if number >= MILLISECONDS else timedelta(seconds=number)
    )
