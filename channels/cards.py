"""Cards in what people of the house write: a link on a line of its own, with its title.

    [Returns, step by step](https://shop.example/returns "With a label to print")
    ![](https://shop.example/returns.jpg)

The words in quotes and the picture below may be left out. All else is text as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels.message import Card, Part, Text

_CARD = re.compile(
    r"^[ \t]*\[(?P<title>[^\[\]\n]{1,64})\]\((?P<url>https?://[^\s()\"]{1,500})"
    r"(?:[ \t]+\"(?P<description>[^\"\n]{1,120})\")?\)[ \t]*$"
    r"(?:\n[ \t]*!\[[^\[\]\n]{0,100}\]\((?P<picture>https?://[^\s()\"]{1,500})\)[ \t]*$)?",
    re.MULTILINE,
)


def carded(text: str) -> tuple[Part, ...]:
    """Return a text as its words and its cards, in order; without a card it is itself."""
    return tuple(_parts(text)) or (Text(text=text),)


def _parts(text: str) -> Iterator[Part]:
    end = 0
    for found in _CARD.finditer(text):
        if words := text[end : found.start()].strip():
            yield Text(text=words)
        yield Card(**found.groupdict())
        end = found.end()
    words = text[end:].strip() if end else text
    if words:
        yield Text(text=words)
