"""How large a picture is, read from its first bytes; nothing is unpacked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

HEAD = 256 * 1024
"""How many of a picture's first bytes have to be looked at: some begin with a long preface."""
MOST_PIXELS = 50_000_000
"""A picture with more is not shown: a small file can unpack to more than a screen's memory."""

LONGEST = 1_000_000
"""Pixels of a side that nobody believes any more."""

Size = tuple[int, int]
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's segments that say how large the picture is."""


def size_of(media_type: str, head: bytes) -> Size | None:
    """Return width and height, None if they cannot be found."""
    read = _READERS.get(media_type)
    try:
        found = read(head) if read else None
    except IndexError:
        return None
    return found if found and 0 < found[0] <= LONGEST and 0 < found[1] <= LONGEST else None


def can_be_shown(size: Size | None) -> bool:
    """Say whether a browser can be asked to unpack a picture."""
    return size is not None and size[0] * size[1] <= MOST_PIXELS


def _png(head: bytes) -> Size | None:
    return _number(head, 16, 4, "big"), _number(head, 20, 4, "big")


def _gif(head: bytes) -> Size | None:
    return _number(head, 6, 2, "little"), _number(head, 8, 2, "little")


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8X":
            return _number(head, 24, 3, "little") + 1, _number(head, 27, 3, "little") + 1
        case b"VP8L":
            bits = _number(head, 21, 4, "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _number(head, 26, 2, "little") & 0x3FFF, _number(head, 28, 2, "little") & 0x3FFF
        case _:
            return None


def _jpeg(head: bytes) -> Size | None:
    place = 2
    while head[place] == 0xFF:  # noqa: PLR2004 - how a segment begins
        kind = head[place + 1]
        if kind in _FRAMES:
            return _number(head, place + 7, 2, "big"), _number(head, place + 5, 2, "big")
        place += 2 + max(2, _number(head, place + 2, 2, "big"))
    return None


def _number(head: bytes, place: int, size: int, order: str) -> int:
    found = head[place : place + size]
    if len(found) < size:
        raise IndexError
    return int.from_bytes(found, "little" if order == "little" else "big")


_READERS: Mapping[str, Callable[[bytes], Size | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
}
