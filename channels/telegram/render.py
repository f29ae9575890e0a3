"""From our words to Telegram's messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from channels.errors import Refused
from channels.files import OURS
from channels.message import Choices, Media, Part
from channels.text import length, plain, split

TEXT_LIMIT = 4096
"""UTF-16 units in one message."""
CAPTION_LIMIT = 1024
"""UTF-16 units of what is said with a file."""
MAX_CHOICES = 10
"""Buttons under one message, one a row; Telegram takes 100, nobody reads them."""
MAX_VALUE = 64
"""Bytes of what a button sends back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: a file with what is said of it, or a text, perhaps with buttons.

    `html` is the same text with its question made to stand out.
    """

    text: str = ""
    media: Media | None = None
    keyboard: InlineKeyboardMarkup | None = None
    html: str | None = None


def render(parts: tuple[Part, ...]) -> tuple[Piece, ...]:
    """Write `parts` as as few messages as hold them.

    Raises:
        Refused: there is nothing to say.
    """
    pieces: list[Piece] = []
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Choices) and _can_be_tapped(part):
            pieces += _asking("\n".join(lines), part)
            lines = []
        elif isinstance(part, Media) and part.ref.startswith(OURS):
            pieces += _shown("\n".join(line for line in lines if line), part)
            lines = []
        else:
            lines.append(plain([part]))
    pieces += _cut("\n".join(line for line in lines if line))
    if not pieces:
        raise Refused("the message holds nothing that Telegram can show")
    return tuple(pieces)


def _cut(text: str) -> list[Piece]:
    return [Piece(piece) for piece in split(text, TEXT_LIMIT, "utf16") if piece.strip()]


def _asking(said: str, choices: Choices) -> list[Piece]:
    """Write a question with its buttons under what is said before it."""
    prompt = choices.prompt.strip()
    *pieces, last = _cut(f"{said}\n{prompt}" if said else prompt)
    before = last.text.removesuffix(prompt)
    if not before or before == last.text:
        return [*pieces, replace(last, keyboard=_keyboard(choices))]
    html = f"{escape(before, quote=False)}<b>{escape(prompt, quote=False)}</b>"
    return [*pieces, replace(last, keyboard=_keyboard(choices), html=html)]


def _shown(said: str, media: Media) -> list[Piece]:
    """Write a file, with what is said before it as its caption where that fits."""
    if length(said, "utf16") <= CAPTION_LIMIT:
        return [Piece(said, media)]
    return [*_cut(said), Piece(media=media)]


def _can_be_tapped(choices: Choices) -> bool:
    return (
        bool(choices.prompt.strip())
        and 0 < len(choices.options) <= MAX_CHOICES
        and all(
            option.label.strip() and 0 < length(option.value, "bytes") <= MAX_VALUE
            for option in choices.options
        )
    )


def _keyboard(choices: Choices) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(option.label, callback_data=option.value)]
            for option in choices.options
        ]
    )
