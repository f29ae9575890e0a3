"""From our words to what Weibo takes: form fields for active replies, JSON for passive ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from channels.errors import TooLong
from channels.message import Card, Location, OutgoingMessage, Part, Text
from channels.text import plain, split

TEXT_LIMIT = 299
"""Characters of one text; the platform asks for fewer than 300."""


MOST_ARTICLES = 8
"""Cards in one message."""
COMMENT_LIMIT, MOST_COMMENTS = 140, 5
"""Characters of one comment, and how many comments one answer may be: others read along."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to say in private: its kind, and its data as the platform's compact JSON."""

    kind: str
    data: str


def data(text: str) -> str:
    """Return a text as the platform's compact JSON."""
    return _compact({"text": text})


def pieces(parts: Sequence[Part]) -> tuple[Said, ...]:
    """Return `parts` as what Weibo takes: texts of its size, points on the map, and articles."""
    return tuple(
        said
        for kind, group in groupby(parts, lambda part: part.kind if part.kind in _OWN else "text")
        for said in _OWN.get(kind, _texts)(group)
    )


def comments(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return `parts` as comments.

    Raises:
        TooLong: it would be too many.
    """
    found = split(plain(parts).strip(), COMMENT_LIMIT)
    if len(found) > MOST_COMMENTS:
        raise TooLong(f"more than {MOST_COMMENTS} comments of {COMMENT_LIMIT} characters hold")
    return found


def _texts(parts: Iterable[Part]) -> list[Said]:
    return [Said("text", data(text)) for text in split(plain(tuple(parts)).strip(), TEXT_LIMIT)]


def _points(parts: Iterable[Part]) -> Iterator[Said]:
    """Yield points on the map; a name goes before its point, which has no room for it."""
    for part in parts:
        assert isinstance(part, Location)  # noqa: S101 - what they were grouped by
        yield from _texts([Text(text=part.label or "")])
        told = {"longitude": f"{part.longitude:.6f}", "latitude": f"{part.latitude:.6f}"}
        yield Said("position", _compact(told))


def _articles(parts: Iterable[Part]) -> Iterator[Said]:
    """Yield cards as articles, as many in one message as it takes."""
    cards = [part for part in parts if isinstance(part, Card)]
    for start in range(0, len(cards), MOST_ARTICLES):
        told = [
            {
                "display_name": card.title,
                "summary": card.description or "",
                "image": card.picture or "",
                "url": card.url,
            }
            for card in cards[start : start + MOST_ARTICLES]
        ]
        yield Said("articles", _compact({"articles": told}))


_OWN: Mapping[str, Callable[[Iterable[Part]], Iterable[Said]]] = {
    "location": _points,
    "card": _articles,
}


def _compact(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


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
    found = pieces(message.parts)
    words = plain(message.parts).strip()
    if not found:
        return b""
    said = found[0] if len(found) == 1 else Said("text", data(words))
    told = {
        "result": True,
        "sender_id": account,
        "receiver_id": message.address.contact,
        "type": said.kind,
        "data": quote(said.data, safe=""),
    }
    return json.dumps(told).encode()
