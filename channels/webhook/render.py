"""From our words to the JSON that replies are posted as."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from channels.message import Choices, Location, OutgoingMessage, Part, Text, text_of
from channels.text import numbered, plain, split, stand_in

TEXT_LIMIT, MOST_CHOICES = 10_000, 50


def pieces(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """Return `parts` as the posts they become: one, or as many as a long text needs."""
    shown = tuple(_shown(part) for part in parts)
    if len(plain(shown)) <= TEXT_LIMIT:
        return [shown] if plain(shown).strip() else []
    return [(Text(text=text),) for text in split(plain(shown), TEXT_LIMIT)]


def body(message: OutgoingMessage, post_id: str, parts: tuple[Part, ...]) -> bytes:
    """Return one post's body."""
    told: dict[str, Any] = {
        "id": post_id,
        "delivery_id": message.delivery_id,
        "thread": message.address.thread,
        "contact": {"id": message.address.contact},
        "text": text_of(parts),
        "parts": [part.model_dump(mode="json") for part in parts],
    }
    if message.reply_to is not None:
        told["reply_to"] = message.reply_to
    return json.dumps(told, ensure_ascii=False).encode()


def _shown(part: Part) -> Part:
    """Return a part as the other side can show it; what it cannot is named in words."""
    match part:
        case Choices() if len(part.options) > MOST_CHOICES:
            return Text(text=numbered(part))
        case Text() | Choices() | Location():
            return part
        case _:
            return Text(text=plain([part]) or stand_in(part))
