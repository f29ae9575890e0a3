"""What a message holds, whatever kind it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from channels.message import ContactEvent, Location, Media, Part, Text, Unsupported
from channels.telegram.wire import File, Message, Raw

_START = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>\S.*))?\s*", re.DOTALL)
_ENVELOPE = frozenset(
    (
        *("message_id", "message_thread_id", "date", "edit_date", "chat", "from", "sender_chat"),
        *("sender_boost_count", "sender_business_bot", "business_connection_id", "via_bot"),
        *("forward_origin", "forward_from", "forward_from_chat", "forward_date"),
        *("forward_sender_name", "is_topic_message", "is_automatic_forward", "quote"),
        *("reply_to_message", "external_reply", "reply_to_story", "has_protected_content"),
        *("is_from_offline", "media_group_id", "author_signature", "entities", "effect_id"),
        *("link_preview_options", "caption", "caption_entities", "show_caption_above_media"),
        *("has_media_spoiler", "reply_markup", "paid_star_count"),
    )
)
"""What stands beside a message's content."""


def is_named(username: str, words: str) -> bool:
    """Say whether a text names the bot: mentions it, or gives it a command."""
    return _naming(username).search(words) is not None


@cache
def _naming(username: str) -> re.Pattern[str]:
    # Part of an address or of a longer name is no mention; Chinese is written without spaces.
    name = rf"@{re.escape(username)}(?![a-z0-9_]|[.-][a-z0-9])"
    before = r"(?P<command>(?:(?<=\s)|^)/\w{1,64})|(?<![a-z0-9_@./-])"
    return re.compile(f"(?:{before}){name}", re.IGNORECASE)


def parts_of(message: Message, raw: Raw, username: str | None) -> Iterator[Part]:
    """Yield the parts of a message; what we cannot show keeps Telegram's name for it."""
    found = [*_media(message), *_things(message), *_words(message, username)]
    if not found:
        kind = next((name for name in raw if name not in _ENVELOPE), "message")
        found.append(Unsupported(platform_kind=kind[:64]))
    yield from found


def _media(message: Message) -> Iterator[Part]:
    photos = [size for size in message.photo or () if size]
    if photos:
        best = max(photos, key=lambda size: size.file_size or 0)
        yield _file("image", best)
    elif message.voice:
        yield _file("voice", message.voice)
    elif moving := message.video or message.video_note or message.animation:
        yield _file("video", moving)
    elif other := message.audio or message.document:
        yield _file("file", other)


def _file(kind: str, file: File) -> Media:
    return Media.model_validate(
        {"kind": kind, "ref": file.file_id, "name": file.file_name, "size": file.file_size}
    )


def _things(message: Message) -> Iterator[Part]:
    venue = message.venue
    if point := venue.location if venue else message.location:
        label = ", ".join(part for part in (venue.title, venue.address) if part) if venue else ""
        yield Location(latitude=point.latitude, longitude=point.longitude, label=label or None)
    if card := message.contact:
        words = (card.first_name, card.last_name, card.phone_number)
        yield Text(text=" ".join(word for word in words if word))


def _words(message: Message, username: str | None) -> Iterator[Part]:
    words = message.text or message.caption
    if not words:
        return
    if message.text and (start := _START.fullmatch(words)):
        yield ContactEvent(event="opened", context=start["payload"])
    elif message.chat.type == "private" or not username:
        yield Text(text=words)
    else:
        rest = _naming(username).sub(lambda found: found["command"] or "", words)
        yield Text(text=rest.strip())
