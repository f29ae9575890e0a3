"""From our words to the JSON that QQ takes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from channels.files import Kind
from channels.message import Media, OutgoingMessage, Part
from channels.qq.parse import EVENT
from channels.text import plain, split

TEXT_LIMIT = 1500
"""Characters of one message; the platform names no number, and refuses very long ones."""
TYPES: Mapping[Kind, int] = {"image": 1, "video": 2}
"""QQ's numbers of what can be sent; voices must be SILK, and plain files are not open."""
GROUP, DIRECT = "group", "c2c"


def pieces(parts: Sequence[Part], files: Collection[Media] = ()) -> tuple[str | Media, ...]:
    """Return `parts` as texts of a size that QQ takes, and those of `files` among them."""
    found: list[str | Media] = []
    waiting: list[Part] = []
    for part in parts:
        if isinstance(part, Media) and part in files:
            found += [*_texts(waiting), part]
            waiting = []
        else:
            waiting.append(part)
    return (*found, *_texts(waiting))


def path(message: OutgoingMessage, what: str = "messages") -> str:
    """Return where a message, or a file, is posted to: a person, or the group they asked in."""
    where, _, rest = message.address.thread.partition(":")
    if where == GROUP:
        return f"/v2/groups/{quote(rest.partition(':')[0], safe='')}/{what}"
    return f"/v2/users/{quote(message.address.contact, safe='')}/{what}"


def upload(kind: Kind, content: bytes) -> bytes:
    """Return the body that gives QQ a file, which is not shown yet."""
    told = {
        "file_type": TYPES[kind],
        "file_data": base64.b64encode(content).decode(),
        "srv_send_msg": False,
    }
    return json.dumps(told).encode()


def body(message: OutgoingMessage, number: int, text: str, file_info: str | None = None) -> bytes:
    """Return one piece's body; the same piece of the same delivery is always numbered alike."""
    told: dict[str, Any] = {"content": text, "msg_type": 0, "msg_seq": _sequence(message, number)}
    if file_info is not None:
        told |= {"msg_type": 7, "media": {"file_info": file_info}}
    answered = message.reply_to or ""
    if answered.startswith(EVENT):
        told["event_id"] = answered.removeprefix(EVENT)
    elif answered:
        told["msg_id"] = answered
    return json.dumps(told, ensure_ascii=False).encode()


def _texts(parts: Sequence[Part]) -> tuple[str, ...]:
    return split(plain(parts).strip(), TEXT_LIMIT)


def _sequence(message: OutgoingMessage, number: int) -> int:
    """Return what tells this text from other answers to the same message (1 to 2**31 - 1)."""
    digest = hashlib.sha256(f"{message.delivery_id}:{number}".encode()).digest()
    return int.from_bytes(digest[:4]) % (2**31 - 1) + 1
