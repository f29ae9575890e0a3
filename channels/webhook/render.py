"""From our words to the JSON that replies are posted as."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from channels.files import File
from channels.message import Choices, Location, Media, OutgoingMessage, Part, Text, text_of
from channels.text import numbered, plain, split, stand_in

TEXT_LIMIT, MOST_CHOICES = 10_000, 50


def pieces(parts: Sequence[Part], files: Collection[Media] = ()) -> list[tuple[Part, ...]]:
    """Return `parts` as the posts they become: each of `files` has one of its own."""
    posts: list[tuple[Part, ...]] = []
    waiting: list[Part] = []
    for part in parts:
        if isinstance(part, Media) and part in files:
            posts += [*_posts(waiting), (part,)]
            waiting = []
        else:
            waiting.append(part)
    return [*posts, *_posts(waiting)]


def _posts(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """Return what becomes one post, or as many as a long text needs."""
    shown = tuple(_shown(part) for part in parts)
    if len(plain(shown)) <= TEXT_LIMIT:
        return [shown] if plain(shown).strip() else []
    return [(Text(text=text),) for text in split(plain(shown), TEXT_LIMIT)]


def file_part(part: Media, file: File, content: bytes) -> Mapping[str, Any]:
    """Return a file as the other side is told of it."""
    return {
        "kind": part.kind,
        "name": file.name,
        "type": file.type,
        "size": len(content),
        "content": base64.b64encode(content).decode(),
    }


def body(
    message: OutgoingMessage,
    post_id: str,
    parts: tuple[Part, ...],
    file: Mapping[str, Any] | None = None,
) -> bytes:
    """Return one post's body; `file` stands for the parts where there is one."""
    told: dict[str, Any] = {
        "id": post_id,
        "delivery_id": message.delivery_id,
        "thread": message.address.thread,
        "contact": {"id": message.address.contact},
        "text": text_of(parts),
        "parts": [file] if file else [part.model_dump(mode="json") for part in parts],
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
