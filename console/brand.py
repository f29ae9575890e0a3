"""Colours of a brand that stay readable, whatever colour the brand chose."""

from __future__ import annotations

import re

WHITE = (255, 255, 255)
BLACK = (16, 19, 24)
LIGHT_SURFACE = (255, 255, 255)
DARK_SURFACE = (38, 44, 54)
READABLE = 4.5
"""WCAG's contrast of text, level AA."""
DEFAULT_COLOUR = "#0b62c4"

Colour = tuple[int, int, int]


def parse_colour(text: str) -> Colour | None:
    """Return the colour of `#rrggbb`, or None: a stylesheet takes nothing else from a config."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def contrast(one: Colour, other: Colour) -> float:
    """Return WCAG's contrast of two colours, 1..21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: Colour, ground: Colour, towards: Colour) -> Colour:
    """Return `colour`, moved `towards` another until it can be read on `ground`."""
    for step in range(21):
        moved = _mix(colour, towards, step / 20)
        if contrast(moved, ground) >= READABLE:
            return moved
    return towards


def stylesheet(colour: str) -> str:
    """Return the custom properties that chat.css and the widget read."""
    brand = parse_colour(colour) or parse_colour(DEFAULT_COLOUR) or BLACK
    on_brand = WHITE if contrast(brand, WHITE) >= contrast(brand, BLACK) else BLACK
    fill = readable(brand, on_brand, BLACK if on_brand == WHITE else WHITE)
    names = {
        "--brand": fill,
        "--on-brand": on_brand,
        "--brand-ink": readable(brand, LIGHT_SURFACE, BLACK),
        "--brand-ink-dark": readable(brand, DARK_SURFACE, WHITE),
    }
    rules = "".join(f"{name}:{_hex(value)};" for name, value in names.items())
    return f":root,:host{{{rules}}}\n"


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
