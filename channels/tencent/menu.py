"""Words and menus for the platforms' APIs: in few messages, since they are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from channels.message import Card, Choice, Choices, Media, Part, Text
from channels.text import length, plain, split

TEXT_LIMIT = 2048
"""Bytes of one text."""

MOST_ITEMS, HEAD_LIMIT, LABEL_LIMIT, ID_LIMIT = 10, 1024, 128, 64
"""A menu's items, and the bytes of its heading, of one item and of what an item sends back."""

NOTHING: Mapping[str, str] = {}
Body = dict[str, Any]
"""What an API takes, still without its addressee."""
Item = Callable[[Choice], dict[str, Any]]
"""Writes one thing to tap as a platform does."""
Show = Callable[[Card], Body | None]
"""Writes a card as a platform does; None for one that it takes as words only."""


def no_card(card: Card) -> Body | None:
    """Write no card: the platform has none."""
    _ = card
    return None


def texts(parts: Sequence[Part]) -> Iterator[Body]:
    """Yield `parts` as texts; choices as a numbered list."""
    for piece in split(plain(parts).strip(), TEXT_LIMIT, "bytes"):
        yield {"msgtype": "text", "text": {"content": piece}}


def bodies(
    parts: Sequence[Part],
    item: Item | None,
    uploaded: Mapping[str, str] = NOTHING,
    show: Show = no_card,
) -> Iterator[Body]:
    """Yield `parts` as texts, cards, files and menus, in as few messages as hold them.

    Words before a menu become its heading where they fit; a card between them comes after it, so
    that it does not part the two. `item` is None where there are no menus: choices are a numbered
    list then. `uploaded` has the platform's ids of the files among them, by their refs.
    """
    waiting: list[Part] = []
    cards: list[Body] = []
    for part in parts:
        card = show(part) if isinstance(part, Card) else None
        if card is not None:
            cards.append(card)
        elif isinstance(part, Media) and part.ref in uploaded:
            yield from (*texts(waiting), *cards)
            waiting, cards = [], []
            yield {"msgtype": part.kind, part.kind: {"media_id": uploaded[part.ref]}}
        elif item is not None and isinstance(part, Choices) and is_menu(part):
            yield from (*_asked(waiting, part, item), *cards)
            waiting, cards = [], []
        else:
            if cards:
                yield from (*texts(waiting), *cards)
                waiting, cards = [], []
            waiting.append(part)
    yield from (*texts(waiting), *cards)


def _asked(before: Sequence[Part], choices: Choices, item: Item) -> Iterator[Body]:
    head = plain((*before, Text(text=choices.prompt)))
    if length(head, "bytes") > HEAD_LIMIT:
        yield from texts(before)
        head = choices.prompt
    listed = [item(option) for option in choices.options]
    yield {
        "msgtype": "msgmenu",
        "msgmenu": {"head_content": head, "list": listed, "tail_content": ""},
    }


def is_menu(choices: Choices) -> bool:
    """Say whether a menu can hold it; otherwise it is a numbered list."""
    return (
        0 < len(choices.options) <= MOST_ITEMS
        and 0 < length(choices.prompt, "bytes") <= HEAD_LIMIT
        and all(
            0 < length(option.label, "bytes") <= LABEL_LIMIT
            and 0 < length(option.value, "bytes") <= ID_LIMIT
            for option in choices.options
        )
    )
