"""From our words to Telegram's messages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from channels.errors import Refused
from channels.files import OURS
from channels.message import Choices, Media, Part
from channels.text import length, plain, split

TEXT_LIMIT = 4096
"""UTF-16 units in one message."""
MAX_CHOICES = 10
"""Buttons under one message, one a row; Telegram takes 100, nobody reads them."""
MAX_VALUE = 64
"""Bytes of what a button sends back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: a file, or plain text, so that nothing needs escaping, and perhaps buttons."""

    text: str = ""
    media: Media | None = None
    keyboard: InlineKeyboardMarkup | None = None


def render(parts: tuple[Part, ...]) -> tuple[Piece, ...]:
    """Write `parts` as as few messages as hold them.

    Raises:
        Refused: there is nothing to say.
    """
    pieces: list[Piece] = []
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Choices) and _can_be_tapped(part):
            pieces += _cut("\n".join([*lines, part.prompt]), _keyboard(part))
            lines = []
        elif isinstance(part, Media) and part.ref.startswith(OURS):
            pieces += [*_cut("\n".join(lines)), Piece(media=part)]
            lines = []
        else:
            lines.append(plain([part]))
    pieces += _cut("\n".join(line for line in lines if line))
    if not pieces:
        raise Refused("the message holds nothing that Telegram can show")
    return tuple(pieces)


def _cut(text: str, keyboard: InlineKeyboardMarkup | None = None) -> list[Piece]:
    pieces = [Piece(piece) for piece in split(text, TEXT_LIMIT, "utf16") if piece.strip()]
    if pieces:
        pieces[-1] = replace(pieces[-1], keyboard=keyboard)
    return pieces


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
