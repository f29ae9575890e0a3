"""What a fan's phone makes of a private message's data."""

from __future__ import annotations

from typing import Any

from channels.message import Card

MOST_ARTICLES = 8


def seen(kind: str, data: dict[str, Any]) -> tuple[str, tuple[Card, ...]]:
    """Return what the customer sees, as words and as cards.

    Raises:
        ValueError, KeyError, TypeError: it is no message.
    """
    match kind:
        case "position":
            return f"{float(data['latitude']):g}, {float(data['longitude']):g}", ()
        case "articles" if 0 < len(data["articles"]) <= MOST_ARTICLES:
            cards = tuple(_card(article) for article in data["articles"])
            return "\n".join(card.lines for card in cards), cards
        case "text":
            return data["text"], ()
        case _:
            raise ValueError(kind)


def _card(told: dict[str, str]) -> Card:
    words = {"description": told["summary"] or None, "picture": told["image"] or None}
    return Card(title=told["display_name"], url=told["url"], **words)
