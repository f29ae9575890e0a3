"""From our words to what Weibo takes: form fields for active replies, JSON for passive ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from channels.message import OutgoingMessage, Part, Text
from channels.text import plain, split

TEXT_LIMIT = 299
"""Characters of one text; the platform asks for fewer than 300."""


def data(text: str) -> str:
    """Return a text as the platform's compact JSON."""
    return json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":"))


def pieces(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return `parts` as texts of a size that Weibo takes."""
    return split(plain(parts).strip(), TEXT_LIMIT)


def fit(message: OutgoingMessage) -> tuple[OutgoingMessage, OutgoingMessage | None]:
    """Split `message` into what one passive reply holds, and the rest."""
    words = plain(message.parts).strip()
    found = split(words, TEXT_LIMIT)
    if len(found) <= 1:
        return message, None
    rest = words[len(found[0]) :].lstrip()
    return _saying(message, found[0]), _saying(message, rest)


def _saying(message: OutgoingMessage, words: str) -> OutgoingMessage:
    return message.model_copy(update={"parts": (Text(text=words),)})


def reply(message: OutgoingMessage, account: str) -> bytes:
    """Return the body of a passive reply from `account`; empty when there is nothing to say."""
    words = plain(message.parts).strip()
    if not words:
        return b""
    told = {
        "result": True,
        "sender_id": account,
        "receiver_id": message.address.contact,
        "type": "text",
        "data": quote(data(words), safe=""),
    }
    return json.dumps(told).encode()
