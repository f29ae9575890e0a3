"""From our words to the JSON that QQ takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from channels.message import OutgoingMessage, Part
from channels.qq.parse import EVENT
from channels.text import plain, split

TEXT_LIMIT = 1500
"""Characters of one message; the platform names no number, and refuses very long ones."""
GROUP, DIRECT = "group", "c2c"


def pieces(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return `parts` as texts of a size that QQ takes."""
    return split(plain(parts).strip(), TEXT_LIMIT)


def path(message: OutgoingMessage) -> str:
    """Return where a message is posted to: a person, or the group they asked in."""
    where, _, rest = message.address.thread.partition(":")
    if where == GROUP:
        return f"/v2/groups/{quote(rest.partition(':')[0], safe='')}/messages"
    return f"/v2/users/{quote(message.address.contact, safe='')}/messages"


def body(message: OutgoingMessage, number: int, text: str) -> bytes:
    """Return one text's body; the same text of the same delivery is always numbered alike."""
    told: dict[str, Any] = {"content": text, "msg_type": 0, "msg_seq": _sequence(message, number)}
    answered = message.reply_to or ""
    if answered.startswith(EVENT):
        told["event_id"] = answered.removeprefix(EVENT)
    elif answered:
        told["msg_id"] = answered
    return json.dumps(told, ensure_ascii=False).encode()


def _sequence(message: OutgoingMessage, number: int) -> int:
    """Return what tells this text from other answers to the same message (1 to 2**31 - 1)."""
    digest = hashlib.sha256(f"{message.delivery_id}:{number}".encode()).digest()
    return int.from_bytes(digest[:4]) % (2**31 - 1) + 1
