"""From what was said in public to our words: comments, and posts that name us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from channels.message import Address, IncomingMessage, Post, Text, Visibility, clean
from channels.weibo.parse import Unreadable, moment

Place = Literal["comments", "comment_mentions", "mentions"]
"""Where we are spoken to: under our posts, in comments that name us, in posts that name us."""

EXCERPT = 140
"""Characters of a post that tell which one it is."""
POST_URL = "https://m.weibo.cn/status/"
COMMENT, STATUS = "comment:", "status:"
"""How the name of what is answered begins: a comment, or a post."""

_DIGITS = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_ADDRESSED = re.compile(
    r"\s*(?:回复\s*@[\w\-·]{1,40}\s*[:：]|@[\w\-·]{1,40}(?=[\s:：,，。!！?？]|$)[:：,，]?)\s*"
)


def thread_of(post: str, contact: str) -> str:
    """Return the thread of one person under one post."""
    return f"post:{post}:{contact}"


def post_of(thread: str) -> str | None:
    """Return the post that a public thread is held under."""
    match thread.split(":"):
        case ["post", post, _] if _DIGITS.fullmatch(post):
            return post
        case _:
            return None


def number_of(item: object) -> int | None:
    """Return an item's number, by which the platform orders them; None if it has none."""
    try:
        return int(_number(item)) if isinstance(item, Mapping) else None
    except Unreadable:
        return None


def read(inbox: str, own: str, place: Place, item: object) -> IncomingMessage | None:
    """Translate what somebody said; None for what we said ourselves.

    Raises:
        Unreadable: a field that it needs is missing or senseless.
    """
    if not isinstance(item, Mapping):
        raise Unreadable("is no JSON object")
    try:
        contact = _number(item.get("user"))
        return None if contact == own else _message(inbox, contact, place, item)
    except Unreadable:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unreadable(f"cannot be understood ({type(error).__name__})") from error


def _message(inbox: str, contact: str, place: Place, item: Mapping[str, Any]) -> IncomingMessage:
    number = _number(item)
    post = item if place == "mentions" else item["status"]
    name = f"{STATUS if place == 'mentions' else COMMENT}{number}"
    return IncomingMessage(
        address=Address(
            inbox=inbox,
            thread=thread_of(_number(post), contact),
            contact=contact,
            visibility=Visibility.PUBLIC,
        ),
        dedupe_key=name,
        platform_id=name,
        sent_at=moment(item["created_at"]),
        parts=(Text(text=_said(item["text"])),),
        contact_name=_name(item["user"]),
        about=_about(post),
    )


def _number(item: object) -> str:
    """Return the number of a person, a comment or a post: as text, since JavaScript rounds it."""
    known = item if isinstance(item, Mapping) else {}
    for field in ("idstr", "id", "mid"):
        found = known.get(field)
        if isinstance(found, int | str) and not isinstance(found, bool):
            if _DIGITS.fullmatch(str(found)[:21]):
                return str(found)
            break
    raise Unreadable("has no number")


def _said(text: object) -> str:
    """Return what was said without whom it was said to, where anything else was said."""
    if not isinstance(text, str):
        raise Unreadable("has no words")
    said, start = str(clean(text)), 0
    while found := _ADDRESSED.match(said, start):
        start = found.end()
    return said[start:].strip() or said


def _name(user: Mapping[str, Any]) -> str | None:
    found = user.get("screen_name")
    return found[:EXCERPT] if isinstance(found, str) and found else None


def _about(post: Mapping[str, Any]) -> Post:
    """Return what tells which post it is; of a forwarded one also what was forwarded."""
    texts = [post.get("text")]
    if isinstance(forwarded := post.get("retweeted_status"), Mapping):
        texts.append(forwarded.get("text"))
    text = " // ".join(" ".join(found.split()) for found in texts if isinstance(found, str))
    author = post.get("user")
    return Post(
        text=text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…",
        author=_name(author) if isinstance(author, Mapping) else None,
        url=f"{POST_URL}{_number(post)}",
    )
