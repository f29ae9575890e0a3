"""From our words to the JSON that Douyin takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.douyin.parse import COMMENT, ENTERED, talk_of
from channels.errors import Refused, TooLong, WindowClosed
from channels.message import OutgoingMessage, Part
from channels.text import plain, split

TEXT_LIMIT = 1000
"""Characters of one private message; a third-party figure."""
MOST_COMMENTS = 5
"""How many comments one answer may be: others read along."""
TEXT = 1
"""The platform's number for a message of words."""


def pieces(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return `parts` as texts of a size that Douyin takes."""
    return split(plain(parts).strip(), TEXT_LIMIT)


def comments(parts: Sequence[Part], limit: int) -> tuple[str, ...]:
    """Return `parts` as comments of at most `limit` characters.

    Raises:
        TooLong: it would be too many.
    """
    found = split(plain(parts).strip(), limit)
    if len(found) > MOST_COMMENTS:
        raise TooLong(f"more than {MOST_COMMENTS} comments of {limit} characters hold")
    return found


def heading(message: OutgoingMessage) -> dict[str, Any]:
    """Return where a private message goes, and which one of the customer's it answers.

    Raises:
        WindowClosed: it answers none, and Douyin takes answers only.
    """
    talk, answered = talk_of(message.address.thread), message.reply_to or ""
    if talk is None:
        raise Refused("not a talk of Douyin's")
    if not answered or answered.startswith(COMMENT):
        raise WindowClosed("Douyin takes answers only, and there is nothing to answer here")
    entered = answered.startswith(ENTERED)
    return {
        "msg_id": answered.removeprefix(ENTERED),
        "conversation_id": talk,
        "to_user_id": message.address.contact,
        "scene": "im_enter_direct_msg" if entered else "im_reply_msg",
    }


def said(text: str) -> dict[str, Any]:
    """Return a private message's words."""
    return {"content": {"msg_type": TEXT, "text": {"text": text}}}
