"""Words and menus for the platforms' APIs: in few messages, since they are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from channels.message import Choice, Choices, Media, Part, Text
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


def texts(parts: Sequence[Part]) -> Iterator[Body]:
    """Yield `parts` as texts; choices as a numbered list."""
    for piece in split(plain(parts).strip(), TEXT_LIMIT, "bytes"):
        yield {"msgtype": "text", "text": {"content": piece}}


def bodies(
    parts: Sequence[Part], item: Item | None, uploaded: Mapping[str, str] = NOTHING
) -> Iterator[Body]:
    """Yield `parts` as texts and menus; words before a menu become its heading where they fit.

    `item` is None where there are no menus: choices are a numbered list then. `uploaded` has
    the platform's ids of the files among them, by their refs.
    """
    waiting: list[Part] = []
    for part in parts:
        if isinstance(part, Media) and part.ref in uploaded:
            yield from texts(waiting)
            waiting = []
            yield {"msgtype": part.kind, part.kind: {"media_id": uploaded[part.ref]}}
            continue
        if item is None or not (isinstance(part, Choices) and is_menu(part)):
            waiting.append(part)
            continue
        head = plain((*waiting, Text(text=part.prompt)))
        if length(head, "bytes") > HEAD_LIMIT:
            yield from texts(waiting)
            head = part.prompt
        waiting = []
        listed = [item(option) for option in part.options]
        menu = {"head_content": head, "list": listed, "tail_content": ""}
        yield {"msgtype": "msgmenu", "msgmenu": menu}
    yield from texts(waiting)


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
