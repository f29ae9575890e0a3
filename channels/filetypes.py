"""What a file is, found by looking at its first bytes; names and claims are never believed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

HEAD = 64
"""How many of a file's first bytes have to be looked at."""
UNKNOWN = "application/octet-stream"
"""Anything that is not below: text, HTML, SVG and scripts are, and nobody shall open them here."""

STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"#!SILK_V3", "audio/silk"),
    (b"\x02#!SILK_V3", "audio/silk"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)
CHUNKS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
"""What follows `RIFF` and a length."""
BRANDS = {
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
}
"""What follows a length and `ftyp`; any other brand is a video."""
FRAME, LAYER, LAYER_3 = 0xE0, 0x06, 0x02
"""Bits of the second byte of an MPEG sound's frame."""

SUFFIXES: Mapping[str, str] = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "audio/amr": ".amr",
    "audio/silk": ".silk",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
    "video/x-msvideo": ".avi",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}
LONGEST_NAME = 120


def type_of(head: bytes) -> str:
    """Return a file's type by its first `HEAD` bytes."""
    for start, found in STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return CHUNKS.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "video/mp4")
    return _sound(head) or UNKNOWN


def _sound(head: bytes) -> str | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & FRAME != FRAME:  # noqa: PLR2004 - a frame's header
        return None
    if head[1] & LAYER == LAYER_3 and head[2] & 0xF0 != 0xF0:  # noqa: PLR2004 - no bit rate
        return "audio/mpeg"
    return "audio/aac" if head[1] & 0xF6 == 0xF0 else None  # noqa: PLR2004 - ADTS


def file_name(claimed: str | None, media_type: str, otherwise: str = "file") -> str:
    """Return a harmless name: no folders, no control or direction characters, not too long."""
    last = (claimed or "").replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    if not kept:
        return otherwise + SUFFIXES.get(media_type, "")
    suffix = PurePosixPath(kept).suffix[:12]
    return kept if len(kept) <= LONGEST_NAME else kept[: LONGEST_NAME - len(suffix)] + suffix
