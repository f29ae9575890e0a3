"""Reading short customer messages: one normal form, and what was tapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from channels.message import Choices, Media, Selection, Text, Unsupported
from channels.text import pick
from handlers.base import Turn
from storage.models.conversation import Author, Message

_SPACE = re.compile(r"\s+")
LONGEST = 10_000
"""How much of a message is searched for commands and dangers; more is no conversation."""


def plain(text: str) -> str:
    """Return a message in the form that patterns are written for.

    Width and case are folded, white space is single, punctuation at the edges is gone.
    """
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("’", "'")
    words = [place for place, sign in enumerate(folded) if sign.isalnum()]
    return _SPACE.sub(" ", folded[words[0] : words[-1] + 1]) if words else ""


def typed(turn: Turn) -> str:
    """Return what the customer wrote or said, without what was tapped."""
    words = [part.text for part in turn.message.parts if isinstance(part, Text)]
    words += [
        part.transcript
        for part in turn.message.parts
        if isinstance(part, Media) and part.transcript
    ]
    return "\n".join(words).strip()


def tapped(turn: Turn) -> str | None:
    """Return the value of what was tapped, or of what a typed number or label means.

    A number counts only as an answer to the last thing the bot said.
    """
    for part in turn.message.parts:
        if isinstance(part, Selection):
            return part.value
    text = typed(turn)
    offered = _offered(turn.history)
    if not text or offered is None:
        return None
    choice = pick(text, offered.options)
    return choice.value if choice else None


def is_unreadable(turn: Turn) -> bool:
    """Say whether there is nothing in the message that the bot can read."""
    return not typed(turn) and not any(isinstance(p, Selection) for p in turn.message.parts)


def has_media(turn: Turn) -> bool:
    """Say whether the customer sent a picture or another file."""
    return any(isinstance(part, Media | Unsupported) for part in turn.message.parts)


def _offered(history: Sequence[Message]) -> Choices | None:
    ours = (m for m in reversed(history) if m.author is not Author.CONTACT and not m.private)
    if (last := next(ours, None)) is None:
        return None
    return next((part for part in last.parts if isinstance(part, Choices)), None)
