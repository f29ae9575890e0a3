"""How large a picture is stands in its first bytes."""

from __future__ import annotations

import struct

import pytest

from channels.pictures import can_be_shown, size_of

EXIF = b"\xff\xe1\x10\x00" + bytes(0x0FFE)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 640, 480)
JPEG = b"\xff\xd8" + EXIF + b"\xff\xc2\0\x11\x08" + struct.pack(">HH", 480, 640)
WEBP = b"RIFF\0\0\0\0WEBP"
X = WEBP + b"VP8X\n\0\0\0\0\0\0\0" + struct.pack("<I", 639)[:3] + struct.pack("<I", 479)[:3]
L = WEBP + b"VP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14)
LOSSY = WEBP + b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)


@pytest.mark.parametrize(
    ("media_type", "head"),
    [
        *(("image/png", PNG), ("image/gif", GIF), ("image/jpeg", JPEG)),
        *(("image/webp", X), ("image/webp", L), ("image/webp", LOSSY)),
    ],
)
def test_the_size_is_found(media_type, head):
    assert size_of(media_type, head) == (640, 480)


@pytest.mark.parametrize(
    ("media_type", "head"),
    [
        *(("image/png", PNG[:20]), ("image/gif", GIF[:7]), ("image/jpeg", JPEG[:-3])),
        *(("image/jpeg", b"\xff\xd8"), ("image/jpeg", b"\xff\xd8\xff"), ("image/webp", WEBP)),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe1\0\0" * 10),
        ("image/png", PNG[:16] + b"\xff" * 8),
        *(("image/png", PNG[:16] + bytes(8)), ("image/heic", b""), ("audio/ogg", b"OggS")),
    ],
)
def test_what_is_cut_or_senseless_has_no_size(media_type, head):
    assert size_of(media_type, head) is None


def test_a_picture_that_would_fill_the_memory_is_not_shown():
    assert can_be_shown((8000, 6000))
    assert not can_be_shown((60_000, 60_000))
    assert not can_be_shown(None)
