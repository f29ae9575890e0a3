"""From our words to what WeChat takes: API bodies for active replies, XML for passive ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from wechatpy.replies import TextReply

from channels.message import Choices, OutgoingMessage, Part, Text
from channels.text import length, plain, split

TEXT_LIMIT = 2048
"""Bytes of one text."""

MOST_ITEMS, HEAD_LIMIT, LABEL_LIMIT, ID_LIMIT = 10, 1024, 128, 64
"""A menu's items, and the bytes of its heading, of one item and of what an item sends back."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Body = dict[str, Any]
"""What the customer-service API takes, still without its addressee."""


def bodies(parts: Sequence[Part]) -> tuple[Body, ...]:
    """Return `parts` in as few messages as possible, since the platform counts them."""
    return tuple(_bodies(parts))


def _bodies(parts: Sequence[Part]) -> Iterator[Body]:
    waiting: list[Part] = []
    for part in parts:
        if not (isinstance(part, Choices) and _is_menu(part)):
            waiting.append(part)
            continue
        head = plain((*waiting, Text(text=part.prompt)))
        if length(head, "bytes") > HEAD_LIMIT:
            yield from _texts(waiting)
            head = part.prompt
        waiting = []
        yield _menu(head, part)
    yield from _texts(waiting)


def has_menu(parts: Sequence[Part]) -> bool:
    """Say whether there is something to tap in it, which a passive reply cannot hold."""
    return any(isinstance(part, Choices) and _is_menu(part) for part in parts)


def _texts(parts: Sequence[Part]) -> Iterator[Body]:
    for piece in split(plain(parts).strip(), TEXT_LIMIT, "bytes"):
        yield {"msgtype": "text", "text": {"content": piece}}


def _menu(head: str, choices: Choices) -> Body:
    items = [{"id": option.value, "content": option.label} for option in choices.options]
    return {
        "msgtype": "msgmenu",
        "msgmenu": {"head_content": head, "list": items, "tail_content": ""},
    }


def _is_menu(choices: Choices) -> bool:
    return (
        0 < len(choices.options) <= MOST_ITEMS
        and 0 < length(choices.prompt, "bytes") <= HEAD_LIMIT
        and all(
            0 < length(option.label, "bytes") <= LABEL_LIMIT
            and 0 < length(option.value, "bytes") <= ID_LIMIT
            for option in choices.options
        )
    )


def fit(message: OutgoingMessage) -> tuple[OutgoingMessage, OutgoingMessage | None]:
    """Split `message` into what one passive reply holds, and the rest."""
    words = plain(message.parts).strip()
    pieces = split(words, TEXT_LIMIT, "bytes")
    if len(pieces) <= 1:
        return message, None
    rest = words[len(pieces[0]) :].lstrip()
    return _saying(message, pieces[0]), _saying(message, rest)


def _saying(message: OutgoingMessage, words: str) -> OutgoingMessage:
    return message.model_copy(update={"parts": (Text(text=words),)})


def reply(message: OutgoingMessage, account: str, now: datetime) -> str:
    """Return the XML of a passive reply from `account`; empty when there is nothing to say."""
    words = plain(message.parts).strip()
    if not words:
        return ""
    rendered: str = TextReply(
        source=_inside(account),
        target=_inside(message.address.contact),
        content=_inside(words),
        time=int(now.timestamp()),
    ).render()
    return rendered


def _inside(text: str) -> str:
    """Make `text` safe within CDATA, which wechatpy does not; drop what XML cannot hold."""
    return _ILLEGAL.sub("", text).replace("]]>", "]]]]><![CDATA[>")
